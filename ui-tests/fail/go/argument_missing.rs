//! A goroutine's call without one of its arguments.
//!
//! Instead: all arguments: `go!(add(1, 2))`.

use chango::prelude::*;

async fn add(a: i32, b: i32) -> i32 {
    a + b
}

fn main() {
    run! {
        go!(add(1));
    }
}
