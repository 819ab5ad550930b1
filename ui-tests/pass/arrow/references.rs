//! Either arrow takes its operand by reference, through pointers, and leaves it where it was.
#![deny(warnings)]

use std::sync::Arc;

use chango::chan::{Receive, SendTo};
use chango::prelude::*;

async fn through(tx: &mut Sender<i32>, rx: &mut &Receiver<i32>) -> Option<i32> {
    co! {
        tx <- 1;
        *tx <- 2;
        &mut *tx <- 3;
        Some((<-rx)? + (<-*rx)? + (<-&mut *rx)?)
    }
}

fn receiving<R: Receive<Output = Option<i32>, Each = i32>>(rx: R) -> Option<R> {
    Some(rx)
}

fn sending<'a>(tx: &'a Sender<i32>) -> Box<dyn SendTo<Item = i32> + Send + Sync + 'a> {
    Box::new(tx)
}

fn main() {
    run! {
        let (mut tx, rx) = bounded::<i32>(4);
        assert_eq!(through(&mut tx, &mut &rx).await, Some(6));
        let shared = Arc::new(tx);
        shared <- 1;
        Arc::clone(&shared) <- 2;
        Box::new(&shared) <- 3;
        sending(&shared) <- 4;
        assert_eq!([<-rx, <-&rx, <-&&rx, <-Some(Some(&rx))], [Some(1), Some(2), Some(3), Some(4)]);
        let boxed: Box<Sender<i32>> = Box::new(Arc::unwrap_or_clone(shared));
        boxed <- 5;
        assert_eq!(<-receiving(&&rx), Some(5));
        let maybe = &Some(&boxed);
        maybe <- 6;
        for v in <-receiving(&&rx) {
            assert_eq!(v, 6);
            break;
        }
        // Neither a channel nor a handle has to be `mut`, and each is still there.
        let handle = go! { 7 };
        let kept = &handle;
        assert_eq!((<-kept).unwrap(), 7);
        assert!(handle.is_finished() && boxed.is_empty() && rx.is_empty());
    }
}
