//! A goroutine that is given a reference to a local variable.
//!
//! Instead: give it the value, `go!(show(text))` with an `async fn show(text: String)`: the
//! goroutine may outlive the caller.

use chango::prelude::*;

async fn show(text: &str) {
    println!("{text}");
}

fn main() {
    run! {
        let text = String::from("hello");
        go!(show(&text));
    }
}
