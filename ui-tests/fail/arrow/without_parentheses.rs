//! A send as a part of a condition.
//!
//! Instead: `if ready && (tx <- 1).is_ok() { … }`.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>(1);
        let ready = true;
        if ready && tx <- 1 {
            println!("sent");
        }
    }
}
