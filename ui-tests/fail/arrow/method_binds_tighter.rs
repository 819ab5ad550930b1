use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        let v = <-rx.unwrap();
        println!("{v}");
    }
}
