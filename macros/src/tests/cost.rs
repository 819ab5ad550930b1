//! The cost of an expansion grows with the length of its input.
//!
//! Nobody measures time here: what is quadratic takes minutes for so long an input, and who runs
//! the tests notices.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::quote;

/// A source many times over.
fn many(piece: &str, count: usize) -> TokenStream {
    let piece: TokenStream = piece.parse().unwrap();
    let all = std::iter::repeat_n(piece, count);
    all.flatten().collect()
}

#[test]
fn long_body_costs_as_much_as_its_statements() {
    for piece in [
        "tx <- <-rx;",
        "if a { <-b } else",
        "let a = b::c",
        "match a { _ => <-b, }",
        "for v in <-rx { go! { a } }",
        "x.f(|a| b, <-c)",
        "foo. let",
        "1 + a as u8",
        "#[a] fn f() { }",
    ] {
        let input = many(piece, 2_000);
        crate::block::co(quote!((chango) #input));
        crate::go::go(quote!((chango) #input));
    }
    let arms = many("a if <-b => tx <- c,", 2_000);
    crate::block::co(quote!((chango) match x { #arms }));
}

#[test]
fn long_select_costs_as_much_as_its_arms() {
    for piece in [
        "v = <-rx => v,",
        "tx <- mut v => { }",
        "#[cfg(a)] Some(v) = <-rx, if a => v,",
        "v = <-rx.",
    ] {
        let input = many(piece, 300);
        crate::select::select(quote!((chango) #input));
    }
}

/// The compiler has about as much stack as this thread.
#[test]
fn nesting_is_as_deep_as_anybody_writes_it() {
    let deep = std::thread::Builder::new().stack_size(8 << 20).spawn(|| {
        for delimiter in [Delimiter::Parenthesis, Delimiter::Bracket, Delimiter::Brace] {
            let mut inner: TokenStream = "<-rx".parse().unwrap();
            for _ in 0..400 {
                inner = TokenTree::from(Group::new(delimiter, inner)).into();
            }
            crate::block::co(quote!((chango) #inner));
            crate::select::select(quote!((chango) #inner => #inner));
        }
        for piece in ["<-", "tx <-", "|x|", "return", "async move |x|", "'a:"] {
            crate::block::co(many(piece, 400));
        }
    });
    deep.unwrap().join().unwrap();
}
