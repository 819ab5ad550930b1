//! A send to the receiving end.
//!
//! Instead: the other end that `bounded` has returned: `let (tx, rx) = bounded(1);` and `tx <-
//! 1`.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        rx <- 1;
    }
}
