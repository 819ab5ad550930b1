//! Arms as Go writes them.
//!
//! Instead: `v = <-rx => …`, without `case`, with `=` and `=>`.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(1);
        select! {
            case v := <-rx: println!("{v:?}"),
            case tx <- 1: println!("sent"),
            default: println!("none"),
        }
    }
}
