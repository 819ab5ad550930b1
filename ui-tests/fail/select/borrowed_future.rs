//! An arm that borrows a future.
//!
//! Instead: `let slow = go! { … };` before the select, and `n = <-slow => …` in it.

use chango::prelude::*;

fn main() {
    run! {
        let mut slow = Box::pin(async { 1 });
        select! {
            n = &mut slow => println!("{n}"),
            default => println!("not yet"),
        }
    }
}
