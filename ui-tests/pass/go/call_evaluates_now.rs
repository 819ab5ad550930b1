//! Callee and arguments are evaluated by the caller, in order, before the goroutine runs.
#![deny(warnings)]

use chango::prelude::*;

async fn add(a: i32, b: i32, c: Option<i32>) -> i32 {
    a + b + c.unwrap_or(0)
}

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(1);
        tx <- 100;
        let mut order = Vec::new();
        let mut next = |n: i32| {
            order.push(n);
            n
        };
        let sum = go!(add(next(1), next(2), <-rx));
        assert_eq!(order, [1, 2]);
        assert_eq!(rx.len(), 0);
        assert_eq!(sum.await.unwrap(), 103);
    }
}
