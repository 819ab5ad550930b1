//! A select needs only an async context, and is an expression wherever one stands.
#![deny(warnings)]

use chango::prelude::*;

async fn plain(rx: &Receiver<i32>) -> Option<i32> {
    select! {
        v = <-rx => v,
        default => None,
    }
}

async fn statements(tx: &Sender<i32>, rx: &Receiver<i32>) -> i32 {
    select! { tx <- 1 => {} }
    let a = select! { v = <-rx => v.unwrap() } + select!(default => 1);
    if select! { v = <-rx => v.is_some(), default => false } {
        return -1;
    }
    while let Some(v) = select![Some(v) = <-rx => Some(v), default => None] {
        unreachable!("{v}");
    }
    match select! { sent = tx <- 2 => sent } {
        Ok(()) => (),
        Err(error) => return error.into_inner(),
    }
    let closure = async |n: i32| select! { v = <-rx => v.map(|v| v * n), };
    let block = async { select! { default => tx <- 3 } };
    block.await;
    let b = [closure(10).await, closure(10).await];
    format!("{}", select! { default => a + b[0].unwrap_or(0) + b[1].unwrap_or(0) }).parse().unwrap()
}

trait Turn {
    #[allow(async_fn_in_trait)]
    async fn turn(&self) -> u8 {
        select! { default => 7 }
    }
}

impl Turn for () {}

fn boxed() -> std::pin::Pin<Box<dyn Future<Output = u8> + Send>> {
    Box::pin(async { select! { default => return 8 } })
}

#[chango::main]
async fn main() {
    let (tx, rx) = bounded(2);
    assert_eq!((plain(&rx).await, statements(&tx, &rx).await), (None, 52));
    assert_eq!((().turn().await, boxed().await), (7, 8));
    tx.close();
    let closed = select! { sent = tx <- 4 => sent.unwrap_err().into_inner(), else => 0 };
    assert_eq!(closed, 4);
}
