//! `#[chango::main]` and `#[chango::test]`.
//!
//! The compiler has parsed the item before an attribute sees it. After an error the item still
//! comes out, as a plain fn with its body typed, so that the error stands alone.

use proc_macro2::{Delimiter, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Error, FnArg, ItemFn, LitInt, LitStr, Path, Token};

use crate::arrow::emit::{Around, grouped};
use crate::arrow::lower::Lower;
use crate::block::ends;
use crate::message;
use crate::path::{Facade, hidden};
use crate::position::touch;
use crate::tokens::Trees;

/// Which of the two attributes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    Main,
    Test,
}

/// The item with its body as the main goroutine of a fresh runtime.
pub(crate) fn entry(entry: Entry, options: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let options = Options::parse(options, &mut errors);
    let function = match syn::parse2::<ItemFn>(item.clone()) {
        Ok(function) => function,
        Err(_) => {
            let first = item.clone().into_iter().next();
            let first = first.map_or_else(Span::call_site, |token| token.span());
            errors.push(Error::new(first, message::NOT_AN_FN));
            return with_errors(&errors, item);
        }
    };
    errors.check(&function);
    let item = expand(entry, &options, &errors, function);
    with_errors(&errors, item)
}

fn with_errors(errors: &Errors, item: TokenStream) -> TokenStream {
    let errors = errors.0.as_ref().map(Error::to_compile_error);
    quote!(#errors #item)
}

fn expand(entry: Entry, options: &Options, errors: &Errors, function: ItemFn) -> TokenStream {
    let facade = options.facade();
    let ItemFn {
        attrs,
        vis,
        mut sig,
        block,
    } = function;
    let block = typed(&facade, block.into_token_stream());
    let site = hidden(Span::call_site());
    let private = facade.private(site);
    let is_async = sig.asyncness.take().is_some();
    let arguments = std::mem::take(&mut sig.inputs);
    let test = (entry == Entry::Test).then(|| quote_spanned!(site=> #[#private::test]));
    if errors.0.is_some() {
        let bound = arguments.iter().map(|argument| unbound(argument, &private));
        sig.generics = Default::default();
        let body = if is_async {
            quote_spanned!(site=> #private::run(async move #block))
        } else {
            block
        };
        return quote_spanned! {site=>
            #test
            #(#attrs)*
            #[allow(unreachable_code, unused_variables)]
            #vis #sig { #(#bound)* #body }
        };
    }
    let workers = match &options.workers {
        Some(workers) => quote_spanned!(site=> #private::Option::Some(#workers)),
        None => quote_spanned!(site=> #private::Option::None),
    };
    let deadlock = match &options.deadlock {
        Some(way) => quote_spanned!(site=> #private::Option::Some(#private::Deadlock::#way)),
        None => quote_spanned!(site=> #private::Option::None),
    };
    let is_test = entry == Entry::Test;
    let options = quote_spanned! {site=>
        #private::Options { workers: #workers, deadlock: #deadlock, test: #is_test }
    };
    // An async fn of its own, and not a block, so that the body knows its type and an error about
    // that stands in it.
    let (name, output) = (&sig.ident, &sig.output);
    // Where the result's type stands, since the result may not be fit for another thread.
    let (first, last) = match output {
        syn::ReturnType::Type(_, kind) => ends(&Trees::from(kind.to_token_stream())),
        syn::ReturnType::Default => (name.span(), name.span()),
    };
    let mut called = name.clone();
    called.set_span(name.span().located_at(first));
    let called = [
        called.into(),
        grouped(Delimiter::Parenthesis, last, TokenStream::new()),
    ];
    let called = TokenStream::from_iter::<[TokenTree; 2]>(called);
    quote_spanned! {site=>
        #test
        #(#attrs)*
        #vis #sig {
            async fn #name() #output #block
            #private::run_with(#options, #called)
        }
    }
}

/// The body. Where it has an arrow the compiler has reported that, and has read a comparison in its
/// place; here it becomes what it looks like, so that it is not reported as a comparison too.
fn typed(facade: &Facade, block: TokenStream) -> TokenStream {
    let Some(block) = rejoined(block.clone()) else {
        return block;
    };
    let mut lower = Lower::new(facade, Around::Async);
    let lowered = block.into_iter().map(|token| match token {
        TokenTree::Group(group) => lower.block_group(&group, Around::Async, false),
        token => token,
    });
    lowered.collect()
}

/// Tokens with the arrows put together that the compiler took apart, if there are any.
fn rejoined(tokens: TokenStream) -> Option<TokenStream> {
    let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut found = false;
    for n in 0..tokens.len() {
        let dash = match tokens.get(n + 1) {
            Some(TokenTree::Punct(punct)) if punct.as_char() == '-' => Some(punct.span()),
            _ => None,
        };
        let joined = match (&tokens[n], dash) {
            (TokenTree::Group(group), _) => rejoined(group.stream())
                .map(|inner| grouped(group.delimiter(), group.span(), inner)),
            (TokenTree::Punct(less), Some(dash))
                if less.as_char() == '<' && touch(less.span(), dash) =>
            {
                let mut joint = Punct::new('<', Spacing::Joint);
                joint.set_span(less.span());
                Some(joint.into())
            }
            _ => None,
        };
        if let Some(joined) = joined {
            tokens[n] = joined;
            found = true;
        }
    }
    found.then(|| tokens.into_iter().collect())
}

/// An argument that nobody passes, as a name of its type: after the error about it, the body is
/// still typed.
fn unbound(argument: &FnArg, private: &Trees) -> TokenStream {
    match argument {
        FnArg::Typed(typed) => {
            let (pattern, kind) = (&typed.pat, &typed.ty);
            quote_spanned!(hidden(typed.span())=> let #pattern: #kind = #private::mistaken();)
        }
        FnArg::Receiver(_) => TokenStream::new(),
    }
}

/// What is wrong, all of it.
#[derive(Default)]
struct Errors(Option<Error>);

impl Errors {
    fn push(&mut self, error: Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    fn check(&mut self, function: &ItemFn) {
        let sig = &function.sig;
        if sig.asyncness.is_none() {
            self.push(Error::new(sig.fn_token.span, message::NOT_ASYNC));
        }
        if !sig.inputs.is_empty() {
            self.push(Error::new_spanned(&sig.inputs, message::HAS_ARGUMENTS));
        }
        if !sig.generics.params.is_empty() {
            self.push(Error::new_spanned(&sig.generics, message::HAS_GENERICS));
        }
    }
}

/// The options in the attribute's parentheses.
#[derive(Default)]
struct Options {
    workers: Option<LitInt>,
    /// The variant that the text stands for, with the text's span.
    deadlock: Option<syn::Ident>,
    krate: Option<Path>,
}

/// `name = literal`, where the name may be a keyword, and the value may have been forgotten.
struct NamedOption {
    name: syn::Ident,
    value: Option<syn::Expr>,
}

impl Parse for NamedOption {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        use syn::ext::IdentExt;
        let name = syn::Ident::parse_any(input)?;
        let equals: Option<Token![=]> = input.parse()?;
        let value = equals.map(|_| input.parse()).transpose()?;
        Ok(Self { name, value })
    }
}

impl Options {
    fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut options = Self::default();
        let parser = Punctuated::<NamedOption, Token![,]>::parse_terminated;
        match parser.parse2(tokens.clone()) {
            Ok(named) => named
                .into_iter()
                .for_each(|option| options.set(option, errors)),
            Err(_) => errors.push(Error::new_spanned(tokens, message::UNKNOWN_OPTION)),
        }
        options
    }

    fn set(&mut self, option: NamedOption, errors: &mut Errors) {
        let NamedOption { name, value } = option;
        let bad = |text| match &value {
            Some(value) => Error::new_spanned(value, text),
            None => Error::new(name.span(), text),
        };
        let twice = match name.to_string().as_str() {
            "workers" => match value.as_ref().and_then(workers) {
                Some(count) => self.workers.replace(count).is_some(),
                None => return errors.push(bad(message::WORKERS)),
            },
            "deadlock" => match value.as_ref().and_then(deadlock) {
                Some(way) => self.deadlock.replace(way).is_some(),
                None => return errors.push(bad(message::DEADLOCK)),
            },
            "crate" => match value.as_ref().and_then(path) {
                Some(path) => self.krate.replace(path).is_some(),
                None => return errors.push(bad(message::CRATE_PATH)),
            },
            _ => return errors.push(Error::new(name.span(), message::UNKNOWN_OPTION)),
        };
        if twice {
            errors.push(Error::new(name.span(), message::OPTION_TWICE));
        }
    }

    fn facade(&self) -> Facade {
        match &self.krate {
            Some(path) => Facade::new(path),
            None => Facade::new(quote!(::chango)),
        }
    }
}

fn workers(value: &syn::Expr) -> Option<LitInt> {
    let syn::Expr::Lit(syn::ExprLit {
        lit: syn::Lit::Int(count),
        ..
    }) = value
    else {
        return None;
    };
    let usable = count.base10_parse::<usize>().is_ok_and(|n| n > 0);
    usable.then(|| count.clone())
}

fn path(value: &syn::Expr) -> Option<Path> {
    LitStr::parse_with(text(value)?, Path::parse_mod_style).ok()
}

fn deadlock(value: &syn::Expr) -> Option<syn::Ident> {
    let text = text(value)?;
    let way = match text.value().as_str() {
        "panic" => "Panic",
        "warn" => "Warn",
        "off" => "Off",
        _ => return None,
    };
    Some(syn::Ident::new(way, hidden(text.span())))
}

fn text(value: &syn::Expr) -> Option<&LitStr> {
    match value {
        syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(text),
            ..
        }) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(kind: Entry, options: &str, item: &str) -> String {
        let tokens = entry(kind, options.parse().unwrap(), item.parse().unwrap());
        tokens.to_string()
    }

    #[test]
    fn main_becomes_a_plain_fn_around_the_body() {
        let main = expanded(Entry::Main, "", "pub async fn main() -> u8 { 7 }");
        assert_eq!(
            main,
            "pub fn main () -> u8 { async fn main () -> u8 { 7 } :: chango :: __private :: \
             run_with (:: chango :: __private :: Options { workers : :: chango :: __private :: \
             Option :: None , deadlock : :: chango :: __private :: Option :: None , test : false } \
             , main ()) }"
        );
    }

    #[test]
    fn test_keeps_its_attributes_and_takes_options() {
        let options = "workers = 2, crate = \"my::chango\"";
        let test = expanded(Entry::Test, options, "#[ignore] async fn t() {}");
        assert!(test.starts_with("# [my :: chango :: __private :: test] # [ignore] fn t ()"));
        assert!(test.contains("my :: chango :: __private :: Option :: Some (2)"));
        assert!(test.contains("test : true"));
    }

    #[test]
    fn a_deadlock_has_three_ways() {
        let main = |way| {
            let option = format!("deadlock = {way}");
            expanded(Entry::Main, &option, "async fn main() {}")
        };
        for (way, variant) in [
            ("\"panic\"", "Panic"),
            ("\"warn\"", "Warn"),
            ("\"off\"", "Off"),
        ] {
            let variant = format!(
                "deadlock : :: chango :: __private :: Option :: Some (:: chango :: __private :: Deadlock :: {variant})"
            );
            assert!(main(way).contains(&variant), "{}", main(way));
        }
        for bad in ["\"on\"", "off", "1"] {
            assert!(main(bad).contains("one of"), "{}", main(bad));
        }
    }

    #[test]
    fn unknown_option_lists_the_known_ones_and_keeps_the_item() {
        let main = expanded(Entry::Main, "threads = 2", "async fn main() { body(); }");
        assert!(
            main.contains("known are `workers = N`, `deadlock"),
            "{main}"
        );
        assert!(
            main.contains("fn main ()") && main.contains("body () ;"),
            "{main}"
        );
        assert_eq!(main.matches("compile_error").count(), 1);
    }

    #[test]
    fn option_without_its_value_says_what_it_takes() {
        let text = |options| expanded(Entry::Main, options, "async fn main() {}");
        assert!(text("workers").contains("whole number"));
        assert!(text("crate").contains("in quotes"));
        assert!(text("threads").contains("unknown option"));
    }

    #[test]
    fn worker_count_is_a_whole_number_from_one_up() {
        for bad in [
            "workers = 0",
            "workers = \"2\"",
            "workers = n",
            "workers = 1.5",
        ] {
            assert!(expanded(Entry::Main, bad, "async fn main() {}").contains("whole number"));
        }
    }

    #[test]
    fn arguments_are_refused_and_the_body_stays_typed() {
        let main = expanded(Entry::Main, "", "async fn main(n: u8) { use_it(n); }");
        assert!(main.contains("takes none"), "{main}");
        assert!(
            main.contains("let n : u8 = :: chango :: __private :: mistaken ()"),
            "{main}"
        );
    }

    #[test]
    fn what_is_no_fn_comes_out_as_it_was() {
        let item = expanded(Entry::Main, "", "struct S;");
        assert!(
            item.contains("async fn") && item.ends_with("struct S ;"),
            "{item}"
        );
    }
}
