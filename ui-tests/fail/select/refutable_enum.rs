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
