//! Futures that are dropped: nothing is lost, nothing is delivered twice, the order stays.

use std::task::Poll;

use crate::support::{Bell, Counted, poll, poll_with};
use chango_chan::{TryRecvError, TrySendError, bounded, unbounded};

#[test]
fn a_value_handed_to_a_dropped_receive_goes_to_the_next_that_waits() {
    let (tx, rx) = bounded(0);
    let bell = Bell::new();
    let (mut one, mut two) = (Box::pin(rx.recv()), Box::pin(rx.recv()));
    assert!(poll(&mut one).is_pending());
    assert!(poll_with(&mut two, &bell).is_pending());
    tx.try_send(1).unwrap();
    assert_eq!(bell.rung(), 0);
    drop(one);
    assert_eq!(bell.rung(), 1);
    assert_eq!(poll(&mut two), Poll::Ready(Some(1)));
}

#[test]
fn a_value_that_came_back_stands_before_everything_stored() {
    let (tx, rx) = bounded(2);
    let mut receive = Box::pin(rx.recv());
    assert!(poll(&mut receive).is_pending());
    (1..=3).for_each(|value| tx.try_send(value).unwrap());
    drop(receive);
    assert_eq!(rx.len(), 3);
    assert_eq!(tx.try_send(4), Err(TrySendError::Full(4)));
    assert_eq!([(); 3].map(|()| rx.try_recv()), [Ok(1), Ok(2), Ok(3)]);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn values_that_came_back_keep_their_order_whichever_came_first() {
    for backwards in [false, true] {
        let (tx, rx) = bounded(0);
        let mut receives: Vec<_> = (0..5).map(|_| Box::pin(rx.recv())).collect();
        for receive in &mut receives {
            assert!(poll(receive).is_pending());
        }
        (0..5).for_each(|value| tx.try_send(value).unwrap());
        if backwards {
            receives.reverse();
        }
        receives.into_iter().for_each(drop);
        assert_eq!(rx.len(), 5);
        assert!(rx.is_full());
        let received: Vec<_> = std::iter::from_fn(|| rx.try_recv().ok()).collect();
        assert_eq!(received, [0, 1, 2, 3, 4]);
    }
}

#[test]
fn a_value_that_came_back_twice_keeps_its_place() {
    let (tx, rx) = bounded(0);
    let [mut one, mut two, mut three] = [(); 3].map(|()| Box::pin(rx.recv()));
    assert!(poll(&mut one).is_pending());
    assert!(poll(&mut two).is_pending());
    tx.try_send(1).unwrap();
    tx.try_send(2).unwrap();
    assert!(poll(&mut three).is_pending());
    drop(one);
    // `three` has 1 now.
    drop(two);
    drop(three);
    assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(1), Ok(2)));
}

#[test]
fn a_send_that_waits_is_let_in_only_when_what_came_back_is_gone() {
    let (tx, rx) = bounded(1);
    let mut receive = Box::pin(rx.recv());
    assert!(poll(&mut receive).is_pending());
    tx.try_send(1).unwrap();
    tx.try_send(2).unwrap();
    drop(receive);
    assert_eq!(rx.len(), 2);
    let bell = Bell::new();
    let mut send = Box::pin(tx.send(3));
    assert!(poll_with(&mut send, &bell).is_pending());
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!((bell.rung(), rx.len()), (0, 1));
    assert_eq!(rx.try_recv(), Ok(2));
    assert_eq!((bell.rung(), rx.len()), (1, 1));
    assert_eq!(poll(&mut send), Poll::Ready(Ok(())));
    assert_eq!(rx.try_recv(), Ok(3));
}

#[test]
fn what_came_back_to_a_rendezvous_goes_before_a_send_that_waits() {
    let (tx, rx) = bounded(0);
    let mut receive = Box::pin(rx.recv());
    assert!(poll(&mut receive).is_pending());
    tx.try_send(1).unwrap();
    drop(receive);
    assert_eq!((rx.len(), rx.is_empty(), rx.is_full()), (1, false, true));
    let mut send = Box::pin(tx.send(2));
    assert!(poll(&mut send).is_pending());
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(rx.try_recv(), Ok(2));
    assert_eq!(poll(&mut send), Poll::Ready(Ok(())));
}

