//! An arm without a body.
//!
//! Instead: a body; the empty one is `{}`.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        select! {
            v = <-rx => ,
            default => println!("none"),
        }
    }
}
