//! Plain threads, and goroutines that block as they do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use chango_chan::{bounded, unbounded};
use chango_core::runtime::{Builder, Runtime};
use chango_core::spawn::spawn;
use futures_lite::future::block_on;

#[test]
fn plain_threads_meet_on_a_rendezvous() {
    let (tx, rx) = bounded(0);
    let sender = thread::spawn(move || {
        for value in 0..1_000 {
            tx.send_blocking(value).unwrap();
        }
        tx.send_blocking(1_000)
    });
    assert!((0..1_000).all(|value| rx.recv_blocking() == Some(value)));
    drop(rx);
    let error = sender.join().unwrap().unwrap_err();
    assert!(error.is_disconnected());
    assert_eq!(error.into_inner(), 1_000);
}

#[test]
fn threads_and_tasks_share_a_channel() {
    let (tx, rx) = bounded(1);
    let sender = thread::spawn(move || {
        block_on(async {
            for value in 0..1_000 {
                tx.send(value).await.unwrap();
            }
        });
    });
    assert_eq!(rx.iter().sum::<i32>(), (0..1_000).sum());
    sender.join().unwrap();
}

#[test]
fn a_receiver_is_iterated_by_value_and_by_reference() {
    let (tx, rx) = unbounded();
    (0..6).for_each(|value| tx.try_send(value).unwrap());
    let mut first = vec![];
    for value in &rx {
        first.push(value);
        if value == 2 {
            break;
        }
    }
    assert_eq!(first, [0, 1, 2]);
    drop(tx);
    assert_eq!(rx.into_iter().collect::<Vec<_>>(), [3, 4, 5]);
}

#[test]
fn many_threads_on_both_sides_lose_nothing() {
    const EACH: usize = 2_000;
    for capacity in [0, 1, 64] {
        let (tx, rx) = bounded(capacity);
        let senders: Vec<_> = (0..4)
            .map(|id| {
                let tx = tx.clone();
                thread::spawn(move || {
                    (0..EACH).for_each(|value| tx.send_blocking(id * EACH + value).unwrap());
                })
            })
            .collect();
        drop(tx);
        let receivers: Vec<_> = (0..4)
            .map(|_| {
                let rx = rx.clone();
                thread::spawn(move || rx.into_iter().collect::<Vec<_>>())
            })
            .collect();
        drop(rx);
        let mut all: Vec<_> = receivers
            .into_iter()
            .flat_map(|receiver| receiver.join().unwrap())
            .collect();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..4 * EACH));
        senders
            .into_iter()
            .for_each(|sender| sender.join().unwrap());
    }
}

/// Runs a test with 1, 2 and 8 workers.
fn with_workers(test: impl Fn(&Runtime)) {
    for workers in [1, 2, 8] {
        test(&Builder::new().workers(workers).build().unwrap());
    }
}

#[test]
fn goroutines_that_block_on_one_worker_meet() {
    with_workers(|runtime| {
        for capacity in [0, 1, 7] {
            let (tx, rx) = bounded(capacity);
            let sender = runtime.spawn(async move {
                for value in 0..300 {
                    tx.send_blocking(value).unwrap();
                }
                tx.send_blocking(300)
            });
            let by_recv = rx.clone();
            let sum = runtime.run(async move {
                let first: i32 = (0..100).map(|_| by_recv.recv_blocking().unwrap()).sum();
                let by_iter: i32 = by_recv.iter().take(100).sum();
                let by_value: i32 = by_recv.into_iter().take(100).sum();
                first + by_iter + by_value
            });
            assert_eq!(sum, (0..300).sum());
            drop(rx);
            let left = runtime.block_on(sender).unwrap();
            assert!(capacity > 0 || left.is_err_and(|error| error.is_disconnected()));
        }
    });
}

#[test]
fn goroutines_that_block_and_goroutines_that_await_share_a_channel() {
    const EACH: usize = 500;
    with_workers(|runtime| {
        for capacity in [0, 1, 64] {
            let (tx, rx) = bounded(capacity);
            let (sums, all_sums) = unbounded();
            for blocks in [false, true] {
                let (tx, rx, sums) = (tx.clone(), rx.clone(), sums.clone());
                let send = async move {
                    for value in 0..EACH {
                        if blocks {
                            tx.send_blocking(value).unwrap();
                        } else {
                            tx.send(value).await.unwrap();
                        }
                    }
                };
                let receive = async move {
                    let mut sum = 0;
                    loop {
                        let received = if blocks {
                            rx.recv_blocking()
                        } else {
                            rx.recv().await
                        };
                        match received {
                            Some(value) => sum += value,
                            None => break sums.send_blocking(sum).unwrap(),
                        }
                    }
                };
                runtime.spawn(send).detach();
                runtime.spawn(receive).detach();
            }
            drop((tx, rx, sums));
            assert_eq!(all_sums.iter().sum::<usize>(), EACH * (EACH - 1));
        }
    });
}

#[test]
fn a_goroutine_that_blocks_and_never_awaits_keeps_nobody_waiting() {
    let runtime = Builder::new().workers(1).build().unwrap();
    let (tx, rx) = unbounded();
    let others = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&others);
    runtime.run(async move {
        for _ in 0..10 {
            let others = Arc::clone(&others);
            spawn(async move { others.fetch_add(1, Ordering::Relaxed) }).detach();
        }
        // Every turn is ready, and the goroutine never comes to an `.await`.
        while others.load(Ordering::Relaxed) < 10 {
            tx.send_blocking(1).unwrap();
            assert_eq!(rx.recv_blocking(), Some(1));
        }
    });
    assert_eq!(seen.load(Ordering::Relaxed), 10);
}
