//! Half-typed code: bodies that end too early, or have a hole.
//!
//! Whatever is missing, the expansion is there, and holds every token that was typed: what an
//! editor completes and explains is the expansion. That is tried on the bodies of [`corpus`],
//! cut off at each token or with an edit at each. Most of those places are left out of a usual
//! run. All are tried with
//!
//! ```text
//! CHANGO_PREFIXES=all cargo test --release -p chango-macros prefixes
//! ```

use std::cell::Cell;

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

use syn::punctuated::Punctuated;
use syn::visit::Visit;

use super::corpus::{Body, Edit, bodies, edited, length, prefix, regrouped};
use super::kept::{Grammar, Tokens};
use crate::arrow::emit::Around;
use crate::arrow::lower::Lower;
use crate::arrow::statement::body;
use crate::path::Facade;

type Macro = fn(TokenStream) -> TokenStream;

/// The macros by their names.
const MACROS: [(&str, Grammar, Macro); 4] = [
    ("co", Grammar::Body, crate::block::co),
    ("go", Grammar::Go, crate::go::go),
    ("run", Grammar::Body, crate::run::run),
    ("select", Grammar::Select, crate::select::select),
];

/// Whether every place is tried with every macro, and not one in some with one.
fn all() -> bool {
    std::env::var_os("CHANGO_PREFIXES").is_some_and(|value| value == "all")
}

/// Calls `tried` with the bodies and the places to try in each, about so many of a long one. Fails
/// with what it returns, and says how many places there were.
fn each_place(name: &str, about: usize, tried: impl Fn(&Body, usize) -> Vec<String>) {
    let bodies = bodies();
    let (mut tokens, mut places, mut wrong) = (0, 0, Vec::new());
    for (n, body) in bodies.iter().enumerate() {
        let length = length(body.tokens.clone());
        tokens += length;
        let step = if all() { 1 } else { 1 + length / about };
        for place in (n % step..=length).step_by(step) {
            places += 1;
            let found = tried(body, place).into_iter();
            wrong.extend(found.map(|wrong| format!("{}, place {place}, {wrong}", body.from)));
        }
    }
    let bodies = bodies.len();
    eprintln!("{name}: {bodies} bodies of {tokens} tokens, {places} places");
    let shown = wrong[..wrong.len().min(20)].join("\n");
    assert!(wrong.is_empty(), "{name}: {} wrong\n{shown}", wrong.len());
}

