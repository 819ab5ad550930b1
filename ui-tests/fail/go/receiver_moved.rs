use chango::prelude::*;

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(1);
        go! {
            for v in <-rx {
                println!("{v}");
            }
        }
        tx <- 1;
        println!("{:?}", <-rx);
    }
}
