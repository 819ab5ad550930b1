//! A value that is not there.
//!
//! Instead: the variable's name.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>(1);
        let value = 1;
        tx <- valeu;
        println!("{value}");
    }
}
