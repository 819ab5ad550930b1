//! An arm that wants only a goroutine that has not panicked.
//!
//! Instead: `result = <-handle => match result { Ok(n) => …, Err(error) => … }`.

use chango::prelude::*;

fn main() {
    run! {
        let handle = go! { 1 };
        select! {
            Ok(n) = <-handle => println!("{n}"),
            default => println!("not yet"),
        }
    }
}
