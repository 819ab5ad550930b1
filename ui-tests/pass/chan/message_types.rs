//! What can be sent: channels, futures, borrows, things that are neither `Clone` nor `Debug`.
#![deny(warnings)]

use std::pin::Pin;

use chango::prelude::*;

struct Plain;

type Later = Pin<Box<dyn Future<Output = i32> + Send>>;

struct Request {
    n: i32,
    reply: Sender<i32>,
}

async fn serve(requests: Receiver<Request>) {
    co! {
        for Request { n, reply } in <-requests { reply <- n * n }
    }
}

async fn borrows(text: &str) -> usize {
    let (tx, rx) = bounded::<&str>(1);
    let list = vec![1, 2];
    let (slices, slice) = bounded::<&[i32]>(1);
    co! {
        tx <- &text[1..];
        slices <- &list[1..];
        select! { v = <-slice => assert_eq!(v, Some(&[2][..])), v = <-rx => return v.unwrap().len() }
        select! { tx <- text => 0, v = <-rx => v.unwrap().len() }
    }
}

fn main() {
    run! {
        let (requests, served) = unbounded();
        go!(serve(served));
        let (reply, answer) = bounded(1);
        requests <- Request { n: 3, reply: reply.clone() };
        assert_eq!(<-answer, Some(9));
        let (plain, rx) = bounded(1);
        plain <- Plain;
        let sent = plain.try_send(Plain);
        assert!(sent.is_err() && (<-rx).is_some());
        let (futures, future) = bounded::<Later>(2);
        futures <- Box::pin(async { 4 });
        futures <- Box::pin(async move { <-answer }.or_zero());
        reply <- 5;
        assert_eq!((<-future).unwrap().await + (<-future).unwrap().await, 9);
        assert_eq!(borrows("text").await, 3);
        let (units, unit) = bounded(3);
        units <- ();
        units <- {};
        units <- drop(units.clone());
        assert_eq!((<-unit, <-unit, <-unit), (Some(()), Some(()), Some(())));
    }
}

trait OrZero: Future<Output = Option<i32>> + Send + Sized {
    fn or_zero(self) -> impl Future<Output = i32> + Send {
        async { self.await.unwrap_or(0) }
    }
}

impl<F: Future<Output = Option<i32>> + Send> OrZero for F {}
