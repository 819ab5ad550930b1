//! A value that must stay in its thread is held over a channel operation.
//!
//! Instead: `Arc` for `Rc`; or let it end before the arrow, in a block of its own.

use std::rc::Rc;

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        go! {
            let shared = Rc::new(1);
            <-rx;
            println!("{shared}");
        };
    }
}
