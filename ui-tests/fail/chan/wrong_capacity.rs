//! A capacity that is no number.
//!
//! Instead: `bounded::<i32>(10)`.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>("10");
        tx <- 1;
    }
}
