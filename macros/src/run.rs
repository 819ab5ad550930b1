//! `run!`: the body is the main goroutine of a fresh runtime.

use proc_macro2::{Span, TokenStream};

use crate::arrow::emit::only_field;
use crate::block::{ends, future};
use crate::path::{Facade, hidden};
use crate::tokens::trees;

/// `run! { … }`.
pub(crate) fn run(input: TokenStream) -> TokenStream {
    let (facade, input) = Facade::split(input);
    let site = hidden(Span::call_site());
    let private = facade.private(site);
    let (first, last) = ends(&input);
    let future = future(&facade, &input);
    let value = trees!(site=> #private::run(#future),);
    only_field(value, first, last).into_stream()
}
