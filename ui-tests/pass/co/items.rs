//! Items in a `co!` come out as items, with the bodies of their async fns lowered.
#![deny(warnings)]

use chango::prelude::*;

co! {
    /// Passes on what it receives, doubled.
    async fn double(rx: Receiver<u32>, tx: Sender<u32>) {
        for v in <-rx {
            tx <- 2 * v;
        }
    }

    struct Tally {
        sum: u32,
    }

    impl Tally {
        const START: u32 = 1;

        async fn all(mut self, rx: &Receiver<u32>) -> u32 {
            while let Some(v) = <-rx {
                self.sum += v;
            }
            self.sum
        }
    }
}

#[chango::main]
async fn main() {
    let (tx, numbers) = bounded(2);
    let (doubled, rx) = bounded(2);
    go!(double(numbers, doubled));
    co! { tx <- 1; tx <- 2; }
    drop(tx);
    assert_eq!(Tally { sum: Tally::START }.all(&rx).await, 7);
}
