//! The result of a send in parentheses is not looked at.
//!
//! Instead: without parentheses, `tx <- 1;`, it is Go's send; or `let _ = (tx <- 1);`.
#![deny(unused_must_use)]

use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>(1);
        (tx <- 1);
    }
}
