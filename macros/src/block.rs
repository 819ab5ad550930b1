//! What the block macros share: a body, lowered, and how it becomes a future.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::quote_spanned;

use crate::arrow::emit::{Around, grouped};
use crate::arrow::lower::Lower;
use crate::arrow::statement::body;
use crate::path::{Facade, hidden};

/// `co! { … }`: the body in place, or its items.
pub(crate) fn co(input: TokenStream) -> TokenStream {
    let (facade, input) = Facade::split(input);
    let (first, _) = ends(&input);
    let (lowered, only_items) = body(&mut Lower::new(&facade, Around::Async), input);
    if only_items {
        return lowered;
    }
    grouped(Delimiter::Brace, hidden(first), lowered).into()
}

/// A body as the future of a goroutine. A body that is an async block already stays that block.
pub(crate) fn future(facade: &Facade, input: TokenStream) -> TokenStream {
    let (first, last) = ends(&input);
    let is_future = is_async_block(&input);
    let awaits = ends_with_await(&input);
    let (lowered, _) = body(&mut Lower::new(facade, Around::Async), input);
    if is_future {
        return lowered;
    }
    // Errors about the whole future (it is not `Send`, it borrows) stand where the body begins.
    let keywords = quote_spanned!(first=> async move);
    if is_block(&lowered) {
        return quote_spanned!(first=> #keywords #lowered);
    }
    // A block that only awaits is superfluous if the user wrote it, and here it is not.
    let block = grouped(
        Delimiter::Brace,
        if awaits { hidden(last) } else { last },
        lowered,
    );
    quote_spanned!(first=> #keywords #block)
}

/// Whether the last thing in the input is `.await`.
fn ends_with_await(input: &TokenStream) -> bool {
    let last = input.clone().into_iter().last();
    matches!(last, Some(TokenTree::Ident(word)) if word == "await")
}

/// Whether a body is one block, around which a second one would make its braces superfluous.
fn is_block(body: &TokenStream) -> bool {
    let mut tokens = body.clone().into_iter();
    let first = tokens.next();
    tokens.next().is_none()
        && matches!(first, Some(TokenTree::Group(g)) if g.delimiter() == Delimiter::Brace)
}

/// Whether all of the input is `async { … }` or `async move { … }`.
fn is_async_block(input: &TokenStream) -> bool {
    let tokens: Vec<TokenTree> = input.clone().into_iter().collect();
    let word = |n: usize, text: &str| matches!(&tokens[n], TokenTree::Ident(i) if i == text);
    let brace =
        |n: usize| matches!(&tokens[n], TokenTree::Group(g) if g.delimiter() == Delimiter::Brace);
    match tokens.len() {
        2 => word(0, "async") && brace(1),
        3 => word(0, "async") && word(1, "move") && brace(2),
        _ => false,
    }
}

/// Where the first and the last token stand; of an empty body, the macro call.
pub(crate) fn ends(input: &TokenStream) -> (Span, Span) {
    let mut tokens = input.clone().into_iter();
    let first = tokens
        .next()
        .map_or_else(Span::call_site, |token| token.span());
    let last = tokens.last().map_or(first, |token| token.span());
    (first, last)
}
