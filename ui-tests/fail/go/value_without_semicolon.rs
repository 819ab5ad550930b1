//! A goroutine's handle as the value of an `if` without `else`.
//!
//! Instead: a semicolon: `go!(work());`. Only `go! { … }` with braces does without one.

use chango::prelude::*;

async fn work() {}

fn main() {
    run! {
        if true {
            go!(work())
        }
    }
}
