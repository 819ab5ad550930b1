//! A send as an element of an array.
//!
//! Instead: parentheses: `[(tx <- 1)]`.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>(1);
        let sent = [tx <- 1];
        println!("{sent:?}");
    }
}
