//! A method that is called on the channel and not on what is received.
//!
//! Instead: `(<-rx).unwrap()`: what is appended binds tighter than the arrow, as with `-` and
//! `!`.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        let v = <-rx.unwrap();
        println!("{v}");
    }
}
