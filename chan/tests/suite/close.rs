//! Closing: from both sides, by hand and by dropping the last of them.

use std::task::Poll;

use crate::support::{Bell, Counted, poll, poll_with};
use chango_chan::{SendError, TryRecvError, TrySendError, bounded, unbounded};
use futures_lite::future::block_on;

#[test]
fn the_last_sender_closes_and_what_is_stored_can_be_received() {
    let (tx, rx) = bounded(3);
    let other = tx.clone();
    tx.try_send(1).unwrap();
    drop(tx);
    assert!(!rx.is_closed());
    other.try_send(2).unwrap();
    drop(other);
    assert!(rx.is_closed());
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(block_on(rx.recv()), Some(2));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    assert_eq!(block_on(rx.recv()), None);
}

#[test]
fn the_last_receiver_closes_and_drops_what_is_stored_at_once() {
    let value = Counted::new();
    for (tx, rx) in [bounded(200), unbounded()] {
        (0..100).for_each(|_| tx.try_send(value.clone()).unwrap());
        let other = rx.clone();
        drop(rx);
        assert_eq!(value.others(), 100);
        drop(other);
        assert_eq!(value.others(), 0);
        assert!(tx.is_closed());
        assert_eq!(tx.len(), 0);
        assert!(tx.try_send(value.clone()).unwrap_err().is_closed());
    }
}

#[test]
fn closing_a_second_time_says_so() {
    let (tx, rx) = bounded::<i32>(1);
    assert!(tx.close());
    assert!(!tx.close());
    assert!(!rx.close());
}

#[test]
fn sends_that_wait_get_their_values_back_and_are_woken() {
    for from_sender in [true, false] {
        let (tx, rx) = bounded(1);
        tx.try_send(0).unwrap();
        let bell = Bell::new();
        let mut sends: Vec<_> = (1..5).map(|value| Box::pin(tx.send(value))).collect();
        for send in &mut sends {
            assert!(poll_with(send, &bell).is_pending());
        }
        assert!(if from_sender { tx.close() } else { rx.close() });
        assert_eq!(bell.rung(), 4);
        for (send, value) in sends.iter_mut().zip(1..) {
            let Poll::Ready(Err(error)) = poll(send) else {
                panic!("the channel is closed")
            };
            assert_eq!(error.is_disconnected(), !from_sender);
            assert_eq!(error.into_inner(), value);
        }
        // What was stored before is not lost.
        assert_eq!(rx.try_recv(), Ok(0));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    }
}

#[test]
fn receives_that_wait_see_the_end_and_are_woken() {
    let (tx, rx) = bounded::<i32>(1);
    let bell = Bell::new();
    let mut receives: Vec<_> = (0..10).map(|_| Box::pin(rx.recv())).collect();
    for receive in &mut receives {
        assert!(poll_with(receive, &bell).is_pending());
    }
    drop(tx);
    assert_eq!(bell.rung(), 10);
    for receive in &mut receives {
        assert_eq!(poll(receive), Poll::Ready(None));
    }
}

#[test]
fn a_send_that_waits_when_the_last_receiver_goes_is_disconnected() {
    let (tx, rx) = bounded(0);
    let mut send = Box::pin(tx.send(1));
    assert!(poll(&mut send).is_pending());
    drop(rx);
    let Poll::Ready(Err(error)) = poll(&mut send) else {
        panic!("nobody listens")
    };
    assert!(error.is_disconnected());
}

#[test]
fn who_closed_first_decides_what_a_send_says() {
    let (tx, rx) = bounded(1);
    tx.close();
    drop(rx);
    assert!(!block_on(tx.send(1)).unwrap_err().is_disconnected());
    let (tx, rx) = bounded(1);
    rx.close();
    tx.close();
    assert!(block_on(tx.send(1)).unwrap_err().is_disconnected());
}

#[test]
fn nothing_can_be_sent_into_a_closed_channel_even_if_there_is_room() {
    let (tx, rx) = unbounded();
    rx.close();
    assert_eq!(tx.try_send(1), Err(TrySendError::Closed(1)));
    assert_eq!(block_on(tx.send(2)).map_err(SendError::into_inner), Err(2));
    assert!(rx.is_empty());
}

#[test]
fn a_receive_that_was_handed_a_value_has_it_in_spite_of_a_close() {
    let (tx, rx) = bounded(0);
    let mut receive = Box::pin(rx.recv());
    assert!(poll(&mut receive).is_pending());
    tx.try_send(1).unwrap();
    drop(tx);
    assert_eq!(poll(&mut receive), Poll::Ready(Some(1)));
}

#[test]
fn counts_of_the_ends_follow_clones_and_drops() {
    let (tx, rx) = bounded::<i32>(1);
    let (tx2, rx2) = (tx.clone(), rx.clone());
    assert_eq!((tx.sender_count(), tx.receiver_count()), (2, 2));
    drop((tx2, rx2));
    assert_eq!((rx.sender_count(), rx.receiver_count()), (1, 1));
    drop(tx);
    assert_eq!(rx.sender_count(), 0);
}
