//! A variable of another type in `<- mut`.
//!
//! Instead: a variable of the type that the channel carries.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>(1);
        let mut pending = "hello";
        select! {
            tx <- mut pending => println!("sent"),
            default => println!("{pending} is left"),
        }
    }
}
