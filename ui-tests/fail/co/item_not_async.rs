//! A channel operation in an item that is not async.
//!
//! Instead: `async fn first(…)`.

use chango::prelude::*;

co! {
    fn first(rx: &Receiver<i32>) -> Option<i32> {
        <-rx
    }
}

fn main() {
    println!("{:?}", first(&bounded(1).1));
}
