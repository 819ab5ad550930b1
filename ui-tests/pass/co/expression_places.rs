//! `co!` is an expression in place: with every delimiter, in every place of one.
#![deny(warnings)]

use chango::prelude::*;

async fn places(tx: &Sender<i32>, rx: &Receiver<i32>) -> Option<i32> {
    co!(tx <- 1);
    co![tx <- 2];
    co! { tx <- 3 }
    let one = co!(<-rx)?;
    let two = co! { let v = <-rx; v }? + one;
    if co!((<-rx).is_some()) {
        co! { tx <- 4; }
    }
    while let Some(n) = co!(<-rx) {
        match co!(tx <- n + 1; <-rx) {
            Some(5) => break,
            _ => return None,
        }
    }
    let array = [co!(tx <- 6; 1), co!((<-rx)?), co!()  .map_or(0, |()| 1)];
    let held = Held { v: co!(array[0] + array[1]), ..Held::default() };
    let closure = async |n: i32| co! { tx <- n; (<-rx).map(|v| v + held.v) };
    co! {}
    Some(two + closure(1).await?)
}

#[derive(Default)]
struct Held {
    v: i32,
    #[allow(dead_code)]
    rest: u8,
}

trait OrUnit {
    fn map_or(self, n: i32, f: impl FnOnce(()) -> i32) -> i32;
}

impl OrUnit for () {
    fn map_or(self, n: i32, f: impl FnOnce(()) -> i32) -> i32 {
        f(self) - n
    }
}

async fn tail(rx: &Receiver<i32>) -> Option<i32> {
    co! { <-rx }
}

async fn statement_tail(tx: &Sender<i32>) {
    co! { tx <- 8 }
}

#[chango::main]
async fn main() {
    let (tx, rx) = bounded(4);
    assert_eq!(places(&tx, &rx).await, Some(11));
    statement_tail(&tx).await;
    assert_eq!(tail(&rx).await, Some(8));
}
