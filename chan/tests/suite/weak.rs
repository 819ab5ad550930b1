//! Weak ends: they do not keep the channel open, and never open it again.

use std::sync::Barrier;
use std::task::Poll;
use std::thread;

use crate::support::{Bell, Counted, poll, poll_with};
use chango_chan::{TryRecvError, TrySendError, WeakReceiver, WeakSender, bounded, unbounded};

#[test]
fn a_weak_sender_does_not_keep_the_channel_open() {
    let (tx, rx) = bounded(1);
    let weak = tx.downgrade();
    assert_eq!((rx.sender_count(), rx.receiver_count()), (1, 1));
    let bell = Bell::new();
    let mut receive = Box::pin(rx.recv());
    assert!(poll_with(&mut receive, &bell).is_pending());
    drop(tx);
    assert_eq!(bell.rung(), 1);
    assert_eq!(poll(&mut receive), Poll::<Option<i32>>::Ready(None));
    assert!(rx.is_closed() && weak.upgrade().is_none());
    assert_eq!(rx.sender_count(), 0);
}

#[test]
fn a_weak_receiver_does_not_keep_the_channel_open_nor_what_is_stored() {
    let value = Counted::new();
    for stored in [0, 3] {
        let (tx, rx) = unbounded();
        let weak = rx.downgrade();
        assert_eq!((tx.sender_count(), tx.receiver_count()), (1, 1));
        (0..stored).for_each(|_| assert!(tx.try_send(value.clone()).is_ok()));
        drop(rx);
        assert_eq!(value.others(), 0);
        assert!(tx.is_closed() && weak.upgrade().is_none());
        assert!(matches!(
            tx.try_send(value.clone()),
            Err(TrySendError::Closed(_))
        ));
        assert_eq!(tx.receiver_count(), 0);
    }
}

#[test]
fn what_is_upgraded_is_an_end_like_every_other() {
    let (tx, rx) = bounded(2);
    let (weak_tx, weak_rx) = (tx.downgrade(), rx.downgrade());
    let (tx2, rx2) = (weak_tx.upgrade().unwrap(), weak_rx.upgrade().unwrap());
    assert_eq!((tx.sender_count(), tx.receiver_count()), (2, 2));
    assert!(tx2.same_channel(&tx) && rx2.same_channel(&rx));
    drop((tx, rx));
    // They keep the channel open now, and the weak ones can be upgraded again.
    assert_eq!(tx2.try_send(1), Ok(()));
    assert_eq!(weak_tx.upgrade().unwrap().try_send(2), Ok(()));
    assert_eq!(weak_rx.upgrade().unwrap().try_recv(), Ok(1));
    assert_eq!((tx2.sender_count(), tx2.receiver_count()), (1, 1));
    drop(tx2);
    assert!(weak_tx.upgrade().is_none());
    assert_eq!(rx2.try_recv(), Ok(2));
    assert_eq!(rx2.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn a_channel_closed_by_hand_has_its_ends_still() {
    let (tx, rx) = bounded(1);
    let (weak_tx, weak_rx) = (tx.downgrade(), rx.downgrade());
    tx.try_send(1).unwrap();
    tx.close();
    let other = weak_tx.upgrade().unwrap();
    assert_eq!(other.try_send(2), Err(TrySendError::Closed(2)));
    assert_eq!(weak_rx.upgrade().unwrap().try_recv(), Ok(1));
    drop((tx, other));
    assert!(weak_tx.upgrade().is_none());
    // The senders are gone, and there is a receiver: each side has a count of its own.
    assert!(weak_rx.upgrade().is_some());
    drop(rx);
    assert!(weak_rx.upgrade().is_none());
}

#[test]
fn clones_of_weak_ends_are_weak() {
    let (tx, rx) = bounded::<i32>(1);
    let weak = (tx.downgrade(), rx.downgrade());
    let other = weak.clone();
    drop(weak);
    assert_eq!((tx.sender_count(), tx.receiver_count()), (1, 1));
    assert!(other.0.upgrade().is_some() && other.1.upgrade().is_some());
    assert!(!tx.is_closed());
    drop((tx, rx));
    assert!(other.0.upgrade().is_none() && other.1.upgrade().is_none());
    assert!(format!("{other:?}").contains("WeakSender"));
    assert!(format!("{other:?}").contains("WeakReceiver"));
}

#[test]
fn weak_ends_are_send_and_sync_where_the_values_are_send() {
    fn both<T: Send + Sync + Clone>(_: &T) {}
    let (tx, rx) = bounded::<std::cell::Cell<i32>>(1);
    both::<WeakSender<_>>(&tx.downgrade());
    both::<WeakReceiver<_>>(&rx.downgrade());
}

#[test]
fn upgrades_on_other_threads_meet_the_last_drop_and_agree_with_it() {
    const TURNS: usize = 2_000;
    let barrier = Barrier::new(3);
    let (mut some, mut none) = (0, 0);
    for _ in 0..TURNS {
        let (tx, rx) = unbounded();
        let (weak_tx, weak_rx) = (tx.downgrade(), rx.downgrade());
        let sent = thread::scope(|scope| {
            let dropper = scope.spawn(|| {
                barrier.wait();
                drop(tx);
            });
            let upgraders = [(); 2].map(|()| {
                scope.spawn(|| {
                    barrier.wait();
                    // Whoever has a sender has an open channel.
                    weak_tx.upgrade().map(|tx| tx.try_send(()).unwrap())
                })
            });
            dropper.join().unwrap();
            upgraders
                .into_iter()
                .filter_map(|upgrader| upgrader.join().unwrap())
                .count()
        });
        (some, none) = (some + sent, none + 2 - sent);
        assert!(rx.is_closed() && weak_tx.upgrade().is_none());
        assert_eq!((rx.sender_count(), rx.len()), (0, sent));
        drop(rx);
        assert!(weak_rx.upgrade().is_none());
    }
    assert_eq!(some + none, 2 * TURNS);
}
