//! A receive from something that is no channel.
//!
//! Instead: a `Receiver`, a timer, a ticker or the handle of a goroutine behind the arrow.

use chango::prelude::*;

fn main() {
    run! {
        let n = 5;
        println!("{:?}", <-n);
    }
}
