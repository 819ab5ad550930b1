//! Generic code over whatever can be received from, in goroutines: what has to be `Send` for that
//! is `R` and what it gives, and nothing that only chango can name.
#![deny(warnings)]

use chango::chan::Receive;
use chango::prelude::*;

async fn first<R>(from: R) -> R::Output
where
    R: Receive + Send + Sync + 'static,
    R::Output: Send,
{
    co! { <-from }
}

async fn relay<R>(from: R, to: Sender<R::Each>)
where
    R: Receive + Send + Sync + 'static,
    R::Output: Send,
    R::Each: Send,
{
    co! { for v in <-from { to <- v } }
}

async fn either<R, S, T>(a: R, b: S) -> T
where
    R: Receive<Output = T> + Send + Sync + 'static,
    S: Receive<Output = T> + Send + Sync + Clone + 'static,
    T: Send,
{
    select! {
        v = <-a => v,
        v = <-b.clone() => v,
    }
}

async fn some<R, T>(from: R) -> T
where
    R: Receive<Output = Option<T>> + Send + Sync + 'static,
    T: Send,
{
    let after = after(Duration::from_secs(60));
    select! {
        Some(v) = <-from => v,
        _ = <-after => panic!("nothing came"),
        else => panic!("it was closed"),
    }
}

/// A goroutine that does not know what it waits for.
fn start<R>(from: R) -> chango::task::JoinHandle<R::Output>
where
    R: Receive + Send + Sync + 'static,
    R::Output: Send + 'static,
{
    go! { <-from }
}

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(8);
        let (out, results) = bounded(8);
        let relay = go!(relay(rx.clone(), out));
        for v in 1..=4 { tx <- v }
        assert_eq!(start(results.clone()).await.unwrap(), Some(1));
        assert_eq!(go!(first(Some(results.clone()))).await.unwrap(), Some(2));
        assert_eq!(go!(either(results.clone(), Some(results.clone()))).await.unwrap(), Some(3));
        assert_eq!(go!(some(results)).await.unwrap(), 4);
        drop(tx);
        relay.await.unwrap();
        start(after(Duration::ZERO)).await.unwrap();
        start(start(tick(Duration::from_millis(1)))).await.unwrap().unwrap();
    }
}
