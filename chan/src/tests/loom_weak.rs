//! Models of weak ends that are upgraded while the last strong end goes.
//!
//! Modelled: the counts of both sides against an upgrade on another thread, and what the winner of
//! the two may rely on. Left out: `close` by hand, which leaves the counts alone. Under a second
//! together:
//!
//! `RUSTFLAGS="--cfg loom" cargo test --release -p chango-chan --lib loom_weak`

use loom::thread;

use super::model;
use crate::{TryRecvError, unbounded};

#[test]
fn an_upgrade_beside_the_last_sender_gives_an_open_channel_or_none() {
    model(3, || {
        let (tx, rx) = unbounded();
        let weak = tx.downgrade();
        let dropper = thread::spawn(move || drop(tx));
        // The other one may be anywhere in its drop: what was upgraded can send.
        let upgraded = weak.upgrade();
        let sent = upgraded.as_ref().map(|tx| tx.try_send(1));
        dropper.join().unwrap();
        assert_eq!(rx.is_closed(), upgraded.is_none());
        assert_eq!(rx.sender_count(), usize::from(upgraded.is_some()));
        if let Some(sent) = sent {
            assert_eq!(sent, Ok(()));
            assert_eq!(rx.try_recv(), Ok(1));
        }
        drop(upgraded);
        assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
        assert!(weak.upgrade().is_none());
    });
}

#[test]
fn an_upgrade_beside_the_last_receiver_finds_everything_or_none() {
    model(3, || {
        let (tx, rx) = unbounded();
        tx.try_send(1).unwrap();
        let weak = rx.downgrade();
        let dropper = thread::spawn(move || drop(rx));
        let upgraded = weak.upgrade();
        let received = upgraded.as_ref().map(|rx| rx.try_recv());
        dropper.join().unwrap();
        assert!(received.is_none_or(|received| received == Ok(1)));
        assert_eq!(tx.is_closed(), upgraded.is_none());
        drop(upgraded);
        assert!(tx.is_closed() && tx.is_empty());
        assert!(weak.upgrade().is_none());
    });
}

#[test]
fn of_two_upgrades_beside_the_last_sender_the_last_one_closes() {
    model(2, || {
        let (tx, rx) = unbounded();
        let (weak, other) = (tx.downgrade(), tx.downgrade());
        let dropper = thread::spawn(move || drop(tx));
        let upgrader = thread::spawn(move || other.upgrade().map(|tx| tx.try_send(1)));
        let sent = weak.upgrade().map(|tx| tx.try_send(1));
        let sent = [sent, upgrader.join().unwrap()];
        dropper.join().unwrap();
        assert!(rx.is_closed());
        assert_eq!(rx.sender_count(), 0);
        assert!(sent.iter().flatten().all(|sent| sent.is_ok()));
        assert_eq!(rx.len(), sent.iter().flatten().count());
    });
}
