//! A literal of another type is sent.
//!
//! Instead: a value of the type that the channel carries.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>(1);
        tx <- "hello";
    }
}
