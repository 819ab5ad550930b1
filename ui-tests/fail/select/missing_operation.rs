//! An arm that begins with its fat arrow.
//!
//! Instead: an operation before it; `default => …` if it is meant for when nothing is ready.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        select! {
            => println!("ready"),
            v = <-rx => println!("{v:?}"),
        }
    }
}
