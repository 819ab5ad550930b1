//! A sender goes into the goroutine of the first turn of a loop.
//!
//! Instead: `go! { clone tx; tx <- i; }`, and `drop(tx)` behind the loop, so that the channel
//! closes with the last goroutine.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(3);
        for i in 0..3 {
            go! { tx <- i; }
        }
        println!("{:?}", <-rx);
    }
}
