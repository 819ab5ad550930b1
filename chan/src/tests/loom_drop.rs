//! Models of futures that are dropped while somebody completes them.
//!
//! Modelled: one poll, then the drop, against the peer's operation on another thread. Left out: as
//! in `loom_channel`. Seconds each:
//!
//! `RUSTFLAGS="--cfg loom" cargo test --release -p chango-chan --lib loom_drop`

use std::pin::pin;

use futures_lite::future::poll_once;
use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;

use super::model;
use crate::select::{self, Cons, Nil, Selected};
use crate::{bounded, unbounded};

#[test]
fn a_value_handed_to_a_dropped_receive_comes_back() {
    for capacity in [0, 1] {
        model(3, move || {
            let (tx, rx) = bounded(capacity);
            let sender = thread::spawn(move || block_on(tx.send(1)));
            let first = block_on(poll_once(rx.recv())).flatten();
            let received = first.or_else(|| block_on(rx.recv()));
            assert_eq!(received, Some(1));
            assert_eq!(sender.join().unwrap(), Ok(()));
        });
    }
}

#[test]
fn a_value_handed_to_a_dropped_receive_goes_to_the_next_that_waits() {
    model(2, || {
        let (tx, rx) = bounded(0);
        let (their_tx, their_rx) = (tx.clone(), rx.clone());
        let sender = thread::spawn(move || block_on(their_tx.send(1)));
        let next = thread::spawn(move || block_on(their_rx.recv()));
        let first = block_on(poll_once(rx.recv())).flatten();
        // Only now may the other one see the end.
        drop(tx);
        let second = next.join().unwrap();
        assert_eq!(sender.join().unwrap(), Ok(()));
        assert_eq!(first.or(second), Some(1));
        assert!(first.is_none() || second.is_none());
    });
}

#[test]
fn two_values_that_came_back_keep_their_order() {
    model(2, || {
        let (tx, rx) = unbounded();
        let sender = thread::spawn(move || (1..=2).for_each(|value| tx.try_send(value).unwrap()));
        block_on(async {
            let (mut one, mut two) = (Box::pin(rx.recv()), Box::pin(rx.recv()));
            let one_ready = poll_once(&mut one).await.flatten();
            let two_ready = poll_once(&mut two).await.flatten();
            let mut rest = vec![];
            drop(one);
            drop(two);
            while let Some(value) = rx.recv().await {
                rest.push(value);
            }
            let all: Vec<_> = one_ready.into_iter().chain(two_ready).chain(rest).collect();
            // `two` may get 1 while `one`, which waited before, is handed 2? No: first come, first
            // served. What may be is that `two` finds 2 in the channel after `one` was handed 1.
            let overtaken = one_ready.is_none() && two_ready == Some(2);
            assert_eq!(all, if overtaken { vec![2, 1] } else { vec![1, 2] });
        });
        sender.join().unwrap();
    });
}

#[test]
fn a_batch_that_is_dropped_has_taken_nothing() {
    for capacity in [0, 1] {
        model(2, move || {
            let (tx, rx) = bounded(capacity);
            let sender = thread::spawn(move || {
                block_on(async {
                    tx.send(1).await.unwrap();
                    tx.send(2).await.unwrap();
                });
            });
            let mut values = vec![];
            block_on(async {
                let taken = poll_once(rx.recv_many(&mut values, 2)).await;
                assert_eq!(values.len(), taken.unwrap_or(0));
                while rx.recv_many(&mut values, 2).await != 0 {}
            });
            assert_eq!(values, [1, 2]);
            sender.join().unwrap();
        });
    }
}

#[test]
fn a_dropped_send_has_its_value_or_the_receiver_has() {
    model(3, || {
        let value = Arc::new(());
        let (tx, rx) = bounded(0);
        let receiver = thread::spawn(move || rx.try_recv().is_ok());
        let sent = block_on(poll_once(tx.send(Arc::clone(&value))));
        let received = receiver.join().unwrap();
        assert!(received || !matches!(sent, Some(Ok(()))));
        drop((sent, tx));
        assert_eq!(Arc::strong_count(&value), 1);
    });
}

// What `send_timeout` and `recv_timeout` do when the time is up: they stop what has begun to wait.

#[test]
fn a_receive_that_stops_has_the_value_or_the_channel_gives_it_to_the_next() {
    for capacity in [0, 1] {
        model(3, move || {
            let (tx, rx) = bounded(capacity);
            let sender = thread::spawn(move || block_on(tx.send(1)));
            let first = block_on(async {
                let mut receive = pin!(rx.recv());
                match poll_once(receive.as_mut()).await {
                    Some(received) => received,
                    None => receive.stop().ok(),
                }
            });
            assert_eq!(first.or_else(|| block_on(rx.recv())), Some(1));
            assert_eq!(sender.join().unwrap(), Ok(()));
        });
    }
}

#[test]
fn a_send_that_stops_was_received_or_has_its_value() {
    model(3, || {
        let (tx, rx) = bounded(0);
        let receiver = thread::spawn(move || block_on(rx.recv()));
        let sent = block_on(async {
            let mut send = pin!(tx.send(1));
            match poll_once(send.as_mut()).await {
                Some(sent) => sent.is_ok(),
                None => send.stop() == Ok(()),
            }
        });
        drop(tx);
        assert_eq!(receiver.join().unwrap(), sent.then_some(1));
    });
}

#[test]
fn a_value_handed_to_a_dropped_select_comes_back() {
    model(2, || {
        let (tx, rx) = bounded(0);
        let (_other_tx, other_rx) = bounded::<i32>(0);
        let sender = thread::spawn(move || block_on(tx.send(1)));
        let first = block_on(poll_once(select::wait(Cons::new(
            Some(select::recv(&rx)),
            Cons::new(Some(select::recv(&other_rx)), Nil),
        ))));
        let received = match first {
            Some(Selected::Arm(select::Won::This(value))) => value,
            Some(_) => unreachable!("nobody sends on the other channel"),
            None => block_on(rx.recv()),
        };
        assert_eq!(received, Some(1));
        assert_eq!(sender.join().unwrap(), Ok(()));
    });
}
