//! A guard without an operation.
//!
//! Instead: the operation first: `v = <-rx, if true => …`; or an `if` before the select.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        select! {
            if true => println!("ready"),
            v = <-rx => println!("{v:?}"),
        }
    }
}
