//! An arm whose pattern does not match every value.
//!
//! Instead: `Some(event) = <-rx => match event { Event::Key(key) => …, Event::Close => … }`.

use chango::prelude::*;

enum Event {
    Key(char),
    Close,
}

fn main() {
    run! {
        let (_tx, rx) = bounded::<Event>(1);
        select! {
            Some(Event::Key(key)) = <-rx => println!("{key}"),
            default => println!("none"),
        }
    }
}
