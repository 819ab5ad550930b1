//! Models of the channel core: hand-over, refill, closing.
//!
//! Modelled: the whole of `channel`, `wait_queue` and `waiter` with up to three threads, and wakers
//! that park them. Left out: budgets (there are none outside a goroutine) and dropped futures, which
//! `loom_drop` has. Seconds each:
//!
//! `RUSTFLAGS="--cfg loom" cargo test --release -p chango-chan --lib loom_channel`

use loom::future::block_on;
use loom::thread;

use super::model;
use crate::{bounded, unbounded};

#[test]
fn a_rendezvous_hands_over_in_order() {
    model(3, || {
        let (tx, rx) = bounded(0);
        let sender = thread::spawn(move || {
            block_on(async {
                tx.send(1).await.unwrap();
                tx.send(2).await.unwrap();
            });
        });
        block_on(async {
            assert_eq!(rx.recv().await, Some(1));
            assert_eq!(rx.recv().await, Some(2));
            assert_eq!(rx.recv().await, None);
        });
        sender.join().unwrap();
    });
}

#[test]
fn two_senders_meet_one_receiver_on_a_rendezvous() {
    model(2, || {
        let (tx, rx) = bounded(0);
        let senders = [1, 2].map(|value| {
            let tx = tx.clone();
            thread::spawn(move || block_on(tx.send(value)).unwrap())
        });
        drop(tx);
        let sum = block_on(async {
            rx.recv().await.expect("the first") + rx.recv().await.expect("the second")
        });
        assert_eq!(sum, 3);
        senders
            .into_iter()
            .for_each(|sender| sender.join().unwrap());
        assert_eq!(block_on(rx.recv()), None);
    });
}

#[test]
fn one_sender_meets_two_receivers_on_a_rendezvous() {
    model(2, || {
        let (tx, rx) = bounded(0);
        let receivers = [(), ()].map(|()| {
            let rx = rx.clone();
            thread::spawn(move || block_on(rx.recv()).expect("there is one for each"))
        });
        drop(rx);
        block_on(async {
            tx.send(1).await.unwrap();
            tx.send(2).await.unwrap();
        });
        let sum: i32 = receivers
            .map(|receiver| receiver.join().unwrap())
            .iter()
            .sum();
        assert_eq!(sum, 3);
    });
}

#[test]
fn a_waiting_send_is_moved_in_behind_what_is_stored() {
    model(3, || {
        let (tx, rx) = bounded(1);
        let sender = thread::spawn(move || {
            block_on(async {
                for value in 0..3 {
                    tx.send(value).await.unwrap();
                }
            });
        });
        block_on(async {
            for value in 0..3 {
                assert_eq!(rx.recv().await, Some(value));
            }
            assert_eq!(rx.recv().await, None);
        });
        sender.join().unwrap();
    });
}

#[test]
fn an_unbounded_channel_passes_everything_over_the_seams_of_its_blocks() {
    model(2, || {
        let (tx, rx) = unbounded();
        let sender = thread::spawn(move || (0..5).for_each(|value| tx.try_send(value).unwrap()));
        block_on(async {
            for value in 0..5 {
                assert_eq!(rx.recv().await, Some(value));
            }
            assert_eq!(rx.recv().await, None);
        });
        sender.join().unwrap();
    });
}

#[test]
fn a_close_between_a_send_and_a_receive_leaves_both_of_one_mind() {
    for capacity in [0, 1] {
        model(2, move || {
            let (tx, rx) = bounded(capacity);
            let closer = tx.clone();
            let sender = thread::spawn(move || block_on(tx.send(1)).is_ok());
            let close = thread::spawn(move || assert!(closer.close()));
            let received = block_on(rx.recv());
            assert_eq!(sender.join().unwrap(), received.is_some());
            close.join().unwrap();
            assert_eq!(block_on(rx.recv()), None);
        });
    }
}

#[test]
fn a_send_that_waits_sees_the_last_receiver_go() {
    model(3, || {
        let (tx, rx) = bounded(0);
        let sender = thread::spawn(move || block_on(tx.send(1)));
        drop(rx);
        let error = sender.join().unwrap().unwrap_err();
        assert!(error.is_disconnected());
        assert_eq!(error.into_inner(), 1);
    });
}

#[test]
fn a_receive_that_waits_sees_the_last_of_two_senders_go() {
    model(2, || {
        let (tx, rx) = bounded::<i32>(1);
        let other = tx.clone();
        let senders = [
            thread::spawn(move || drop(tx)),
            thread::spawn(move || drop(other)),
        ];
        assert_eq!(block_on(rx.recv()), None);
        senders
            .into_iter()
            .for_each(|sender| sender.join().unwrap());
    });
}

#[test]
fn what_cannot_be_sent_at_once_was_not_sent() {
    model(3, || {
        let (tx, rx) = bounded(0);
        let receiver = thread::spawn(move || block_on(rx.recv()));
        let sent = tx.try_send(1).is_ok();
        drop(tx);
        assert_eq!(receiver.join().unwrap(), sent.then_some(1));
    });
}
