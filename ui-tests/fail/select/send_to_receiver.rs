//! An arm that sends to the receiving end.
//!
//! Instead: the sending end: `tx <- 1 => …`.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        select! {
            rx <- 1 => println!("sent"),
            default => println!("full"),
        }
    }
}
