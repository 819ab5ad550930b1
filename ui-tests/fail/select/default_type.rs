//! A `default` of another type than the arms.
//!
//! Instead: a value of their type: `default => None`.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        let v = select! {
            v = <-rx => v,
            default => 0,
        };
        println!("{v:?}");
    }
}
