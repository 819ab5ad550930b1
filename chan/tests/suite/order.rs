//! First in, first out: values by their sends, waiters by when they began to wait.

use std::task::Poll;
use std::thread;

use crate::support::{Bell, poll, poll_with};
use chango_chan::{TrySendError, bounded, unbounded};
use futures_lite::future::{block_on, zip};

#[test]
fn a_rendezvous_has_no_room_and_waits_for_its_peer() {
    let (tx, rx) = bounded(0);
    assert_eq!(tx.try_send(1), Err(TrySendError::Full(1)));
    assert!(rx.try_recv().is_err());
    assert_eq!(block_on(zip(tx.send(2), rx.recv())), (Ok(()), Some(2)));
    assert_eq!(block_on(zip(rx.recv(), tx.send(3))), (Some(3), Ok(())));
}

#[test]
fn a_rendezvous_send_is_done_only_when_the_value_was_received() {
    let (tx, rx) = bounded(0);
    let bell = Bell::new();
    let mut send = Box::pin(tx.send(1));
    assert!(poll_with(&mut send, &bell).is_pending());
    assert!(poll_with(&mut send, &bell).is_pending());
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(bell.rung(), 1);
    assert_eq!(poll(&mut send), Poll::Ready(Ok(())));
}

#[test]
fn sends_that_wait_are_let_in_in_the_order_in_which_they_began_to() {
    let (tx, rx) = bounded(2);
    let mut sends: Vec<_> = (0..10).map(|value| Box::pin(tx.send(value))).collect();
    let ready = sends
        .iter_mut()
        .filter_map(|send| poll(send).is_ready().then_some(()))
        .count();
    assert_eq!(ready, 2);
    for value in 0..10 {
        assert_eq!(rx.len(), (10 - value).min(2));
        assert_eq!(rx.try_recv(), Ok(value));
    }
}

#[test]
fn receives_that_wait_are_served_in_the_order_in_which_they_began_to() {
    let (tx, rx) = unbounded();
    let mut receives: Vec<_> = (0..10).map(|_| Box::pin(rx.recv())).collect();
    for receive in &mut receives {
        assert!(poll(receive).is_pending());
    }
    (0..10).for_each(|value| tx.try_send(value).unwrap());
    for (receive, value) in receives.iter_mut().zip(0..) {
        assert_eq!(poll(receive), Poll::Ready(Some(value)));
    }
}

#[test]
fn a_hand_over_wakes_once_and_only_the_one_it_is_for() {
    let (tx, rx) = bounded(0);
    let bells = [Bell::new(), Bell::new()];
    let mut receives = [Box::pin(rx.recv()), Box::pin(rx.recv())];
    for (receive, bell) in receives.iter_mut().zip(&bells) {
        assert!(poll_with(receive, bell).is_pending());
    }
    tx.try_send(1).unwrap();
    assert_eq!(bells.each_ref().map(|bell| bell.rung()), [1, 0]);
    // A woken receive does not have to try again: its value is its own.
    assert!(rx.try_recv().is_err());
    assert_eq!(poll(&mut receives[0]), Poll::Ready(Some(1)));
}

#[test]
fn each_producer_is_received_in_its_own_order() {
    const EACH: usize = 5_000;
    for capacity in [0, 1, 16, usize::MAX] {
        let (tx, rx) = bounded(capacity);
        let producers: Vec<_> = (0..3)
            .map(|producer| {
                let tx = tx.clone();
                thread::spawn(move || {
                    (0..EACH).for_each(|value| tx.send_blocking((producer, value)).unwrap());
                })
            })
            .collect();
        drop(tx);
        let mut next = [0; 3];
        for (producer, value) in &rx {
            assert_eq!(value, next[producer]);
            next[producer] += 1;
        }
        assert_eq!(next, [EACH; 3]);
        producers
            .into_iter()
            .for_each(|producer| producer.join().unwrap());
    }
}

#[test]
fn a_capacity_is_kept_and_memory_comes_with_the_values() {
    let (tx, rx) = bounded(1_000_000_000);
    assert_eq!(tx.capacity(), Some(1_000_000_000));
    (0..1_000).for_each(|value| tx.try_send(value).unwrap());
    assert_eq!((rx.len(), rx.is_full()), (1_000, false));
    let (tx, _rx) = bounded(100);
    let sent = (0..200)
        .take_while(|&value| tx.try_send(value).is_ok())
        .count();
    assert_eq!(sent, 100);
    assert!(tx.is_full());
}
