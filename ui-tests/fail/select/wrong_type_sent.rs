//! An arm that sends a value of another type.
//!
//! Instead: a value of the type that the channel carries.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>(1);
        select! {
            tx <- "hello" => println!("sent"),
            default => println!("full"),
        }
    }
}
