//! Models of a receive from any of several: against sends, against its own drop, against closing.
//!
//! Modelled: its fast path and its arms in a box, with up to three threads. What it shares with
//! every select is in `loom_claim`. Left out: chance (of several that are ready the last is taken at
//! once) and budgets. Up to a quarter of a minute each:
//!
//! `RUSTFLAGS="--cfg loom" cargo test --release -p chango-chan --lib loom_any`

use futures_lite::future::poll_once;
use loom::future::block_on;
use loom::thread;

use super::model;
use crate::{bounded, recv_any};

#[test]
fn two_sends_meet_a_receive_from_any() {
    for capacity in [0, 1] {
        model(2, move || {
            let (tx1, rx1) = bounded(capacity);
            let (tx2, rx2) = bounded(capacity);
            let one = thread::spawn(move || block_on(tx1.send(0)));
            let two = thread::spawn(move || block_on(tx2.send(1)));
            let receivers = [rx1, rx2];
            // The loser has lost nothing: its value is there for the next receive.
            let (at, value) = block_on(recv_any(&receivers));
            assert_eq!(value, Some(at));
            let other = 1 - at;
            assert_eq!(block_on(receivers[other].recv()), Some(other));
            assert_eq!(one.join().unwrap(), Ok(()));
            assert_eq!(two.join().unwrap(), Ok(()));
        });
    }
}

#[test]
fn a_value_handed_to_one_that_is_dropped_comes_back() {
    for capacity in [0, 1] {
        model(3, move || {
            let (tx, rx) = bounded(capacity);
            let (_other_tx, other_rx) = bounded(capacity);
            let sender = thread::spawn(move || block_on(tx.send(1)));
            // The same one twice: two nodes in one queue, and one claim.
            let receivers = [rx.clone(), other_rx, rx];
            let received = match block_on(poll_once(recv_any(&receivers))) {
                Some((at, received)) => {
                    assert!(at != 1);
                    received
                }
                None => block_on(receivers[0].recv()),
            };
            assert_eq!(received, Some(1));
            assert_eq!(sender.join().unwrap(), Ok(()));
        });
    }
}

#[test]
fn two_of_them_compete_for_one_value_and_the_end() {
    model(2, || {
        let (tx, rx) = bounded(0);
        let (_other_tx, other_rx) = bounded(0);
        let receivers = [rx, other_rx];
        let theirs = receivers.clone();
        let other = thread::spawn(move || block_on(recv_any(&theirs)));
        let sender = thread::spawn(move || block_on(tx.send(1)));
        let here = block_on(recv_any(&receivers));
        let there = other.join().unwrap();
        assert!(matches!(
            (here, there),
            ((0, Some(1)), (0, None)) | ((0, None), (0, Some(1)))
        ));
        assert_eq!(sender.join().unwrap(), Ok(()));
    });
}

#[test]
fn the_last_sender_of_one_goes_while_it_waits() {
    model(3, || {
        let (tx, rx) = bounded::<i32>(1);
        let (_other_tx, other_rx) = bounded(1);
        let dropper = thread::spawn(move || drop(tx));
        assert_eq!(block_on(recv_any(&[other_rx, rx])), (1, None));
        dropper.join().unwrap();
    });
}
