use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        select! {
            default => println!("none"),
            biased;
            v = <-rx => println!("{v:?}"),
        }
    }
}
