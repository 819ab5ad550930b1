//! A sender is used that was passed to a goroutine.
//!
//! Instead: `go!(produce(tx.clone()));`.

use chango::prelude::*;

async fn produce(tx: Sender<i32>) {
    co! { tx <- 1; }
}

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(1);
        go!(produce(tx));
        tx <- 2;
        println!("{:?}", <-rx);
    }
}
