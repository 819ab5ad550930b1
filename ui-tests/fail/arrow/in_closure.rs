use chango::prelude::*;

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(1);
        [1].into_iter().for_each(|v| { tx <- v; });
        println!("{:?}", <-rx);
    }
}
