//! An arm that receives from nothing.
//!
//! Instead: the channel behind the arrow: `v = <-rx => …`.

use chango::prelude::*;

fn main() {
    run! {
        select! {
            v = <- => println!("{v:?}"),
            default => println!("none"),
        }
    }
}
