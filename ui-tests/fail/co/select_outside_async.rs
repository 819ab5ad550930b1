//! A select in a plain fn.
//!
//! Instead: `run! { … }` around it, or an `async fn`.

use chango::prelude::*;

fn main() {
    let (_tx, rx) = bounded::<i32>(1);
    select! {
        v = <-rx => println!("{v:?}"),
        default => println!("nothing yet"),
    }
}
