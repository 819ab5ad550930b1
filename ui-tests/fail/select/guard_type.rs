//! A guard that is no `bool`.
//!
//! Instead: a condition: `if n == 1`.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        select! {
            v = <-rx, if 1 => println!("{v:?}"),
            default => println!("none"),
        }
    }
}
