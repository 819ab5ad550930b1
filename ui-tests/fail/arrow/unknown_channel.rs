//! A send to a name that is not there.
//!
//! Instead: the channel's name.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>(1);
        tz <- 1;
        tx <- 2;
    }
}
