//! A channel operation in a closure.
//!
//! Instead: a loop instead of the closure, `for v in [1] { tx <- v; }`; or an async closure
//! where the caller awaits it.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(1);
        [1].into_iter().for_each(|v| { tx <- v; });
        println!("{:?}", <-rx);
    }
}
