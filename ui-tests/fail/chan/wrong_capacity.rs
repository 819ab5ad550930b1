use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>("10");
        tx <- 1;
    }
}
