//! A question mark in a goroutine that returns nothing.
//!
//! Instead: let the body end with a value, `Some(())` or `Ok::<(), Error>(())`; or `let Some(v)
//! = <-rx else { return };`.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        go! {
            let v = (<-rx)?;
            println!("{v}");
        };
    }
}
