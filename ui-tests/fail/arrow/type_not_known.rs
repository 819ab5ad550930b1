use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded(1);
        let v = <-rx;
        println!("{}", v.is_some());
    }
}
