//! A value of another type is sent, and the result is asked for.
//!
//! Instead: a value of the type that the channel carries.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>(1);
        let sent = tx <- "hello";
        println!("{sent:?}");
    }
}