#[test]
fn a_dropped_send_takes_its_value_with_it_and_leaves_the_queue() {
    let value = Counted::new();
    let (tx, rx) = bounded(0);
    let mut one = Box::pin(tx.send((1, value.clone())));
    let mut two = Box::pin(tx.send((2, value.clone())));
    assert!(poll(&mut one).is_pending());
    assert!(poll(&mut two).is_pending());
    drop(one);
    assert_eq!(value.others(), 1);
    assert_eq!(rx.try_recv().unwrap().0, 2);
    assert!(matches!(poll(&mut two), Poll::Ready(Ok(()))));
    assert_eq!(value.others(), 0);
}

#[test]
fn a_send_dropped_after_its_value_was_taken_takes_nothing_back() {
    let (tx, rx) = bounded(0);
    let mut send = Box::pin(tx.send(1));
    assert!(poll(&mut send).is_pending());
    assert_eq!(rx.try_recv(), Ok(1));
    drop(send);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn futures_dropped_in_any_place_of_the_queue_leave_the_others_in_order() {
    for gone in 0..4 {
        let (tx, rx) = bounded(0);
        let mut sends: Vec<_> = (0..4).map(|value| Box::pin(tx.send(value))).collect();
        for send in &mut sends {
            assert!(poll(send).is_pending());
        }
        drop(sends.remove(gone));
        let received: Vec<_> = std::iter::from_fn(|| rx.try_recv().ok()).collect();
        let expected: Vec<_> = (0..4).filter(|&value| value != gone).collect();
        assert_eq!(received, expected);
    }
}

#[test]
fn what_came_back_to_a_closed_channel_can_be_received() {
    let (tx, rx) = bounded(0);
    let mut receive = Box::pin(rx.recv());
    assert!(poll(&mut receive).is_pending());
    tx.try_send(1).unwrap();
    drop(tx);
    drop(receive);
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn what_came_back_goes_with_the_last_receiver() {
    let value = Counted::new();
    let (tx, rx) = unbounded();
    let mut receive = Box::pin(rx.recv());
    assert!(poll(&mut receive).is_pending());
    tx.try_send(value.clone()).unwrap();
    drop(receive);
    assert_eq!((value.others(), tx.len()), (1, 1));
    drop(rx);
    assert_eq!((value.others(), tx.len()), (0, 0));
}

#[test]
fn a_future_that_was_never_polled_does_nothing() {
    let value = Counted::new();
    let (tx, rx) = bounded(1);
    drop(tx.send(value.clone()));
    drop(rx.recv());
    assert_eq!((value.others(), rx.len()), (0, 0));
}

#[test]
fn a_future_polled_with_another_waker_wakes_that_one() {
    let (tx, rx) = bounded(0);
    let (old, new) = (Bell::new(), Bell::new());
    let mut receive = Box::pin(rx.recv());
    assert!(poll_with(&mut receive, &old).is_pending());
    assert!(poll_with(&mut receive, &new).is_pending());
    assert!(poll_with(&mut receive, &new).is_pending());
    tx.try_send(1).unwrap();
    assert_eq!((old.rung(), new.rung()), (0, 1));
    assert_eq!(poll(&mut receive), Poll::Ready(Some(1)));
}

#[test]
#[should_panic(expected = "the future of a receive was polled after it was done")]
fn a_receive_polled_after_it_was_done_panics() {
    let (tx, rx) = bounded(1);
    tx.try_send(1).unwrap();
    let mut receive = Box::pin(rx.recv());
    assert!(poll(&mut receive).is_ready());
    let _ = poll(&mut receive);
}

#[test]
#[should_panic(expected = "the future of a send was polled after it was done")]
fn a_send_polled_after_it_was_done_panics() {
    let (tx, _rx) = bounded(1);
    let mut send = Box::pin(tx.send(1));
    assert!(poll(&mut send).is_ready());
    let _ = poll(&mut send);
}
