//! A receive from a name that is not there.
//!
//! Instead: the channel's name.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        println!("{:?} {:?}", <-rz, <-rx);
    }
}
