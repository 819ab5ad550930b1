//! The first program: a goroutine sends numbers, and main receives them until the channel closes.
//!
//! `cargo run --example hello`

use chango::prelude::*;

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(10);
        go! {
            for i in 0..5 { tx <- i; }
        }                                   // tx is dropped here, which closes the channel
        for v in <-rx { println!("received: {v}"); }
    }
}
