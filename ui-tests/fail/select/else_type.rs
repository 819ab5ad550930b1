//! An `else` of another type than the arms.
//!
//! Instead: a value of their type.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        let v = select! {
            Some(v) = <-rx => v,
            else => "closed",
        };
        println!("{v:?}");
    }
}
