//! What is received is an `Option`.
//!
//! Instead: compare with `Some(1)`, or take it apart first: `if let Some(1) = <-rx { … }`.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        if <-rx == 1 {
            println!("one");
        }
    }
}
