//! A send as a condition.
//!
//! Instead: `if (tx <- 1).is_ok() { … }`.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>(1);
        if tx <- 1 {
            println!("sent");
        }
    }
}
