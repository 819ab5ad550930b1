//! Two `default` arms.
//!
//! Instead: one of the two.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        select! {
            v = <-rx => println!("{v:?}"),
            default => println!("one"),
            default => println!("two"),
        }
    }
}
