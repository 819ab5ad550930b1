//! What the block macros share: a body, lowered, and how it becomes a future.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};

use crate::arrow::emit::{Around, grouped};
use crate::arrow::lower::Lower;
use crate::arrow::statement::body;
use crate::path::{Facade, hidden};
use crate::tokens::{Trees, trees};

/// `co! { … }`: the body in place, or its items.
pub(crate) fn co(input: TokenStream) -> TokenStream {
    let (facade, input) = Facade::split(input);
    let (first, _) = ends(&input);
    let (lowered, only_items) = body(&mut Lower::new(&facade, Around::Async), &input);
    if only_items {
        return lowered.into_stream();
    }
    grouped(Delimiter::Brace, hidden(first), lowered.into_stream()).into()
}

/// A body as the future of a goroutine. A body that is an async block already stays that block.
pub(crate) fn future(facade: &Facade, input: &[TokenTree]) -> Trees {
    let (first, last) = ends(input);
    let is_future = is_async_block(input);
    let awaits = ends_with_await(input);
    let (lowered, _) = body(&mut Lower::new(facade, Around::Async), input);
    if is_future {
        return lowered;
    }
    // Errors about the whole future (it is not `Send`, it borrows) stand where the body begins.
    if is_block(&lowered) {
        return trees!(first=> async move #lowered);
    }
    // A block that only awaits is superfluous if the user wrote it, and here it is not.
    let braces = if awaits { hidden(last) } else { last };
    let block = grouped(Delimiter::Brace, braces, lowered.into_stream());
    trees!(first=> async move #block)
}

/// Whether the last thing in the input is `.await`.
fn ends_with_await(input: &[TokenTree]) -> bool {
    matches!(input.last(), Some(TokenTree::Ident(word)) if word == "await")
}

/// Whether a body is one block, around which a second one would make its braces superfluous.
fn is_block(body: &[TokenTree]) -> bool {
    matches!(body, [TokenTree::Group(g)] if g.delimiter() == Delimiter::Brace)
}

/// Whether all of the input is `async { … }` or `async move { … }`.
fn is_async_block(tokens: &[TokenTree]) -> bool {
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
pub(crate) fn ends(input: &[TokenTree]) -> (Span, Span) {
    let first = input.first().map_or_else(Span::call_site, TokenTree::span);
    let last = input.last().map_or(first, TokenTree::span);
    (first, last)
}
