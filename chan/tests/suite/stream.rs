//! A receiver as a stream.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::thread;

use chango_chan::{Receiver, bounded, unbounded};
use futures_lite::future::block_on;
use futures_lite::{Stream, StreamExt};

fn poll_next<T>(rx: &mut Receiver<T>) -> Poll<Option<T>> {
    Pin::new(rx).poll_next(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn the_adapters_of_futures_lite_work() {
    let (tx, rx) = unbounded();
    (1..=4).for_each(|value| tx.try_send(value).unwrap());
    drop(tx);
    let squares = block_on(rx.map(|value| value * value).collect::<Vec<_>>());
    assert_eq!(squares, [1, 4, 9, 16]);
}

#[test]
fn a_stream_waits_and_ends_with_the_channel() {
    let (tx, mut rx) = bounded(0);
    let sender = thread::spawn(move || (0..100).for_each(|value| tx.send_blocking(value).unwrap()));
    let mut next = 0;
    while let Some(value) = block_on(rx.next()) {
        assert_eq!(value, next);
        next += 1;
    }
    assert_eq!(next, 100);
    assert_eq!(block_on(rx.next()), None);
    sender.join().unwrap();
}

#[test]
fn a_value_handed_to_a_stream_goes_back_when_the_stream_is_dropped() {
    let (tx, mut rx) = bounded(0);
    let other = rx.clone();
    assert!(poll_next(&mut rx).is_pending());
    tx.try_send(1).unwrap();
    drop(rx);
    assert_eq!(other.try_recv(), Ok(1));
}

#[test]
fn a_stream_that_waits_is_no_hindrance_to_other_uses_of_its_end() {
    let (tx, mut rx) = bounded(0);
    assert!(poll_next(&mut rx).is_pending());
    tx.try_send(1).unwrap();
    assert!(rx.try_recv().is_err());
    assert_eq!(poll_next(&mut rx), Poll::Ready(Some(1)));
    assert!(poll_next(&mut rx).is_pending());
    drop(tx);
    assert_eq!(poll_next(&mut rx), Poll::Ready(None));
}

#[test]
fn a_clone_of_a_stream_waits_by_itself() {
    let (tx, mut rx) = bounded(0);
    assert!(poll_next(&mut rx).is_pending());
    let mut other = rx.clone();
    assert!(poll_next(&mut other).is_pending());
    tx.try_send(1).unwrap();
    tx.try_send(2).unwrap();
    assert_eq!(poll_next(&mut other), Poll::Ready(Some(2)));
    assert_eq!(poll_next(&mut rx), Poll::Ready(Some(1)));
}

#[test]
fn two_streams_can_be_zipped() {
    let [(tx1, rx1), (tx2, rx2)] = [(); 2].map(|()| bounded(1));
    let senders = [tx1, tx2].map(|tx| {
        thread::spawn(move || (0..50).for_each(|value| tx.send_blocking(value).unwrap()))
    });
    let pairs = block_on(rx1.zip(rx2).collect::<Vec<_>>());
    assert!(pairs.into_iter().eq((0..50).map(|value| (value, value))));
    senders
        .into_iter()
        .for_each(|sender| sender.join().unwrap());
}
