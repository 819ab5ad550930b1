//! A channel operation in a constant.
//!
//! Instead: a `let` in the goroutine; what a constant is must be known before anything runs.

use chango::prelude::*;

fn main() {
    run! {
        const FIRST: Option<i32> = <-bounded::<i32>(1).1;
        println!("{FIRST:?}");
    }
}
