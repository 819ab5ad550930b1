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
