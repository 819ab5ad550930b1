//! A binding as Go writes it.
//!
//! Instead: `v = <-rx => …`.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        select! {
            v := <-rx => println!("{v:?}"),
            default => println!("none"),
        }
    }
}
