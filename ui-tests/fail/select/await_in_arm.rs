//! An arm that awaits by itself.
//!
//! Instead: `v = rx.recv() => …`, without `.await`; or `v = <-rx => …`.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        select! {
            v = rx.recv().await => println!("{v:?}"),
            default => println!("none"),
        }
    }
}
