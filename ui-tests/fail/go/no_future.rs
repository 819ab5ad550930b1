//! A goroutine of something that is no future.
//!
//! Instead: `go! { 5 }`, or `chango::go(async { 5 })`.

use chango::prelude::*;

fn main() {
    run! {
        chango::go(5);
    }
}
