//! The value of a block whose last send is a statement.
//!
//! Instead: parentheses make it a value: `let sent = { (tx <- 1) };`, or without the block `let
//! sent = tx <- 1;`.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>(1);
        let sent = { tx <- 1 };
        if sent.is_ok() {
            println!("sent");
        }
    }
}
