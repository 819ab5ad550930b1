//! The path by which an expansion names the facade.
//!
//! The facade's `macro_rules!` wrappers put `($crate)` before the user's tokens, so a renamed
//! dependency keeps working and nothing is guessed. Every generated path starts here and goes
//! through `__private`, so no name that the user has shadowed can get into its way.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};

use crate::tokens::{Trees, trees};

/// The facade's path, and the paths made from it.
#[derive(Clone)]
pub(crate) struct Facade(Trees);

impl Facade {
    /// A facade that stands under `path`.
    pub(crate) fn new(path: impl ToTokens) -> Self {
        Self(path.into_token_stream().into())
    }

    /// Splits what a wrapper passed in: the path in parentheses, and the user's tokens.
    ///
    /// Without the parentheses (nobody but the wrappers calls these macros) the path is
    /// `::chango` and all tokens are the user's.
    pub(crate) fn split(input: TokenStream) -> (Self, Vec<TokenTree>) {
        let mut tokens: Vec<TokenTree> = input.into_iter().collect();
        match tokens.first() {
            Some(TokenTree::Group(first)) if first.delimiter() == Delimiter::Parenthesis => {
                let facade = Self::new(first.stream());
                tokens.remove(0);
                (facade, tokens)
            }
            _ => (Self::new(quote!(::chango)), tokens),
        }
    }

    /// `$crate::__private`, with the hygiene of `$crate` and the position of `at`.
    pub(crate) fn private(&self, at: Span) -> Trees {
        let root = self.0.iter().map(|token| {
            let mut token = token.clone();
            token.set_span(token.span().located_at(at));
            token
        });
        let root = Trees::from_iter(root);
        trees!(hidden(at)=> #root::__private)
    }
}

/// A span for the names that an expansion invents: where `at` is, and seen by nobody else.
pub(crate) fn hidden(at: Span) -> Span {
    Span::mixed_site().located_at(at)
}
