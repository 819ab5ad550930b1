use chango::prelude::*;

fn main() {
    run! {
        let numbers = vec![1, 2, 3];
        for n in <-numbers {
            println!("{n}");
        }
    }
}
