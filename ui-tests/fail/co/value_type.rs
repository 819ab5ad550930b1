//! A received `Option` as the value of a fn that returns something else.
//!
//! Instead: `-> Option<i32>`, or `(<-rx).unwrap_or(0)`.

use chango::prelude::*;

async fn first(rx: Receiver<i32>) -> i32 {
    co! { <-rx }
}

fn main() {
    run! { println!("{}", first(bounded(1).1).await) }
}
