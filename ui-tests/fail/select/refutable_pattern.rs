//! An arm that takes apart what the channel's `Option` holds.
//!
//! Instead: `Some(v) = <-rx => if let Some(v) = v { … }`.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<Option<i32>>(1);
        select! {
            Some(Some(v)) = <-rx => println!("{v}"),
            default => println!("none"),
        }
    }
}
