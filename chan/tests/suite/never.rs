//! A receiver to which nothing comes: it waits, in a select as well, and does not end by itself.

use std::task::Poll;

use crate::support::{Bell, arm, arms, poll, poll_with};
use chango_chan::select;
use chango_chan::{TryRecvError, bounded, never};
use futures_lite::future::block_on;

#[test]
fn nothing_comes_and_it_stays_open() {
    let rx = never::<String>();
    let bell = Bell::new();
    let mut receive = Box::pin(rx.recv());
    for _ in 0..3 {
        assert!(poll_with(&mut receive, &bell).is_pending());
    }
    assert_eq!(bell.rung(), 0);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    assert!(!rx.is_closed() && rx.is_empty());
    assert_eq!((rx.sender_count(), rx.receiver_count()), (0, 1));
}

#[test]
fn a_clone_is_as_quiet_and_outlives_the_first() {
    let rx = never::<i32>();
    let other = rx.clone();
    assert!(other.same_channel(&rx) && !other.same_channel(&never()));
    drop(rx);
    assert!(!other.is_closed());
    assert_eq!(other.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn its_arm_never_wins_and_hinders_no_other() {
    let (quiet, (tx, rx)) = (never::<i32>(), bounded(1));
    for value in 0..100 {
        tx.try_send(value).unwrap();
        let won = block_on(select::wait(arms![select::recv(&quiet), select::recv(&rx)]));
        assert!(matches!(won, arm!(1, Some(got)) if got == value));
    }
    let mut alone = Box::pin(select::wait(arms![select::recv(&quiet)]));
    assert!(poll(&mut alone).is_pending());
}

#[test]
fn a_close_ends_it_as_it_ends_every_channel() {
    let rx = never::<i32>();
    let bell = Bell::new();
    let mut receive = Box::pin(rx.recv());
    assert!(poll_with(&mut receive, &bell).is_pending());
    assert!(rx.close() && !rx.close());
    assert_eq!(bell.rung(), 1);
    assert_eq!(poll(&mut receive), Poll::Ready(None));
}
