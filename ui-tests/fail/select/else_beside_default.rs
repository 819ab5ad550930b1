//! `else` beside `default`.
//!
//! Instead: one of the two: `default` runs whenever no arm is ready, disabled ones included.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        select! {
            v = <-rx => println!("{v:?}"),
            default => println!("one"),
            else => println!("two"),
        }
    }
}
