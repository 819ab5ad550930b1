//! A future that must stay in its thread, in the spellings of a closure that makes one.
#![deny(warnings)]

use std::cell::RefCell;
use std::rc::Rc;

use chango::prelude::*;
use chango::task;

async fn sum(numbers: Receiver<i32>) -> i32 {
    let sum = Rc::new(RefCell::new(0));
    co! {
        for n in <-numbers { *sum.borrow_mut() += n; }
    }
    sum.take()
}

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(1);
        let called = {
            let rx = rx.clone();
            task::spawn_local(move || sum(rx))
        };
        let block = task::spawn_local(move || async move {
            let one = Rc::new(1);
            tx.send(1).await.unwrap();
            drop(rx);
            *one
        });
        let closure = task::spawn_local(async || {
            let two = Rc::new(2);
            task::yield_now().await;
            *two
        });
        let named = task::Builder::new().name("three").spawn_local(|| async {
            let three = Rc::new(3);
            sleep(Duration::from_millis(1)).await;
            *three
        });
        assert_eq!(block.await.unwrap() + closure.await.unwrap() + named.await.unwrap(), 6);
        assert_eq!(called.await.unwrap(), 1);
    }
}
