//! The arrows and the methods do the same: order, capacity, closing, draining.
#![deny(warnings)]

use chango::chan::{TryRecvError, TrySendError};
use chango::prelude::*;

fn main() {
    run! {
        let (tx, rx) = bounded(2);
        tx <- 1;
        tx.send(2).await.unwrap();
        assert!(matches!(tx.try_send(3), Err(TrySendError::Full(3))) && tx.is_full());
        assert_eq!((<-rx, rx.recv().await, rx.try_recv()), (Some(1), Some(2), Err(TryRecvError::Empty)));
        tx <- 4;
        assert!(tx.close() && !tx.close() && rx.is_closed());
        let refused = tx <- 5;
        assert!(!refused.unwrap_err().is_disconnected());
        assert_eq!((<-rx, <-rx, rx.recv().await, rx.try_recv()), (Some(4), None, None, Err(TryRecvError::Closed)));
        let (tx, rx) = bounded(0);
        assert_eq!((tx.capacity(), tx.is_full(), tx.is_empty()), (Some(0), true, true));
        let both = go! { clone rx; (<-rx, rx.recv().await) };
        tx <- 1;
        tx.send(2).await.unwrap();
        assert_eq!(both.await.unwrap(), (Some(1), Some(2)));
        drop(rx);
        let refused = tx <- 3;
        let error = refused.unwrap_err();
        assert!(error.is_disconnected() && error.into_inner() == 3);
        let (tx, rx) = unbounded();
        for i in 0..100 { tx <- i }
        assert_eq!((tx.len(), tx.capacity(), tx.sender_count(), tx.receiver_count()), (100, None, 1, 1));
        drop(tx);
        let mut expected = 0;
        for i in <-rx { assert_eq!(i, expected); expected += 1; }
        assert_eq!(expected, 100);
    }
}
