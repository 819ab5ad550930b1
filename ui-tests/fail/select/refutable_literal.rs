use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        select! {
            Some(1) = <-rx => println!("one"),
            default => println!("none"),
        }
    }
}
