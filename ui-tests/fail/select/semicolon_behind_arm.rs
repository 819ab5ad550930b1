//! An arm that ends with a semicolon.
//!
//! Instead: a comma behind the arm's body.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        select! {
            v = <-rx => println!("{v:?}");
            default => println!("none"),
        }
    }
}
