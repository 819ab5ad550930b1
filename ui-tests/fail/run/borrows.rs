//! A main goroutine that borrows a local variable.
//!
//! Instead: own it: make it inside, or move it in. `Runtime::block_on` polls on this thread, and
//! may borrow.

use chango::prelude::*;

fn main() {
    let text = String::from("hello");
    let text = &text;
    run! {
        let n = text.len();
        println!("{n}");
    }
}
