use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        let v = select! {
            v = <-rx => v,
            default => 0,
        };
        println!("{v:?}");
    }
}
