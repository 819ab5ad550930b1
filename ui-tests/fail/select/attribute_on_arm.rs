//! An attribute on an arm.
//!
//! Instead: put it on something in the body; `#[cfg(…)]` is the only one that an arm takes.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        select! {
            #[inline]
            v = <-rx => println!("{v:?}"),
            default => println!("none"),
        }
    }
}
