//! A channel operation in a fn that is not async.
//!
//! Instead: `async fn first(…)`, and `first(rx).await` where it is called.

use chango::prelude::*;

fn main() {
    run! {
        fn first(rx: Receiver<i32>) -> Option<i32> {
            <-rx
        }
        let (_tx, rx) = bounded::<i32>(1);
        println!("{:?}", first(rx));
    }
}
