//! A value is used after it was sent.
//!
//! Instead: use it before, or `tx <- text.clone();`: what is sent belongs to the receiver.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<String>(1);
        let text = String::from("hello");
        tx <- text;
        println!("{text}");
    }
}
