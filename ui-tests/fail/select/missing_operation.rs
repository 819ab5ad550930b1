use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        select! {
            => println!("ready"),
            v = <-rx => println!("{v:?}"),
        }
    }
}
