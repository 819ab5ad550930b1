use chango::prelude::*;

fn main() {
    run! {
        select! {
            v = <- => println!("{v:?}"),
            default => println!("none"),
        }
    }
}
