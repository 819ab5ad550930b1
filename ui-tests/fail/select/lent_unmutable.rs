//! A value that comes back to a variable that is not `mut`.
//!
//! Instead: `let mut pending = 1;`.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>(1);
        let pending = 1;
        select! {
            tx <- mut pending => println!("sent"),
            default => println!("{pending} is left"),
        }
    }
}
