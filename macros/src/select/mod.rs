//! `select!`: from tokens to the typed model in [`ast`] ([`parse`]), what is wrong with it
//! ([`check`]), and what it becomes ([`expand`]).

use proc_macro2::{Span, TokenStream, TokenTree};

use crate::arrow::lex::{Cursor, words};
use crate::path::Facade;

mod ast;
mod check;
mod expand;
mod parse;

#[cfg(test)]
mod tests;

/// `select! { … }`.
pub(crate) fn select(input: TokenStream) -> TokenStream {
    let (facade, input) = Facade::split(input);
    let at = waits_at(&input);
    let mut select = parse::parse(&facade, &input);
    check::check(&mut select);
    expand::expand(&facade, &select, at).into_stream()
}

/// Where a select waits in its user's eyes: at its first arrow, or its first `=`. Not at a name, where
/// an editor would find the `await` beside what the name is.
fn waits_at(input: &[TokenTree]) -> Span {
    let words = words(input);
    let t = Cursor::new(input, &words);
    let first = |is: &dyn Fn(usize) -> bool| (0..input.len()).find(|&n| is(n));
    let place = first(&|n| t.arrow_at(n)).or_else(|| first(&|n| t.is_punct(n, '=')));
    place.map_or_else(Span::call_site, |n| input[n].span())
}
