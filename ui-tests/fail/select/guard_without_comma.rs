//! A guard without a comma before it.
//!
//! Instead: `v = <-rx, if true => …`.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        select! {
            v = <-rx if true => println!("{v:?}"),
            default => println!("none"),
        }
    }
}
