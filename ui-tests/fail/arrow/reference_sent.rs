//! A reference is sent to a channel of values.
//!
//! Instead: `tx <- text.clone();`, or `tx <- text;` if it is not needed any more.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<String>(1);
        let text = String::from("hello");
        tx <- &text;
        println!("{text}");
    }
}
