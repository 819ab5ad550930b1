//! Generic code over whatever can be received from and sent to.
#![deny(warnings)]

use std::fmt::Debug;

use chango::chan::{Receive, SendError, SendTo};
use chango::prelude::*;

async fn first<R, T>(rx: R) -> Option<T>
where
    R: Receive<Output = Option<T>>,
{
    co! { <-rx }
}

async fn all<R: Receive + ?Sized>(rx: &R) -> Vec<R::Each> {
    let mut all = Vec::new();
    co! {
        for v in <-rx { all.push(v) }
        all
    }
}

async fn either<R: Receive>(a: &R, b: R) -> R::Output {
    select! {
        biased;
        v = <-a => v,
        v = <-b => v,
    }
}

async fn pass<T, S: SendTo<Item = T>>(to: &S, value: T) -> Result<(), SendError<T>> {
    co! { return tx(to) <- value; }
}

fn tx<S: SendTo>(tx: &S) -> &S {
    tx
}

async fn twice<T: Clone + Debug>(tx: &Sender<T>, v: T) {
    co! {
        tx <- v.clone();
        select! { tx <- v => {} }
    }
}

struct Stage<R, S>(R, S);

impl<R: Receive<Each = T>, T: Into<i64>, S: SendTo<Item = i64>> Stage<R, S> {
    async fn run(self) {
        co! { for v in <-self.0 { self.1 <- v.into() } }
    }
}

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(8);
        pass(&tx, 1).await.unwrap();
        pass(&Some(&tx), 2).await.unwrap();
        twice(&tx, 3).await;
        assert_eq!((first(&rx).await, first(Some(rx.clone())).await), (Some(1), Some(2)));
        assert_eq!(either(&rx, rx.clone()).await, Some(3));
        let (wide, sums) = bounded(2);
        let stage = Stage(rx, wide);
        let stage = go!(stage.run());
        drop(tx);
        assert_eq!(all(&sums).await, [3]);
        stage.await.unwrap();
    }
}
