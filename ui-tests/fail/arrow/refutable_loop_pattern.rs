//! A loop over a channel whose pattern does not match every value.
//!
//! Instead: bind the value, and take it apart in the body: `for event in <-rx { if let
//! Event::Key(key) = event { … } }`.

use chango::prelude::*;

enum Event {
    Key(char),
    Close,
}

fn main() {
    run! {
        let (tx, rx) = bounded(1);
        tx <- Event::Close;
        for Event::Key(key) in <-rx {
            println!("{key}");
        }
    }
}
