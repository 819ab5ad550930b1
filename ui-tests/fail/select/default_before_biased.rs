//! `biased;` behind `default`.
//!
//! Instead: `biased;` as the first thing in the select.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        select! {
            default => println!("none"),
            biased;
            v = <-rx => println!("{v:?}"),
        }
    }
}
