//! Two `else` arms.
//!
//! Instead: one of the two.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(1);
        select! {
            v = <-rx, if tx.is_empty() => println!("{v:?}"),
            else => println!("one"),
            else => println!("two"),
        }
    }
}
