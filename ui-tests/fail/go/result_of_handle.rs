//! A goroutine's result without the `Result` around it.
//!
//! Instead: `(<-handle).unwrap()`, or a `match`: it is an `Err` if the goroutine has panicked or
//! was aborted.

use chango::prelude::*;

fn main() {
    run! {
        let handle = go! { 1 + 1 };
        let n: i32 = <-handle;
        println!("{n}");
    }
}
