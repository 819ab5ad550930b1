//! An arm that sends nothing.
//!
//! Instead: the value behind the arrow: `tx <- 1 => …`.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>(1);
        select! {
            tx <- => println!("sent"),
            default => println!("full"),
        }
    }
}
