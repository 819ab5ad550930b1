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
