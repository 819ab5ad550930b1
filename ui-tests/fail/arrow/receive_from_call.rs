//! A receive from what a call returns, and that is no channel.
//!
//! Instead: a function that returns a `Receiver`, or no arrow.

use chango::prelude::*;

fn next(n: u8) -> u8 {
    n + 1
}

fn main() {
    run! {
        println!("{:?}", <-next(1));
    }
}
