use chango::prelude::*;

fn main() {
    run! {
        let n = 5;
        n <- 1;
    }
}
