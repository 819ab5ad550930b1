//! A channel operation in a method that is not async.
//!
//! Instead: `async fn next(&self)`, and `.next().await` where it is called.

use chango::prelude::*;

struct Counter {
    rx: Receiver<i32>,
}

co! {
    impl Counter {
        fn next(&self) -> Option<i32> {
            <-self.rx
        }
    }
}

fn main() {
    run! {
        println!("{:?}", Counter { rx: bounded(1).1 }.next());
    }
}
