//! The method without `.await` sends nothing.
//!
//! Instead: `tx <- 1;`, or `tx.send(1).await`.
#![deny(unused_must_use)]

use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>(1);
        tx.send(1);
    }
}
