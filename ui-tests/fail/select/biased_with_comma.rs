//! `biased` with a comma.
//!
//! Instead: `biased;`.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(1);
        select! {
            biased,
            v = <-rx => println!("{v:?}"),
            tx <- 1 => println!("sent"),
        }
    }
}
