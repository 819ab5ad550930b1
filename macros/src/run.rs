//! `run!`: the body is the main goroutine of a fresh runtime.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

use crate::block::future;
use crate::path::{Facade, hidden};

/// `run! { … }`.
pub(crate) fn run(input: TokenStream) -> TokenStream {
    let (facade, input) = Facade::split(input);
    let site = hidden(Span::call_site());
    let private = facade.private(site);
    let future = future(&facade, input);
    quote_spanned!(site=> #private::run(#future))
}
