//! A value that comes back, and no variable for it.
//!
//! Instead: `let mut pending = 1 + 1;` before the select, and `tx <- mut pending => …` in it.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>(1);
        select! {
            tx <- mut 1 + 1 => println!("sent"),
            default => println!("full"),
        }
    }
}
