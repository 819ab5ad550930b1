//! Two sends in one.
//!
//! Instead: two statements: `b <- 1;` and `a <- 1;`.

use chango::prelude::*;

fn main() {
    run! {
        let (a, _ra) = bounded::<i32>(1);
        let (b, _rb) = bounded::<i32>(1);
        a <- b <- 1;
    }
}
