//! An arm that wants one certain value.
//!
//! Instead: `Some(n) = <-rx => if n == 1 { … }`.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        select! {
            Some(1) = <-rx => println!("one"),
            default => println!("none"),
        }
    }
}
