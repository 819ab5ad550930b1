//! An arm that sends to the name that it wants to bind.
//!
//! Instead: `v = <-rx => …`; `v <- rx` sends `rx` to `v`.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        select! {
            v <- rx => println!("received"),
            default => println!("none"),
        }
    }
}
