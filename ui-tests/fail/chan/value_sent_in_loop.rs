//! One value is sent in each turn of a loop.
//!
//! Instead: `tx <- text.clone();`.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<String>(2);
        let text = String::from("hello");
        for _ in 0..2 {
            tx <- text;
        }
    }
}
