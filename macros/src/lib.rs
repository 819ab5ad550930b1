//! The macros of [chango](https://docs.rs/chango), for its facade crate: use them from there.
//!
//! Each entry function hands its tokens to the file of its name. The rewriting is made of plain
//! functions over `proc_macro2` tokens, which the unit tests call. What must always hold: no
//! input makes a macro panic; every token of the user's comes out once, with its span; generated
//! paths go through the facade's `__private` and nowhere else.
#![forbid(unsafe_code)]

use proc_macro::TokenStream;

mod arrow;
mod attr;
mod block;
mod go;
mod message;
mod path;
mod position;
mod run;
mod select;
mod tokens;

#[cfg(test)]
mod tests;

/// What `chango::go!` calls with the facade's path in front.
#[proc_macro]
pub fn go(input: TokenStream) -> TokenStream {
    go::go(input.into()).into()
}

/// What `chango::co!` calls with the facade's path in front.
#[proc_macro]
pub fn co(input: TokenStream) -> TokenStream {
    block::co(input.into()).into()
}

/// What `chango::run!` calls with the facade's path in front.
#[proc_macro]
pub fn run(input: TokenStream) -> TokenStream {
    run::run(input.into()).into()
}

/// What `chango::select!` calls with the facade's path in front.
#[proc_macro]
pub fn select(input: TokenStream) -> TokenStream {
    select::select(input.into()).into()
}

/// Makes an `async fn main` the main goroutine of a fresh runtime.
///
/// Options: `workers = N`, the number of goroutines that run at the same time;
/// `deadlock = "panic"`, `"warn"` or `"off"`, what becomes of a program of which no goroutine can ever
/// go on; and `crate = "path"`, the path under which chango is known where the attribute stands.
///
/// When the function ends the runtime shuts down and drops what still runs, as a Go program
/// does. A panic in it is resumed in the caller. Its result goes from the main goroutine to the
/// thread that waits for it, so an error of any kind is a `Box<dyn Error + Send + Sync>`. The compiler parses the function before the
/// attribute sees it, so the operator `<-` needs a `co! { … }` inside.
#[proc_macro_attribute]
pub fn main(options: TokenStream, item: TokenStream) -> TokenStream {
    attr::entry(attr::Entry::Main, options.into(), item.into()).into()
}

/// Makes an `async fn` a test that runs as the main goroutine of a runtime of its own.
///
/// It takes the options of [`macro@main`], and other attributes of tests (`#[ignore]`,
/// `#[should_panic]`) stand beside it. If all goroutines wait for a second, and no timer, socket or
/// blocking call of the runtime's can end that, the test fails with a report; with `deadlock = "warn"`
/// it is only printed, and with `deadlock = "off"` nothing is said. The operator `<-` needs a `co! { … }` inside.
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    attr::entry(attr::Entry::Test, options.into(), item.into()).into()
}
