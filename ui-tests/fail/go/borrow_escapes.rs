//! A goroutine that borrows a local variable.
//!
//! Instead: own it: `go! { clone text; … }` where the variable is an owned value, or move it in
//! and give it back as the goroutine's result.

use chango::prelude::*;

fn main() {
    run! {
        let text = String::from("hello");
        let text = &text;
        go! {
            let n = text.len();
            println!("{n}");
        };
    }
}
