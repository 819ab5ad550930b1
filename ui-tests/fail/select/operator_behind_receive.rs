//! An operation of an arm that goes on behind it.
//!
//! Instead: `n = <-rx => { let n = n.map(|n| n + 1); … }`.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        select! {
            n = <-rx + 1 => println!("{n:?}"),
            default => println!("none"),
        }
    }
}
