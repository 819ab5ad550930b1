//! A channel operation in the arguments of a macro of your own.
//!
//! Instead: receive first: `let v = <-rx;` and then `twice!(v)`. Only std's macros (`println!`,
//! `assert_eq!`, `vec!` and their kin) are looked into.

use chango::prelude::*;

macro_rules! twice {
    ($value:expr) => {
        2 * $value
    };
}

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        println!("{}", twice!(<-rx));
    }
}
