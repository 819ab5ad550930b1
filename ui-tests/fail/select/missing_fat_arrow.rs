//! An arm without its fat arrow.
//!
//! Instead: `v = <-rx => println!("{v:?}"),`.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        select! {
            v = <-rx { println!("{v:?}") }
            default => println!("none"),
        }
    }
}
