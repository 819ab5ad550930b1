use chango::prelude::*;

fn main() {
    run! {
        let n = 5;
        println!("{:?}", <-n);
    }
}
