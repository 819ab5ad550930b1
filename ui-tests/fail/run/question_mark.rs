//! A question mark in a main goroutine that returns nothing.
//!
//! Instead: let the body end with a value, as `Ok::<(), Error>(())`, and use that of the macro:
//! `run! { … }?`.

use chango::prelude::*;

fn main() {
    run! {
        let v = (<-bounded::<i32>(1).1)?;
        println!("{v}");
    }
}
