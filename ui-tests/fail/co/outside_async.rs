//! A channel operation in a plain fn.
//!
//! Instead: `run! { … }` around it, which starts a runtime; or an `async fn` around the `co!`;
//! or `rx.recv_blocking()` in a plain thread.

use chango::prelude::*;

fn main() {
    let (_tx, rx) = bounded::<i32>(1);
    let v = co! { <-rx };
    println!("{v:?}");
}
