//! A send without a value.
//!
//! Instead: the value behind the arrow, `tx <- 1;`; the empty one is `()`.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>(1);
        tx <- ;
    }
}
