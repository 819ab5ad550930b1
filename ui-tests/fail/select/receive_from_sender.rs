//! An arm that receives from the sending end.
//!
//! Instead: the receiving end: `v = <-rx => …`.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>(1);
        select! {
            v = <-tx => println!("{v:?}"),
            default => println!("none"),
        }
    }
}
