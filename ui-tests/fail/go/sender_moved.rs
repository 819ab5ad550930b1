//! A sender is used that a goroutine has taken.
//!
//! Instead: `go! { clone tx; tx <- 1; };`.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(1);
        go! { tx <- 1; };
        tx <- 2;
        println!("{:?}", <-rx);
    }
}
