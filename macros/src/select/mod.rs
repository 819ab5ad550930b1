//! `select!`: from tokens to the typed model in [`ast`] ([`parse`]), what is wrong with it
//! ([`check`]), and what it becomes ([`expand`]).

use proc_macro2::TokenStream;

use crate::block::ends;
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
    let at = ends(&input).0;
    let mut select = parse::parse(&facade, input);
    check::check(&mut select);
    expand::expand(&facade, &select, at)
}
