//! A call of something that is no function.
//!
//! Instead: the name of a function before the parentheses.

use chango::prelude::*;

fn main() {
    run! {
        let n = 5;
        go!(n(1));
    }
}
