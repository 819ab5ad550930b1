use chango::prelude::*;

fn main() {
    run! {
        let n = 5;
        for v in <-n {
            println!("{v:?}");
        }
    }
}
