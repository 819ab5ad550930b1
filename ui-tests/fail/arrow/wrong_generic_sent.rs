//! A number is sent to a channel of any type.
//!
//! Instead: a value of the type `T`; the caller chooses which that is.

use chango::prelude::*;

async fn first<T: Send>(tx: Sender<T>) {
    co! {
        tx <- 1;
    }
}

fn main() {
    run! {
        first(bounded::<i32>(1).0).await;
    }
}
