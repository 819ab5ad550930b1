//! A colon before the body of an arm.
//!
//! Instead: `default => …`.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        select! {
            v = <-rx => println!("{v:?}"),
            default: println!("none"),
        }
    }
}
