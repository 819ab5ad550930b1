//! Many values with one receive: up to the limit, in order, and nothing taken by one that stops.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use crate::support::{Bell, Set, Trap, poll, poll_with};
use chango_chan::{Receiver, Sender, TryRecvError, bounded, unbounded};
use chango_core::runtime::Builder;
use futures_lite::future::block_on;

/// One batch, which does not have to wait.
fn now<T>(rx: &Receiver<T>, values: &mut Vec<T>, limit: usize) -> usize {
    match poll(&mut Box::pin(rx.recv_many(values, limit))) {
        Poll::Ready(taken) => taken,
        Poll::Pending => panic!("there is something to receive"),
    }
}

#[test]
fn a_batch_takes_what_is_there_up_to_its_limit_behind_what_it_finds() {
    let (tx, rx) = unbounded();
    (0..10).for_each(|value| tx.try_send(value).unwrap());
    let mut values = vec![100];
    assert_eq!(now(&rx, &mut values, 4), 4);
    assert_eq!(values, [100, 0, 1, 2, 3]);
    assert_eq!(rx.len(), 6);
    assert_eq!(now(&rx, &mut values, 1), 1);
    assert_eq!(now(&rx, &mut values, 100), 5);
    assert_eq!(values, [100, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert!(rx.is_empty());
}

#[test]
fn every_size_comes_whole_and_in_order() {
    for stored in [1, 2, 31, 32, 33, 34, 63, 64, 65, 66, 1_000] {
        for capacity in [stored, usize::MAX] {
            let (tx, rx) = bounded(capacity);
            (0..stored).for_each(|value| tx.try_send(value).unwrap());
            let mut values = vec![];
            assert_eq!(now(&rx, &mut values, usize::MAX), stored);
            assert!(values.into_iter().eq(0..stored));
            assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        }
    }
}

#[test]
fn a_limit_of_zero_takes_nothing_and_does_not_wait() {
    let (tx, rx) = bounded(1);
    let mut values = vec![7];
    assert_eq!(now(&rx, &mut values, 0), 0);
    tx.try_send(1).unwrap();
    assert_eq!(now(&rx, &mut values, 0), 0);
    assert_eq!((values, rx.len()), (vec![7], 1));
}

#[test]
fn a_batch_waits_for_the_first_value_and_takes_the_others_with_it() {
    for capacity in [3, usize::MAX] {
        let (tx, rx) = bounded(capacity);
        let bell = Bell::new();
        let mut values = vec![];
        let mut batch = Box::pin(rx.recv_many(&mut values, 3));
        assert!(poll_with(&mut batch, &bell).is_pending());
        assert!(poll_with(&mut batch, &bell).is_pending());
        (1..=4).for_each(|value| tx.try_send(value).unwrap());
        // One hand-over, one wake-up.
        assert_eq!(bell.rung(), 1);
        assert_eq!(poll(&mut batch), Poll::Ready(3));
        drop(batch);
        assert_eq!(values, [1, 2, 3]);
        assert_eq!(rx.try_recv(), Ok(4));
    }
}

#[test]
fn the_end_comes_after_what_is_stored_and_also_while_it_waits() {
    let (tx, rx) = bounded(2);
    let mut values = vec![];
    (0..2).for_each(|value| tx.try_send(value).unwrap());
    tx.close();
    assert_eq!(now(&rx, &mut values, 10), 2);
    assert_eq!(now(&rx, &mut values, 10), 0);
    assert_eq!(values, [0, 1]);

    let (tx, rx) = bounded(0);
    let mut batch = Box::pin(rx.recv_many(&mut values, 10));
    let bell = Bell::new();
    assert!(poll_with(&mut batch, &bell).is_pending());
    drop(tx);
    assert_eq!(bell.rung(), 1);
    assert_eq!(poll(&mut batch), Poll::Ready(0));
    drop(batch);
    assert_eq!(values, [0, 1]);
}

#[test]
fn sends_that_wait_are_part_of_what_is_there() {
    for capacity in [0, 1, 2, 40] {
        for limit in [1, 3, 40, 41, 50, usize::MAX] {
            let (tx, rx) = bounded(capacity);
            let bells: Vec<_> = (0..50).map(|_| Bell::new()).collect();
            let mut sends: Vec<_> = (0..50).map(|value| Box::pin(tx.send(value))).collect();
            for (value, (send, bell)) in sends.iter_mut().zip(&bells).enumerate() {
                assert_eq!(poll_with(send, bell).is_ready(), value < capacity);
            }
            let taken = limit.min(50);
            let mut values = vec![];
            assert_eq!(now(&rx, &mut values, limit), taken);
            assert!(values.into_iter().eq(0..taken));
            // Those whose values were taken or moved in are woken once, and the others not.
            let done = (taken + capacity).min(50);
            let rung = |at: usize| usize::from(at >= capacity && at < done);
            assert!((0..50).all(|at| bells[at].rung() == rung(at)));
            assert_eq!(rx.len(), done - taken);
        }
    }
}

#[test]
fn a_batch_that_is_dropped_has_taken_nothing_and_what_it_was_handed_goes_on() {
    for capacity in [0, 2] {
        let (tx, rx) = bounded(capacity);
        let mut values = vec![0];
        let mut batch = Box::pin(rx.recv_many(&mut values, 10));
        assert!(poll(&mut batch).is_pending());
        (1..=1 + capacity).for_each(|value| tx.try_send(value).unwrap());
        drop(batch);
        assert_eq!(values, [0]);
        assert_eq!(rx.len(), 1 + capacity);
        // It comes back before what is stored, and the next batch has it first.
        assert_eq!(now(&rx, &mut values, 10), 1 + capacity);
        assert!(values.into_iter().eq(0..2 + capacity));
    }
    let (tx, rx) = bounded(0);
    let mut values = vec![];
    let mut batch = Box::pin(rx.recv_many(&mut values, 10));
    assert!(poll(&mut batch).is_pending());
    let bell = Bell::new();
    let mut next = Box::pin(rx.recv());
    assert!(poll_with(&mut next, &bell).is_pending());
    tx.try_send(1).unwrap();
    drop(batch);
    assert_eq!(bell.rung(), 1);
    assert_eq!(poll(&mut next), Poll::Ready(Some(1)));
    assert!(values.is_empty());
}

#[test]
fn a_batch_that_was_never_polled_or_only_waited_leaves_nobody_in_the_queue() {
    let (tx, rx) = bounded(0);
    let mut values = vec![];
    drop(rx.recv_many(&mut values, 10));
    let mut batch = Box::pin(rx.recv_many(&mut values, 10));
    assert!(poll(&mut batch).is_pending());
    drop(batch);
    assert!(tx.try_send(1).is_err());
}

#[test]
fn values_that_came_back_stand_at_the_head_of_a_batch() {
    let (tx, rx) = bounded(2);
    let mut receives: Vec<_> = (0..2).map(|_| Box::pin(rx.recv())).collect();
    receives
        .iter_mut()
        .for_each(|receive| assert!(poll(receive).is_pending()));
    (0..4).for_each(|value| tx.try_send(value).unwrap());
    drop(receives);
    let mut values = vec![];
    assert_eq!(now(&rx, &mut values, 3), 3);
    assert_eq!(values, [0, 1, 2]);
}

/// Sends as much as there is room for when it is woken.
struct Refill(Sender<usize>);

impl Wake for Refill {
    fn wake(self: Arc<Self>) {
        // It takes the lock whatever the channel looks like.
        assert!(self.0.len() <= 64);
        while self.0.try_send(usize::MAX).is_ok() {}
    }
}

#[test]
fn what_is_sent_while_a_batch_takes_is_left_for_the_next() {
    let (tx, rx) = bounded(64);
    (0..64).for_each(|value| tx.try_send(value).unwrap());
    let waker = Waker::from(Arc::new(Refill(tx.clone())));
    let mut sends: Vec<_> = (64..66).map(|value| Box::pin(tx.send(value))).collect();
    for send in &mut sends {
        let polled = send.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
    }
    let mut values = vec![];
    assert_eq!(now(&rx, &mut values, usize::MAX), 66);
    assert!(values.into_iter().eq(0..66));
    assert!(rx.iter().take(rx.len()).all(|value| value == usize::MAX));
}

#[test]
fn a_waker_that_panics_under_a_batch_loses_no_value_and_no_wake_up() {
    let (tx, rx) = bounded(0);
    let (trap, bell) = (Trap::new(Set::OnWake), Bell::new());
    let mut sends: Vec<_> = (0..4).map(|value| Box::pin(tx.send(value))).collect();
    for (send, is_bad) in sends.iter_mut().zip([false, true, false, false]) {
        let polled = if is_bad {
            trap.poll(send)
        } else {
            poll_with(send, &bell)
        };
        assert!(polled.is_pending());
    }
    let mut values = vec![];
    assert_eq!(now(&rx, &mut values, 10), 4);
    assert_eq!(values, [0, 1, 2, 3]);
    assert_eq!((trap.sprung(), bell.rung()), (1, 3));
    assert!(sends.iter_mut().all(|send| poll(send).is_ready()));
}

#[test]
fn a_batch_is_one_operation_of_a_slice() {
    let runtime = Builder::new().workers(1).build().unwrap();
    runtime.run(async {
        let (tx, rx) = unbounded();
        (0..10_000).for_each(|value| tx.try_send(value).unwrap());
        let mut values = vec![];
        assert_eq!(rx.recv_many(&mut values, 10_000).await, 10_000);
        // And it does ask: a loop of batches lets others run.
        let turns = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&turns);
        let other = chango_core::spawn::spawn(async move {
            counter.fetch_add(1, Ordering::Relaxed);
        });
        let mut batches = 0;
        while turns.load(Ordering::Relaxed) == 0 {
            tx.try_send(0).unwrap();
            values.clear();
            assert_eq!(rx.recv_many(&mut values, 10).await, 1);
            batches += 1;
            assert!(batches <= 1_000);
        }
        other.await.unwrap();
    });
}

#[test]
fn batches_on_many_threads_lose_nothing_and_double_nothing() {
    const EACH: usize = 20_000;
    for capacity in [0, 3, 100, usize::MAX] {
        let (tx, rx) = bounded(capacity);
        let senders: Vec<_> = (0..3)
            .map(|id| {
                let tx = tx.clone();
                thread::spawn(move || {
                    (0..EACH).for_each(|value| tx.send_blocking((id, value)).unwrap());
                })
            })
            .collect();
        drop(tx);
        let receivers: Vec<_> = (1..=3)
            .map(|id| {
                let rx = rx.clone();
                thread::spawn(move || {
                    let mut values: Vec<(usize, usize)> = vec![];
                    loop {
                        let before = values.len();
                        let taken = block_on(rx.recv_many(&mut values, id * 30));
                        assert_eq!(values.len(), before + taken);
                        assert!(taken <= id * 30);
                        if taken == 0 {
                            return values;
                        }
                    }
                })
            })
            .collect();
        drop(rx);
        let mut all = vec![];
        for receiver in receivers {
            let values = receiver.join().unwrap();
            for id in 0..3 {
                let of_one = values.iter().filter(|value| value.0 == id);
                assert!(of_one.is_sorted());
            }
            all.extend(values);
        }
        all.sort_unstable();
        assert!(
            all.into_iter()
                .eq((0..3).flat_map(|id| (0..EACH).map(move |value| (id, value))))
        );
        senders
            .into_iter()
            .for_each(|sender| sender.join().unwrap());
    }
}
