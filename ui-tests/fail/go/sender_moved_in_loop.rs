use chango::prelude::*;

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(3);
        for i in 0..3 {
            go! { tx <- i; }
        }
        println!("{:?}", <-rx);
    }
}
