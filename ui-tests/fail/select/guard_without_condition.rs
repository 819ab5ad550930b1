//! A guard without a condition.
//!
//! Instead: the condition behind `if`.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        select! {
            v = <-rx, if => println!("{v:?}"),
            default => println!("none"),
        }
    }
}
