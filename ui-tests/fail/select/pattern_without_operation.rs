//! A binding without an operation.
//!
//! Instead: the operation behind `=`: `v = <-rx => …`.

use chango::prelude::*;

fn main() {
    run! {
        select! {
            v = => println!("{v:?}"),
            default => println!("none"),
        }
    }
}
