use chango::prelude::*;

async fn first(rx: Receiver<i32>) -> i32 {
    co! { <-rx }
}

fn main() {
    run! { println!("{}", first(bounded(1).1).await) }
}
