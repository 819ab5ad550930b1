//! A variable of another type is sent.
//!
//! Instead: a value of the type that the channel carries: `tx <- text.len() as i32;`, or a
//! channel of `String`s.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>(1);
        let text = String::from("hello");
        tx <- text;
    }
}
