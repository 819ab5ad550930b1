//! `go!` in its forms: a block, one call, a list of clones before a block, an async block.
//!
//! In the call form everything but the call itself happens in the caller, in the order in which
//! it is written: the callee or receiver first, then the arguments.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{format_ident, quote, quote_spanned};

use crate::arrow::emit::{Around, grouped, only_field};
use crate::arrow::lex::{Cursor, Run, words};
use crate::arrow::lower::{Lower, Rules};
use crate::arrow::skip;
use crate::block::{ends, future};
use crate::message;
use crate::path::{Facade, hidden};
use crate::tokens::{Trees, trees};

/// `go! { … }`, `go!(f(a))`, `go! { clone a; … }`, `go!(async move { … })`.
pub(crate) fn go(input: TokenStream) -> TokenStream {
    let (facade, input) = Facade::split(input);
    let tokens = uncovered(input);
    if let Some(call) = Call::parse(&tokens) {
        return call.expand(&facade);
    }
    if begins_clone_list(&tokens) {
        return with_clones(&facade, &tokens);
    }
    spawn(&facade, future(&facade, &tokens)).into_stream()
}

/// The input without the invisible group that `macro_rules` makes of `$call:expr`, if that is all.
fn uncovered(tokens: Vec<TokenTree>) -> Vec<TokenTree> {
    match &tokens[..] {
        [TokenTree::Group(group)] if group.delimiter() == Delimiter::None => {
            uncovered(group.stream().into_iter().collect())
        }
        _ => tokens,
    }
}

/// `go(FUTURE)`, at the position of the macro call.
fn spawn(facade: &Facade, future: Trees) -> Trees {
    let site = hidden(Span::call_site());
    let private = facade.private(site);
    trees!(site=> #private::go(#future))
}

/// The input is one call.
pub(crate) struct Call<'a> {
    /// The path of a function, or the receiver of a method.
    subject: &'a [TokenTree],
    /// `.method::<T>`, or nothing.
    method: &'a [TokenTree],
    arguments: &'a Group,
}

impl<'a> Call<'a> {
    pub(crate) fn parse(tokens: &'a [TokenTree]) -> Option<Self> {
        let (TokenTree::Group(arguments), callee) = tokens.split_last()? else {
            return None;
        };
        if arguments.delimiter() != Delimiter::Parenthesis || holds_closure(arguments) {
            return None;
        }
        let (subject, method) = callee.split_at(callee_end(callee)?);
        Some(Self {
            subject,
            method,
            arguments,
        })
    }

