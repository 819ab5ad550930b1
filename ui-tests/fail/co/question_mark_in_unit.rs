//! A question mark in a fn that returns nothing.
//!
//! Instead: `-> Option<()>` for the fn; or `let Some(v) = <-rx else { return };`.

use chango::prelude::*;

async fn first(rx: Receiver<i32>) {
    co! {
        let v = (<-rx)?;
        println!("{v}");
    }
}

fn main() {
    run! { first(bounded(1).1).await }
}
