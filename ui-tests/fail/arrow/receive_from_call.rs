use chango::prelude::*;

fn next(n: u8) -> u8 {
    n + 1
}

fn main() {
    run! {
        println!("{:?}", <-next(1));
    }
}