    /// The variables that go into the goroutine: a receiver and arguments that are but a name.
    pub(crate) fn moved(&self) -> Vec<Ident> {
        let arguments: Vec<TokenTree> = self.arguments.stream().into_iter().collect();
        let arguments = arguments
            .split(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ','));
        let receiver = (!self.method.is_empty()).then_some(self.subject);
        let values = receiver.into_iter().chain(arguments);
        values
            .filter_map(|value| match value {
                [TokenTree::Ident(name)] => Some(name.clone()),
                _ => None,
            })
            .collect()
    }

    fn expand(&self, facade: &Facade) -> TokenStream {
        let site = hidden(Span::call_site());
        let private = facade.private(site);
        let arguments = arguments(facade, self.arguments);
        let passed = arguments.iter().map(|argument| &argument.name);
        let passed = quote_spanned!(site=> #(#passed),*);
        let passed = grouped(Delimiter::Parenthesis, self.arguments.span(), passed);
        let (binding, callee) = self.callee(site);
        let future = quote_spanned! {site=>
            async move {
                #[allow(unused_imports)]
                use #private::{CallFuture as _, CallValue as _};
                #[allow(clippy::let_unit_value, clippy::unit_arg)]
                let mut __chango_call = #private::Call::new(#callee #passed);
                __chango_call.finish_call().await
            }
        };
        let spawned = spawn(facade, future.into());
        let bindings = bindings(site, &arguments);
        quote_spanned! {site=> {
            #[allow(unused_mut)]
            #binding
            #bindings
            #spawned
        }}
    }

    /// How the callee is kept, and what is called. A function is called as the field of a tuple: of a
    /// variable that cannot be called the compiler would give the name.
    fn callee(&self, site: Span) -> (TokenStream, TokenStream) {
        let subject: TokenStream = self.subject.iter().cloned().collect();
        if !self.method.is_empty() {
            let method: TokenStream = self.method.iter().cloned().collect();
            return (
                quote_spanned!(site=> let (mut __chango_callee,) = (#subject,);),
                quote_spanned!(site=> __chango_callee #method),
            );
        }
        let word = self.subject[self.subject.len() - 1].span();
        let field = only_field(trees!(site=> __chango_callee), word, word);
        (
            quote_spanned!(site=> let mut __chango_callee = (#subject,);),
            trees!(word=> (#field)).into_stream(),
        )
    }
}

/// `let name = value;` for each argument, in order.
///
/// The names have the user's hygiene, so that an argument of the wrong type is reported where the
/// user wrote it. They come second, when all values are there that might name something like them.
/// The tuples keep the compiler from proposing a `ref` to a user who has written no pattern.
fn bindings(site: Span, arguments: &[Argument]) -> TokenStream {
    if arguments.is_empty() {
        return TokenStream::new();
    }
    let values: Vec<Ident> = (0..arguments.len())
        .map(|n| format_ident!("__chango_value_{n}", span = site))
        .collect();
    let evaluated = values.iter().zip(arguments).map(|(name, argument)| {
        let value = &argument.value;
        quote_spanned!(site=> let (#name,) = (#value,);)
    });
    let names = arguments.iter().map(|argument| &argument.name);
    quote_spanned!(site=> #(#evaluated)* let (#(#names,)*) = (#(#values,)*);)
}

/// Where the method begins in a callee, or its end if it is a path; nothing if it is neither.
fn callee_end(callee: &[TokenTree]) -> Option<usize> {
    let words = words(callee);
    let mut t = Cursor::new(callee, &words);
    let mut passed = Vec::new();
    let invisible = t.group(0, Delimiter::None).filter(|_| t.is_punct(1, '.'));
    if invisible.is_some_and(is_chain) {
        t.skip(1);
    } else if !path(&mut t, &mut passed) {
        return None;
    } else if t.at_end() {
        return Some(callee.len());
    }
    let mut method = None;
    while t.is_punct(0, '.') {
        method = Some(t.position());
        t.skip(1);
        match t.next()? {
            TokenTree::Ident(word) if word == "await" => return None,
            TokenTree::Ident(_) | TokenTree::Literal(_) => {}
            _ => return None,
        }
    }
    if t.is_operator("::") && t.is_punct(2, '<') {
        t.skip(2);
        skip::angles(&mut t, &mut passed);
    }
    let is_method = matches!(callee.get(method? + 1), Some(TokenTree::Ident(_)));
    (t.at_end() && is_method).then_some(method).flatten()
}

/// Whether an invisible group, as `$receiver:expr` makes one, holds a path or a chain of fields.
fn is_chain(group: &Group) -> bool {
    let run = Run::of(group);
    let mut t = run.cursor();
    let inner = t.group(0, Delimiter::None).filter(|group| is_chain(group));
    if inner.is_some() {
        t.skip(1);
    } else if !path(&mut t, &mut Vec::new()) {
        return false;
    }
    while t.is_punct(0, '.')
        && !t.is_word(1, "await")
        && matches!(t.peek(1), Some(TokenTree::Ident(_) | TokenTree::Literal(_)))
    {
        t.skip(2);
    }
    t.at_end()
}

/// Passes over a path of words and generic arguments, or what `$path:path` and the type in
/// `$type::f` are; false if none is here.
fn path(t: &mut Cursor<'_>, out: &mut Vec<TokenTree>) -> bool {
    if t.is_punct(0, '<') && t.arrow().is_none() {
        skip::angles(t, out);
    }
    loop {
        if t.is_operator("::") {
            t.copy(2, out);
        }
        if t.is_punct(0, '<') && !out.is_empty() {
            skip::angles(t, out);
        } else if let Some(group) = t.group(0, Delimiter::None) {
            let inner = Run::of(group);
            let mut inner = inner.cursor();
            t.copy(1, out);
            let is_path = path(&mut inner, &mut Vec::new()) && inner.at_end();
            if !is_path && !t.is_operator("::") {
                return false;
            }
        } else {
            if !t.is_name(0) {
                return false;
            }
            t.copy(1, out);
        }
        if !t.is_operator("::") {
            return true;
        }
    }
}

/// Whether an argument is a closure: what it captures is a body's business, not a caller's.
fn holds_closure(arguments: &Group) -> bool {
    let run = Run::of(arguments);
    let mut t = run.cursor();
    let mut begins = true;
    while !t.at_end() {
        if begins {
            while matches!(t.word(0), "static" | "async" | "move") {
                t.skip(1);
            }
            let invisible = t.group(0, Delimiter::None).is_some_and(holds_closure);
            if invisible || t.is_punct(0, '|') || (t.is_word(0, "for") && t.is_punct(1, '<')) {
                return true;
            }
        }
        begins = t.is_punct(0, ',');
        t.skip(1);
    }
    false
}

/// An argument of a call: a name that stands where it begins, and its value.
struct Argument {
    name: Ident,
    value: TokenStream,
}

fn arguments(facade: &Facade, group: &Group) -> Vec<Argument> {
    let run = Run::of(group);
    let mut t = run.cursor();
    let mut lower = Lower::new(facade, Around::Async);
    let mut found = Vec::new();
    while !t.at_end() {
        let from = t.position();
        let at = t.peek(0).map_or_else(|| group.span(), TokenTree::span);
        let mut value = Vec::new();
        lower.expression(&mut t, &mut value, Rules::VALUE);
        // What no expression begins with goes along, so that the compiler sees it.
        while !t.at_end() && !t.is_punct(0, ',') {
            t.copy(1, &mut value);
        }
        if t.position() > from {
            found.push(Argument {
                name: format_ident!("__chango_argument_{}", found.len(), span = at),
                value: value.into_iter().collect(),
            });
        }
        t.skip(1);
    }
    found
}

/// The names that a clone list binds, and the body behind it.
pub(crate) fn clone_list(tokens: &[TokenTree]) -> (Vec<String>, &[TokenTree]) {
    let is_semicolon =
        |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';');
    let end = tokens.iter().position(is_semicolon);
    let Some(end) = end.filter(|_| begins_clone_list(tokens)) else {
        return (Vec::new(), tokens);
    };
    let is_comma =
        |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
    let names = tokens[1..end]
        .split(is_comma)
        .filter_map(|binding| match binding {
            [TokenTree::Ident(word), TokenTree::Ident(name), ..] if word == "mut" => {
                Some(name.to_string())
            }
            [TokenTree::Ident(name), ..] => Some(name.to_string()),
            _ => None,
        });
    (names.collect(), &tokens[end + 1..])
}

/// Whether the input is `clone name …`: two words, where no expression has two.
fn begins_clone_list(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [TokenTree::Ident(clone), TokenTree::Ident(name), ..]
        if clone == "clone" && name != "as")
}

/// `clone a, b = self.b; BODY`.
fn with_clones(facade: &Facade, tokens: &[TokenTree]) -> TokenStream {
    let words = words(tokens);
    let mut t = Cursor::new(tokens, &words);
    let site = hidden(Span::call_site());
    let private = facade.private(site);
    t.skip(1);
    let mut bindings = TokenStream::new();
    while let Some(binding) = clone_binding(facade, &mut t) {
        bindings.extend(binding);
        if !t.is_punct(0, ',') {
            break;
        }
        t.skip(1);
    }
    let error = if t.is_punct(0, ';') {
        t.skip(1);
        None
    } else {
        let place = t.peek(0).map_or(tokens[0].span(), TokenTree::span);
        Some(message::at(place, message::CLONE_LIST))
    };
    let spawned = spawn(facade, future(facade, t.rest()));
    quote_spanned! {site=> {
        #error
        #[allow(unused_imports)]
        use #private::Clone as _;
        #bindings
        #spawned
    }}
}

/// `name`, `mut name` or `name = expression`.
fn clone_binding(facade: &Facade, t: &mut Cursor<'_>) -> Option<TokenStream> {
    let mutable = t.is_word(0, "mut").then(|| t.next()).flatten();
    let name = t.ident(0)?;
    let site = hidden(Span::call_site());
    t.skip(1);
    let value = if t.is_punct(0, '=') {
        t.skip(1);
        let from = t.position();
        let mut value = Vec::new();
        Lower::new(facade, Around::Async).expression(t, &mut value, Rules::PART);
        let (first, _) = ends(t.between(from));
        let simple = value.len() == 1;
        let value: TokenStream = value.into_iter().collect();
        let grouped =
            (!simple).then(|| grouped(Delimiter::Parenthesis, hidden(first), value.clone()).into());
        grouped.unwrap_or(value)
    } else {
        quote!(#name)
    };
    // In the user's code, so that the error of what is not `Clone` is about that alone.
    let clone = quote_spanned!(name.span()=> .clone());
    Some(quote_spanned! {site=>
        #[allow(noop_method_call, clippy::clone_on_copy, clippy::clone_on_ref_ptr, clippy::redundant_clone)]
        let #mutable #name = #value #clone;
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(source: &str) -> String {
        let tokens = go(format!("(chango) {source}").parse().unwrap());
        let text = tokens.to_string();
        syn::parse2::<syn::Expr>(tokens).unwrap_or_else(|error| panic!("{error} in {text}"));
        text.replace("chango :: __private :: ", "")
    }

    fn is_call(source: &str) -> bool {
        expanded(source).contains("CallFuture")
    }

    #[test]
    fn block_is_one_async_move_block() {
        assert_eq!(expanded("a(); b"), "go (async move { a () ; b })");
        assert_eq!(expanded(""), "go (async move { })");
    }

    #[test]
    fn async_block_stays_the_one_that_was_written() {
        assert_eq!(expanded("async move { a }"), "go (async move { a })");
        assert_eq!(expanded("async { a }"), "go (async { a })");
        assert_eq!(
            expanded("async { a }.b"),
            "go (async move { async { a } . b })"
        );
    }

    #[test]
    fn one_call_of_a_path_or_a_method_is_the_call_form() {
        for source in [
            "f(a, b)",
            "a::b::<u8>(x)",
            "<T as U>::f(x)",
            "Self::f()",
            "::a::f()",
        ] {
            assert!(is_call(source), "{source}");
        }
        for source in ["x.f(a)", "self.f()", "x.y.0.f::<u8>(a, b)", "self.a.f()"] {
            assert!(is_call(source), "{source}");
        }
    }

    #[test]
    fn anything_longer_is_a_block() {
        for source in [
            "f(a);",
            "f(a).await",
            "f(a)(b)",
            "f()?",
            "x.f().g()",
            "x[0].f()",
            "(f)(a)",
        ] {
            assert!(!is_call(source), "{source}");
        }
        for source in [
            "f(|| a)",
            "f(b, move |x| a)",
            "f(async || a)",
            "loop { }",
            "return(x)",
            "yield(x)",
        ] {
            assert!(!is_call(source), "{source}");
        }
        assert!(!is_call("x.await(a)") && !is_call("f!(a)") && !is_call("x.0(a)"));
    }

    #[test]
    fn callee_and_arguments_are_evaluated_by_the_caller_in_order() {
        let text = expanded("self.server.handle::<u8>(next(), <-rx)");
        let order = [
            "let (mut __chango_callee ,) = (self . server ,) ;",
            "let (__chango_value_0 ,) = (next () ,) ;",
            "let (__chango_value_1 ,) = ((match < _ as ReceiveOperand < _ >> :: operation (& rx)",
            "let (__chango_argument_0 , __chango_argument_1 ,) = (__chango_value_0 , __chango_value_1 ,) ;",
            "go (async move {",
            "__chango_callee . handle",
            "(__chango_argument_0 , __chango_argument_1)",
        ];
        let places: Vec<_> = order
            .iter()
            .map(|part| text.find(part).expect(part))
            .collect();
        assert!(places.is_sorted(), "{text}");
    }

    #[test]
    fn clone_list_binds_before_the_goroutine() {
        let text = expanded("clone a, b = self.b, mut c = f(x); a; tx <- b");
        let order = [
            "let a = a . clone () ;",
            "let b = (self . b) . clone () ;",
            "let mut c = (f (x)) . clone () ;",
            "go (async move { a ; match < _ as SendOperand < _ >> :: operation (& tx)",
        ];
        let places: Vec<_> = order
            .iter()
            .map(|part| text.find(part).expect(part))
            .collect();
        assert!(places.is_sorted(), "{text}");
    }

    #[test]
    fn clone_is_a_name_like_any_other() {
        assert!(is_call("clone(a)") && is_call("clone.f(a)"));
        assert_eq!(expanded("clone; a"), "go (async move { clone ; a })");
    }

    #[test]
    fn clone_list_without_its_semicolon_is_one_error() {
        for source in ["clone a", "clone a, b { c }", "clone a b;"] {
            assert_eq!(
                expanded(source).matches("compile_error").count(),
                1,
                "{source}"
            );
        }
    }

    /// An invisible group, as `macro_rules` makes one.
    fn invisible(source: &str) -> TokenStream {
        TokenTree::Group(Group::new(Delimiter::None, source.parse().unwrap())).into()
    }

    #[test]
    fn call_form_is_seen_through_the_variables_of_a_macro() {
        let (path, receiver) = (invisible("a::f"), invisible("self.server"));
        let (call, kind, closure) = (invisible("f(a)"), invisible("Vec<u8>"), invisible("|x| x"));
        let is_call = |input: TokenStream| {
            go(quote!((chango) #input))
                .to_string()
                .contains("CallFuture")
        };
        assert!(is_call(quote!(#path(1))) && is_call(quote!(#receiver.handle(1))));
        assert!(is_call(call) && is_call(quote!(#kind::new())));
        assert!(!is_call(quote!(f(#closure))) && !is_call(quote!(#receiver(1))));
        let index = invisible("self.servers[0]");
        assert!(!is_call(quote!(#index.handle(1))));
    }

    #[test]
    fn one_block_gets_no_second_one_around_it() {
        assert_eq!(expanded("{ f(); a }"), "go (async move { f () ; a })");
    }
}
