use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>(1);
        let (sent, n) = (tx <- 1, 2);
        println!("{sent:?} {n}");
    }
}
