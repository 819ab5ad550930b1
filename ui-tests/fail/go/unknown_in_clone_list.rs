//! A clone list with a name that is not there.
//!
//! Instead: the variable's name; `clone new = expression;` makes a new one.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>(1);
        go! { clone tz; tz <- 1; };
        tx <- 2;
    }
}
