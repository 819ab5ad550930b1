//! Either arrow takes what an `.await`, a `?`, a field, a call, an index or a dereference gives.
#![deny(warnings)]

use chango::prelude::*;

type Ends = (Sender<i32>, Receiver<i32>);

struct Tuple(Sender<i32>, Receiver<i32>, (u8, Ends));

impl Tuple {
    fn tx(&self) -> &Sender<i32> {
        &self.0
    }

    async fn turn(&self) -> Option<i32> {
        co! {
            self.0 <- 1;
            self.tx() <- 2;
            self.2.1.0 <- 10;
            (<-self.1)? + (<-self.1)? + (<-self.2.1.1)?
        }
        .into()
    }
}

async fn later<T>(value: T) -> Result<T, ()> {
    Ok(value)
}

async fn asked(tx: &Sender<i32>, rx: &Receiver<i32>) -> Result<Option<i32>, ()> {
    co! {
        later(tx).await? <- 3;
        Ok(<-later(rx).await?)
    }
}

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(4);
        let tuple = Tuple(tx.clone(), rx.clone(), (0, bounded(1)));
        assert_eq!(tuple.turn().await, Some(13));
        assert_eq!(asked(&tx, &rx).await, Ok(Some(3)));
        let (txs, rxs) = ([&tx], vec![vec![&rx]]);
        txs[1 - 1] <- 4;
        *txs[0] <- 5;
        txs.iter().next().unwrap() <- 6;
        (*txs[0]) <- 7;
        assert_eq!([<-rxs[0][0], <-*rxs[0][0]], [Some(4), Some(5)]);
        assert_eq!([<-rxs.first().unwrap()[0], <-(rx)], [Some(6), Some(7)]);
        Some(&tx) <- 8;
        assert_eq!(<-{ let inner = &rx; inner }.clone(), Some(8));
        assert!(tx.is_empty());
    }
}