/// Expands an input with the macros that read what `grammar` says, in turn or all of them. Returns
/// what `wrong` says of the tokens of the input and the expansion.
fn expand(
    grammar: Grammar,
    input: &TokenStream,
    wrong: impl Fn(&Tokens, TokenStream) -> Option<String>,
) -> Vec<String> {
    thread_local! {
        static TURN: Cell<usize> = const { Cell::new(0) };
    }
    let turn = TURN.replace(TURN.get() + 1) % 3;
    let mut found = Vec::new();
    for (n, (name, reads, expand)) in MACROS.into_iter().enumerate() {
        // A select is always tried as one, and now and then as a body.
        let select = reads == Grammar::Select && grammar == Grammar::Select;
        if n == turn || select || (all() && reads != Grammar::Select) {
            let tokens = Tokens::of(input.clone(), reads);
            let output = expand(quote!((chango) #input));
            let wrong = wrong(&tokens, output).into_iter();
            found.extend(wrong.map(|wrong| format!("{wrong} in {name}! {{ {input} }}")));
        }
    }
    found
}

/// `foo.`, which stands nowhere else.
fn foo() -> (TokenStream, TokenStream) {
    thread_local! {
        // Parsed once, and far down in a text of its own, so that no other token has its place.
        static TOKENS: TokenStream = format!("{}foo.marker", "\n".repeat(1 << 20)).parse().unwrap();
    }
    let mut tokens = TOKENS.with(Clone::clone).into_iter();
    let foo: TokenStream = tokens.by_ref().take(2).collect();
    (foo, tokens.collect())
}

/// Whether `foo` and the dot stand side by side.
fn has_foo(output: TokenStream) -> bool {
    let (foo, _) = foo();
    let [word, dot] = &foo.into_iter().collect::<Vec<_>>()[..] else {
        panic!("`foo.` has two tokens")
    };
    let is = |a: &TokenTree, b: &TokenTree| {
        a.to_string() == b.to_string()
            && (a.span().start(), a.span().end()) == (b.span().start(), b.span().end())
    };
    let tokens: Vec<TokenTree> = output.into_iter().collect();
    let inner = tokens.iter().any(|token| match token {
        TokenTree::Group(group) => has_foo(group.stream()),
        _ => false,
    });
    inner
        || tokens
            .windows(2)
            .any(|pair| is(&pair[0], word) && is(&pair[1], dot))
}

#[test]
fn every_prefix_keeps_each_token_once() {
    each_place("prefixes", 4, |body, cut| {
        let input = prefix(body.tokens.clone(), cut, &TokenStream::new());
        expand(body.grammar, &input, |tokens, output| {
            tokens.missing_in(output)
        })
    });
}

#[test]
fn foo_with_its_dot_is_kept_at_the_end_of_every_prefix() {
    let (foo, _) = foo();
    each_place("prefixes with `foo.`", 3, |body, cut| {
        let input = prefix(body.tokens.clone(), cut, &foo);
        expand(body.grammar, &input, |tokens, output| {
            // Behind `as` stands a type, of which the dot is no part.
            let due = tokens.has(&foo.clone().into_iter().next().unwrap())
                && !input.to_string().contains("as foo .");
            let lost = due && !has_foo(output.clone());
            tokens
                .missing_in(output)
                .or_else(|| lost.then(|| "no `foo.`".to_owned()))
        })
    });
}

#[test]
fn foo_with_its_dot_is_kept_in_the_middle_of_every_body() {
    let (foo, _) = foo();
    each_place("bodies with `foo.`", 2, |body, place| {
        let input = edited(body.tokens.clone(), place, Edit::Insert(&foo));
        expand(body.grammar, &input, |tokens, output| {
            tokens.missing_in(output)
        })
    });
}

#[test]
fn body_without_one_of_its_tokens_keeps_the_others_once() {
    each_place("bodies with a hole", 3, |body, place| {
        let input = edited(body.tokens.clone(), place, Edit::Delete);
        expand(body.grammar, &input, |tokens, output| {
            tokens.missing_in(output)
        })
    });
}

#[test]
fn body_with_a_dot_too_many_keeps_each_token_once() {
    let dot: TokenStream = foo().0.into_iter().skip(1).collect();
    each_place("bodies with a dot", 2, |body, place| {
        let input = edited(body.tokens.clone(), place, Edit::Insert(&dot));
        expand(body.grammar, &input, |tokens, output| {
            tokens.missing_in(output)
        })
    });
}

/// Whether an expression has `foo.marker` in it, as a field of `foo`.
fn is_operand(output: TokenStream) -> syn::Result<bool> {
    struct Search(bool);
    impl Visit<'_> for Search {
        fn visit_expr_field(&mut self, field: &syn::ExprField) {
            let member = matches!(&field.member, syn::Member::Named(name) if name == "marker");
            let base = matches!(&*field.base, syn::Expr::Path(path) if path.path.is_ident("foo"));
            self.0 |= member && base;
            syn::visit::visit_expr_field(self, field);
        }

        fn visit_macro(&mut self, call: &syn::Macro) {
            let arguments = Punctuated::<syn::Expr, syn::Token![,]>::parse_terminated;
            for argument in call.parse_body_with(arguments).into_iter().flatten() {
                Search::visit_expr(self, &argument);
            }
        }
    }
    let expression = syn::parse2::<syn::Expr>(output)?;
    let mut search = Search(false);
    search.visit_expr(&expression);
    Ok(search.0)
}

/// That the source with `foo.` expands, that it comes out, and that the word which an editor puts
/// behind the dot to see what could stand there makes an operand of it.
#[track_caller]
fn completes(grammar: Grammar, source: &str) {
    let (foo, marker) = foo();
    let before: TokenStream = source.replace("foo.", "HERE").parse().unwrap();
    let put = |what: &TokenStream| replaced(before.clone(), what);
    let wrong = expand(grammar, &put(&foo), |tokens, output| {
        let lost = (!has_foo(output.clone())).then(|| "no `foo.`".to_owned());
        tokens.missing_in(output).or(lost)
    });
    assert_eq!(wrong, [""; 0], "{source}");
    for (_, reads, expand) in MACROS {
        let input = put(&quote!(#foo #marker));
        if reads == grammar || (grammar == Grammar::Body && reads == Grammar::Go) {
            let output = expand(quote!((chango) #input));
            match is_operand(output.clone()) {
                Ok(true) => {}
                wrong => panic!("{source}: {wrong:?} in {output}"),
            }
        }
    }
}

/// The tokens with `what` for the word `HERE`.
fn replaced(tokens: TokenStream, what: &TokenStream) -> TokenStream {
    let each = tokens.into_iter().map(|token| match token {
        TokenTree::Ident(word) if word == "HERE" => what.clone(),
        TokenTree::Group(group) => regrouped(&group, replaced(group.stream(), what)).into(),
        token => token.into(),
    });
    each.collect()
}

#[test]
fn foo_with_its_dot_is_an_operand_in_a_body() {
    for source in [
        "foo.",
        "a; foo.; b",
        "<-foo.",
        "<-foo.;",
        "<-&foo.",
        "(<-foo.)?",
        "tx <- foo.",
        "foo. <- 1",
        "let v = foo.;",
        "let v = <-foo.;",
        "let v: u8 = tx <- foo.;",
        "let Some(v) = <-foo. else { return };",
        "for v in foo. { a }",
        "for v in <-foo. { a }",
        "for v in <-rx { foo. }",
        "if foo. { a }",
        "if let Some(v) = <-foo. && v > 1 { a }",
        "if a { } else if foo. { }",
        "while foo. { a }",
        "match foo. { v => a }",
        "match <-foo. { v => a }",
        "match a { v if foo. => b }",
        "match a { v => foo. }",
        "match a { v => tx <- foo., w => b }",
        "return foo.",
        "break 'a tx <- foo.;",
        "f(foo., <-b)",
        "f(a, <-foo.)",
        "a.b(tx <- foo.)",
        "[<-foo., 1]",
        "a[foo.]",
        "S { a: <-foo. }",
        "S { a, ..foo. }",
        "println!(\"{}\", <-foo.)",
        "async move { <-foo. }",
        "async |x| tx <- foo.",
        "|x| foo.",
        "{ foo. } <-rx",
        "a + foo. * <-b",
        "1..foo.",
        "unsafe { 'a: { loop { <-foo. } } }",
    ] {
        completes(Grammar::Body, source);
    }
}

#[test]
fn foo_with_its_dot_is_an_operand_in_a_select() {
    for source in [
        // An operation, with and without what comes behind it.
        "foo.",
        "v = foo.",
        "v = foo. => a",
        "<-foo.",
        "v = <-foo.",
        "v = <-foo. => a",
        "Some(v) = <-foo. => a",
        "v = <-foo., if b => a",
        "v = <-foo.\n, <-b => c",
        "foo. <- 1 => a",
        "foo. <- mut b => a",
        "tx <- foo.",
        "tx <- foo. => a",
        "sent = tx <- foo. => a",
        "tx <- foo., v = <-b => c",
        // A guard.
        "v = <-a, if foo.",
        "v = <-a, if foo. => b",
        "tx <- 1, if !foo. => b, default => c",
        "v = <-a if foo. => b",
        "default, if foo. => b",
        // A body.
        "v = <-a => foo.",
        "v = <-a => { foo. }",
        "v = <-a => { let x = <-foo.; }, <-b => c",
        "v = <-a => foo., <-b => c",
        "v = <-a => tx <- foo., <-b => c",
        "tx <- mut b => foo., else => c",
        "default => foo.",
        "<-a => b, else => foo.",
        "biased; #[cfg(a)] v = <-a => foo.",
        // Behind a mistake.
        "v = <-a + foo. => b",
        "tx <- mut a + foo. => b",
        "v = => foo.",
        "=> foo.",
        "v = <-a { foo. }",
    ] {
        completes(Grammar::Select, source);
    }
}

#[test]
fn foo_with_its_dot_is_an_operand_in_a_call_and_in_a_clone_list() {
    for source in [
        "f(foo.)",
        "f(a, <-foo.)",
        "a.b(foo., c)",
        "clone a = foo.; a",
        "clone a, b = <-foo.; a",
    ] {
        completes(Grammar::Go, source);
    }
}

/// What comes before and what comes behind each semicolon of a body.
fn statements(body: &TokenStream) -> Vec<(TokenStream, TokenStream)> {
    let tokens: Vec<TokenTree> = body.clone().into_iter().collect();
    let ends = tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| token.to_string() == ";");
    let parts = ends.map(|(n, _)| {
        let (before, behind) = tokens.split_at(n + 1);
        (
            before.iter().cloned().collect(),
            behind.iter().cloned().collect(),
        )
    });
    parts.collect()
}

/// A line that is not finished does not change what the next one means.
#[test]
fn line_behind_foo_with_its_dot_keeps_its_meaning() {
    let (foo, marker) = foo();
    let facade = Facade::new(quote!(chango));
    let lowered = |tokens: TokenStream| {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let (lowered, _) = body(&mut Lower::new(&facade, Around::Async), &tokens);
        lowered.into_stream().to_string()
    };
    let mut tried = 0;
    for Body { tokens, .. } in bodies().iter().filter(|body| body.grammar == Grammar::Body) {
        for (before, behind) in statements(tokens) {
            let Some(TokenTree::Ident(word)) = behind.clone().into_iter().next() else {
                continue;
            };
            let apart = |line: &TokenStream| {
                [
                    lowered(before.clone()),
                    line.to_string(),
                    lowered(behind.clone()),
                ]
                .join(" ")
            };
            let word = word.to_string();
            let keyword = syn::parse_str::<syn::Ident>(&word).is_err();
            let named = quote!(#foo #marker);
            for line in [&named, &foo] {
                // The next line's name is the field, until one is typed.
                if line.to_string() == "foo . marker" || keyword {
                    let together = lowered(quote!(#before #line #behind));
                    // What is asked of a variable depends on what stands before it.
                    if !together.contains("CopiedIntoGoroutine") {
                        tried += 1;
                        assert_eq!(together, apart(line));
                    }
                }
            }
        }
    }
    eprintln!("{tried} lines behind `foo.`");
}
