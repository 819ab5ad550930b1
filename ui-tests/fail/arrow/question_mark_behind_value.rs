//! A question mark that asks the value and not the send.
//!
//! Instead: `(tx <- 1)?`: the value is all that stands behind the arrow.

use chango::chan::SendError;
use chango::prelude::*;

async fn send(tx: Sender<i32>) -> Result<(), SendError<i32>> {
    co! {
        let sent = tx <- 1?;
        sent
    }
}

fn main() {
    run! { send(bounded(1).0).await.unwrap() }
}
