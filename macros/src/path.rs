//! The path by which an expansion names the facade.
//!
//! The facade's `macro_rules!` wrappers put `($crate)` before the user's tokens, so a renamed
//! dependency keeps working and nothing is guessed. Every generated path starts here and goes
//! through `__private`, so no name that the user has shadowed can get into its way.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};

/// The facade's path, and the paths made from it.
#[derive(Clone)]
pub(crate) struct Facade(TokenStream);

impl Facade {
    /// A facade that stands under `path`.
    pub(crate) fn new(path: impl ToTokens) -> Self {
        Self(path.into_token_stream())
    }

    /// Splits what a wrapper passed in: the path in parentheses, and the user's tokens.
    ///
    /// Without the parentheses (nobody but the wrappers calls these macros) the path is
    /// `::chango` and all tokens are the user's.
    pub(crate) fn split(input: TokenStream) -> (Self, TokenStream) {
        let mut tokens = input.clone().into_iter();
        match tokens.next() {
            Some(TokenTree::Group(first)) if first.delimiter() == Delimiter::Parenthesis => {
                (Self(first.stream()), tokens.collect())
            }
            _ => (Self(quote!(::chango)), input),
        }
    }

    /// `$crate::__private`, with the hygiene of `$crate` and the position of `at`.
    pub(crate) fn private(&self, at: Span) -> TokenStream {
        let root = self.0.clone().into_iter().map(|mut token| {
            token.set_span(token.span().located_at(at));
            token
        });
        quote_spanned!(hidden(at)=> #(#root)*::__private)
    }
}

/// A span for the names that an expansion invents: where `at` is, and seen by nobody else.
pub(crate) fn hidden(at: Span) -> Span {
    Span::mixed_site().located_at(at)
}
