//! `biased;` behind an arm.
//!
//! Instead: `biased;` as the first thing in the select.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(1);
        select! {
            v = <-rx => println!("{v:?}"),
            biased;
            tx <- 1 => println!("sent"),
        }
    }
}
