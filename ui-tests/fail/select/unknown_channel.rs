//! An arm that receives from a name that is not there.
//!
//! Instead: the channel's name.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        select! {
            v = <-rz => println!("{v:?}"),
            v = <-rx => println!("{v:?}"),
        }
    }
}
