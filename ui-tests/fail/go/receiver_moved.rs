//! A receiver is used that a goroutine has taken.
//!
//! Instead: `go! { clone rx; … }`, and both receive; or a second channel.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(1);
        go! {
            for v in <-rx {
                println!("{v}");
            }
        }
        tx <- 1;
        println!("{:?}", <-rx);
    }
}
