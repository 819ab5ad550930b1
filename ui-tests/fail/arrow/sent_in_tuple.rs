//! A send as a part of a tuple.
//!
//! Instead: parentheses: `((tx <- 1), 2)`.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>(1);
        let (sent, n) = (tx <- 1, 2);
        println!("{sent:?} {n}");
    }
}
