//! Section 3: both ends of a channel, method by method, and the rules of closing and dropping.

use std::error::Error;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use chango::chan::{
    Receive, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError,
    WeakReceiver, WeakSender, never, recv_any,
};
use chango::prelude::*;
use chango::task;
use futures_lite::StreamExt;
use futures_lite::future::{Boxed, block_on, poll_once};

use crate::workers::{on, on_workers};

const MS: Duration = Duration::from_millis(1);

/// A channel that holds as much as it can without growing for ever.
fn full(capacity: usize) -> (Sender<usize>, Receiver<usize>) {
    let (tx, rx) = bounded(capacity);
    (0..capacity).for_each(|i| tx.try_send(i).unwrap());
    (tx, rx)
}

/// Counts how often it was dropped.
struct OnDrop(Arc<AtomicUsize>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

mod kinds {
    use super::*;

    #[test]
    fn a_rendezvous_hands_over_and_holds_nothing() {
        on_workers(|| async {
            co! {
                let (tx, rx) = bounded(0);
                assert!(tx.is_full() && rx.is_full() && tx.is_empty() && rx.is_empty());
                assert_eq!((tx.len(), tx.capacity()), (0, Some(0)));
                let steps = Arc::new(AtomicUsize::new(0));
                let sender = go! { clone steps;
                    for i in 0..10 {
                        tx <- i;
                        // The receiver has taken it, and not asked for the next yet.
                        steps.fetch_add(1, Ordering::Relaxed);
                    }
                };
                for i in 0..10 {
                    assert!(steps.load(Ordering::Relaxed) <= i);
                    assert_eq!(<-rx, Some(i));
                }
                (<-sender).unwrap();
                assert_eq!(<-rx, None);
            }
        });
    }

    #[test]
    fn a_bounded_channel_is_full_at_its_capacity() {
        on(1, async {
            for capacity in [1, 2, 3, 7, 64, 1_000] {
                let (tx, rx) = full(capacity);
                assert!(tx.is_full() && rx.is_full() && !rx.is_empty());
                assert!(matches!(tx.try_send(0), Err(TrySendError::Full(0))));
                assert_eq!(rx.try_recv(), Ok(0));
                assert!(!tx.is_full());
                tx.try_send(capacity).unwrap();
                let rest: Vec<_> = std::iter::from_fn(|| rx.try_recv().ok()).collect();
                assert_eq!(rest, (1..=capacity).collect::<Vec<_>>());
            }
        });
    }

    #[test]
    fn an_unbounded_channel_is_never_full() {
        on_workers(|| async {
            co! {
                let (tx, rx) = unbounded();
                for burst in 0..3 {
                    for i in 0..10_000 { tx <- i; }
                    assert_eq!((tx.len(), tx.is_full(), tx.capacity()), (10_000, false, None));
                    for i in 0..10_000 { assert_eq!(<-rx, Some(i), "in burst {burst}"); }
                    assert!(rx.is_empty());
                }
            }
        });
    }

    #[test]
    fn never_gives_nothing_and_never_ends() {
        on_workers(|| async {
            co! {
                let quiet = never::<i32>();
                assert_eq!(quiet.try_recv(), Err(TryRecvError::Empty));
                assert!(!quiet.is_closed());
                assert_eq!(quiet.recv_timeout(MS).await, Err(RecvTimeoutError::Timeout));
                let (tx, rx) = bounded(1);
                for i in 0..100 {
                    tx <- i;
                    let got = select! {
                        _ = <-quiet => None,
                        v = <-rx => v,
                    };
                    assert_eq!(got, Some(i));
                }
                let idle = select! { _ = <-quiet => false, default => true };
                assert!(idle);
            }
        });
    }

    #[test]
    fn both_ends_are_send_and_sync_where_the_values_are_send() {
        fn both<T: Send + Sync + Clone>(_: &T) {}
        let (tx, rx) = bounded::<std::cell::Cell<i32>>(1);
        both(&tx);
        both(&rx);
    }

    #[test]
    fn the_clones_are_ends_of_the_same_channel() {
        let (tx, rx) = bounded::<i32>(1);
        let (other_tx, other_rx) = bounded::<i32>(1);
        assert_eq!((tx.sender_count(), tx.receiver_count()), (1, 1));
        let (tx2, rx2, rx3) = (tx.clone(), rx.clone(), rx.clone());
        assert_eq!((rx.sender_count(), rx.receiver_count()), (2, 3));
        assert!(tx.same_channel(&tx2) && rx2.same_channel(&rx3));
        assert!(!tx.same_channel(&other_tx) && !rx.same_channel(&other_rx));
        drop((tx2, rx3));
        assert_eq!((rx.sender_count(), tx.receiver_count()), (1, 2));
    }
}

mod operations {
    use super::*;

    #[test]
    fn try_send_and_try_recv_say_what_is_the_matter() {
        let (tx, rx) = bounded(1);
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        tx.try_send(1).unwrap();
        assert!(matches!(tx.try_send(2), Err(TrySendError::Full(2))));
        tx.close();
        assert!(matches!(tx.try_send(3), Err(TrySendError::Closed(3))));
        assert_eq!(rx.try_recv(), Ok(1));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    }

    #[test]
    fn send_timeout_gives_the_value_back() {
        on_workers(|| async {
            let (tx, rx) = bounded(1);
            assert!(tx.send_timeout("a", MS).await.is_ok());
            let start = Instant::now();
            let error = tx.send_timeout("b", 10 * MS).await.unwrap_err();
            assert!(start.elapsed() >= 10 * MS);
            assert!(matches!(error, SendTimeoutError::Timeout("b")));
            assert_eq!(error.into_inner(), "b");
            rx.close();
            let error = tx.send_timeout("c", Duration::MAX).await.unwrap_err();
            assert!(matches!(error, SendTimeoutError::Closed("c")));
            assert_eq!(rx.try_recv(), Ok("a"));
            assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
        });
    }

    #[test]
    fn recv_timeout_says_why_there_is_nothing() {
        on_workers(|| async {
            let (tx, rx) = bounded(1);
            let start = Instant::now();
            assert_eq!(
                rx.recv_timeout(10 * MS).await,
                Err(RecvTimeoutError::Timeout)
            );
            assert!(start.elapsed() >= 10 * MS);
            tx.try_send(1).unwrap();
            drop(tx);
            assert_eq!(rx.recv_timeout(Duration::MAX).await, Ok(1));
            assert_eq!(rx.recv_timeout(MS).await, Err(RecvTimeoutError::Closed));
        });
    }

    #[test]
    fn recv_many_waits_for_one_and_takes_up_to_its_limit() {
        on_workers(|| async {
            let (tx, rx) = unbounded();
            let mut values = Vec::new();
            assert_eq!(rx.recv_many(&mut values, 0).await, 0);
            (0..1_000).for_each(|i| tx.try_send(i).unwrap());
            assert_eq!(rx.recv_many(&mut values, 0).await, 0);
            assert_eq!(rx.recv_many(&mut values, 10).await, 10);
            // More than a slice has operations, and with what it found before it.
            assert_eq!(rx.recv_many(&mut values, 2_000).await, 990);
            assert_eq!(values, (0..1_000).collect::<Vec<_>>());
            values.clear();
            let waiting = go! { clone rx;
                let mut values = Vec::new();
                let taken = rx.recv_many(&mut values, 5).await;
                (taken, values)
            };
            task::yield_now().await;
            tx.try_send(7).unwrap();
            assert_eq!(waiting.await.unwrap(), (1, vec![7]));
            tx.try_send(8).unwrap();
            drop(tx);
            assert_eq!(rx.recv_many(&mut values, 5).await, 1);
            assert_eq!(rx.recv_many(&mut values, 5).await, 0);
            assert_eq!(values, [8]);
        });
    }

    #[test]
    fn recv_many_takes_from_senders_that_wait_and_lets_them_go() {
        on_workers(|| async {
            for capacity in [0, 1, 3] {
                let (tx, rx) = bounded(capacity);
                let mut sends: Vec<Boxed<_>> = Vec::new();
                for i in 0..10 {
                    let tx = tx.clone();
                    let mut send: Boxed<_> = Box::pin(async move { tx.send(i).await });
                    if poll_once(&mut send).await.is_none() {
                        sends.push(send);
                    }
                }
                let mut values = Vec::new();
                assert_eq!(rx.recv_many(&mut values, 100).await, 10);
                assert_eq!(values, (0..10).collect::<Vec<_>>());
                for send in sends {
                    assert!(send.await.is_ok());
                }
            }
        });
    }

    #[test]
    fn plain_threads_block_and_iterate() {
        for capacity in [0, 1, 10] {
            let (tx, rx) = bounded(capacity);
            let other = rx.clone();
            let sender = thread::spawn(move || {
                for i in 0..300 {
                    tx.send_blocking(i).unwrap();
                }
            });
            let by_iter = thread::spawn(move || other.iter().take(100).collect::<Vec<_>>());
            let by_recv: Vec<_> = (0..100).map(|_| rx.recv_blocking().unwrap()).collect();
            let mut all = by_iter.join().unwrap();
            all.extend(by_recv);
            // The rest, by the loop that an owned receiver is.
            for v in rx {
                all.push(v);
            }
            sender.join().unwrap();
            all.sort_unstable();
            assert_eq!(all, (0..300).collect::<Vec<_>>());
        }
        let (tx, rx) = bounded::<i32>(1);
        rx.close();
        assert_eq!(tx.send_blocking(1).unwrap_err().into_inner(), 1);
        assert_eq!(rx.recv_blocking(), None);
        assert_eq!((&rx).into_iter().count(), 0);
    }

    #[test]
    fn a_receiver_is_a_stream() {
        on_workers(|| async {
            let (tx, rx) = bounded(0);
            go! { for i in 0..10 { tx <- i; } };
            let squares: Vec<i32> = rx
                .map(|v| v * v)
                .filter(|v| v % 2 == 0)
                .collect::<Vec<_>>()
                .await;
            assert_eq!(squares, [0, 4, 16, 36, 64]);
        });
    }

    #[test]
    fn a_channel_works_from_any_executor_and_from_threads_at_once() {
        on_workers(|| async {
            let (tx, rx) = bounded(1);
            let (back_tx, back) = bounded(0);
            let plain = {
                let (rx, back_tx) = (rx.clone(), back_tx.clone());
                thread::spawn(move || rx.iter().for_each(|v| back_tx.send_blocking(v).unwrap()))
            };
            let executor = {
                let (rx, back_tx) = (rx.clone(), back_tx.clone());
                thread::spawn(move || {
                    block_on(async {
                        co! { for v in <-rx { back_tx <- v; } }
                    });
                })
            };
            chango::go(async move {
                co! { for v in <-rx { back_tx <- v; } }
            });
            go! { for i in 0..600 { tx <- i; } };
            let mut all = Vec::new();
            co! { for v in <-back { all.push(v); } }
            all.sort_unstable();
            assert_eq!(all, (0..600).collect::<Vec<_>>());
            plain.join().unwrap();
            executor.join().unwrap();
        });
    }
}

mod any_of_many {
    use super::*;

    fn many(count: usize, capacity: usize) -> (Vec<Sender<usize>>, Vec<Receiver<usize>>) {
        (0..count).map(|_| bounded(capacity)).unzip()
    }

    #[test]
    fn it_gives_the_place_and_what_came_there() {
        on_workers(|| async {
            for count in [1, 2, 40, 1_000] {
                let (senders, receivers) = many(count, 1);
                for at in [0, count / 2, count - 1] {
                    senders[at].try_send(at).unwrap();
                    assert_eq!(recv_any(&receivers).await, (at, Some(at)));
                    let theirs = receivers.clone();
                    let waiting = go! { recv_any(&theirs).await };
                    task::yield_now().await;
                    senders[at].send(at + 1).await.unwrap();
                    assert_eq!(waiting.await.unwrap(), (at, Some(at + 1)));
                }
                drop(senders);
                assert!(matches!(recv_any(&receivers).await, (_, None)));
            }
        });
    }

    #[test]
    fn none_of_an_empty_slice_is_ever_ready() {
        on_workers(|| async {
            assert!(poll_once(recv_any::<i32>(&[])).await.is_none());
            let late = chango::time::timeout(MS, recv_any::<i32>(&[])).await;
            assert!(late.is_err());
        });
    }

    #[test]
    fn every_ready_one_has_its_turn_and_the_others_lose_nothing() {
        on(1, async {
            let (senders, receivers) = many(5, 1);
            let mut counts = [0; 5];
            for _ in 0..5_000 {
                for at in [0, 2, 4] {
                    let _ = senders[at].try_send(at);
                }
                let (at, value) = recv_any(&receivers).await;
                assert_eq!(value, Some(at));
                assert_eq!(receivers.iter().map(Receiver::len).sum::<usize>(), 2);
                counts[at] += 1;
            }
            // A third each, give or take eight standard deviations.
            let fair = |count: usize| (1_400..1_934).contains(&count);
            assert!(
                fair(counts[0]) && fair(counts[2]) && fair(counts[4]),
                "{counts:?}"
            );
        });
    }

    #[test]
    fn the_same_receiver_may_be_there_twice() {
        on_workers(|| async {
            let (tx, rx) = bounded(4);
            let receivers = [rx.clone(), rx];
            (0..4).for_each(|i| tx.try_send(i).unwrap());
            for i in 0..4 {
                assert_eq!(recv_any(&receivers).await.1, Some(i));
            }
            let theirs = receivers.clone();
            let waiting = go! { recv_any(&theirs).await.1 };
            task::yield_now().await;
            (4..6).for_each(|i| tx.try_send(i).unwrap());
            assert_eq!(waiting.await.unwrap(), Some(4));
            assert_eq!(receivers[0].try_recv(), Ok(5));
        });
    }

    #[test]
    fn a_dropped_one_gives_on_what_it_was_handed() {
        on(1, async {
            for capacity in [0, 2] {
                let (senders, receivers) = many(3, capacity);
                {
                    let mut any = pin!(recv_any(&receivers));
                    assert!(poll_once(any.as_mut()).await.is_none());
                    (0..=capacity).for_each(|i| senders[1].try_send(i).unwrap());
                }
                for i in 0..=capacity {
                    assert_eq!(recv_any(&receivers).await, (1, Some(i)));
                }
                // And it waits nowhere any more.
                assert!(receivers.iter().all(Receiver::is_empty));
            }
        });
    }

    #[test]
    fn many_goroutines_merge_many_channels() {
        on_workers(|| async {
            let (senders, receivers) = many(20, 0);
            let (out_tx, out) = unbounded();
            for (id, tx) in senders.into_iter().enumerate() {
                go! { for i in 0..50 { tx <- id * 50 + i; } };
            }
            for _ in 0..3 {
                let (mut receivers, out_tx) = (receivers.clone(), out_tx.clone());
                go! {
                    while !receivers.is_empty() {
                        match recv_any(&receivers).await {
                            (_, Some(v)) => { out_tx <- v; }
                            (at, None) => drop(receivers.swap_remove(at)),
                        }
                    }
                };
            }
            drop((receivers, out_tx));
            let mut all: Vec<_> = out.collect().await;
            all.sort_unstable();
            assert_eq!(all, (0..1_000).collect::<Vec<_>>());
        });
    }
}

mod order {
    use super::*;

    #[test]
    fn values_come_in_the_order_in_which_sends_committed() {
        on(1, async {
            for capacity in [0, 1, 3] {
                let (tx, rx) = bounded(capacity);
                // The first fill the buffer, the others wait, in this order.
                let mut sends: Vec<Boxed<Result<(), SendError<usize>>>> = Vec::new();
                for i in 0..10 {
                    let tx = tx.clone();
                    let mut send: Boxed<_> = Box::pin(async move { tx.send(i).await });
                    let sent = poll_once(&mut send).await;
                    assert_eq!(sent.is_some(), i < capacity);
                    if sent.is_none() {
                        sends.push(send);
                    }
                }
                for i in 0..10 {
                    assert_eq!(rx.recv().await, Some(i));
                }
                for send in sends {
                    assert!(send.await.is_ok());
                }
            }
        });
    }

    #[test]
    fn receivers_are_served_in_the_order_in_which_they_began_to_wait() {
        on(1, async {
            for capacity in [0, 5] {
                let (tx, rx) = bounded(capacity);
                let mut receives: Vec<Boxed<Option<i32>>> = Vec::new();
                for _ in 0..5 {
                    let rx = rx.clone();
                    let mut receive: Boxed<_> = Box::pin(async move { rx.recv().await });
                    assert!(poll_once(&mut receive).await.is_none());
                    receives.push(receive);
                }
                for i in 0..5 {
                    tx.try_send(i).unwrap();
                }
                // Polled in another order: what each gets was settled when it was sent.
                for (i, receive) in receives.into_iter().enumerate().rev() {
                    assert_eq!(receive.await, Some(i as i32));
                }
            }
        });
    }
}

mod closing {
    use super::*;

    #[test]
    fn either_end_closes_once() {
        let (tx, rx) = bounded::<i32>(0);
        assert!(tx.close() && !tx.close() && !rx.close());
        assert!(tx.is_closed() && rx.is_closed());
        let (tx, rx) = bounded::<i32>(0);
        assert!(rx.close() && !tx.close());
        assert!(tx.is_closed() && rx.is_closed());
    }

    #[test]
    fn waiting_senders_get_their_values_back() {
        on_workers(|| async {
            for by_receiver in [false, true] {
                let (tx, rx) = full(2);
                let waiting: Vec<_> = (10..15).map(|i| go! { clone tx; (tx <- i) }).collect();
                task::yield_now().await;
                assert!(if by_receiver { rx.close() } else { tx.close() });
                for (sender, i) in waiting.into_iter().zip(10..) {
                    let error = sender.await.unwrap().unwrap_err();
                    assert_eq!(error.is_disconnected(), by_receiver);
                    assert_eq!(error.into_inner(), i);
                }
                let drained: Vec<_> = rx.iter_now().collect();
                assert_eq!(drained, [0, 1]);
                assert_eq!(rx.recv().await, None);
            }
        });
    }

    /// What can be received without waiting.
    trait IterNow<T> {
        fn iter_now(&self) -> impl Iterator<Item = T>;
    }

    impl<T> IterNow<T> for Receiver<T> {
        fn iter_now(&self) -> impl Iterator<Item = T> {
            std::iter::from_fn(|| self.try_recv().ok())
        }
    }

    #[test]
    fn the_last_sender_closes_and_the_rest_is_drained() {
        on_workers(|| async {
            let (tx, rx) = full(3);
            let tx2 = tx.clone();
            drop(tx);
            assert!(!rx.is_closed());
            tx2.close();
            drop(tx2);
            assert!(rx.is_closed());
            for i in 0..3 {
                assert_eq!(rx.recv().await, Some(i));
            }
            assert_eq!(rx.recv().await, None);
            let (tx, rx) = bounded::<i32>(0);
            let waiting = go! { clone rx; <-rx };
            task::yield_now().await;
            drop(tx);
            assert_eq!(waiting.await.unwrap(), None);
        });
    }

    #[test]
    fn the_last_receiver_closes_and_what_is_buffered_is_dropped_at_once() {
        on_workers(|| async {
            let dropped = Arc::new(AtomicUsize::new(0));
            for kind in 0..2 {
                dropped.store(0, Ordering::Relaxed);
                let (tx, rx) = if kind == 0 { bounded(3) } else { unbounded() };
                for _ in 0..3 {
                    assert!(tx.try_send(OnDrop(dropped.clone())).is_ok());
                }
                let rx2 = rx.clone();
                drop(rx);
                assert!(!tx.is_closed());
                assert_eq!(dropped.load(Ordering::Relaxed), 0);
                drop(rx2);
                assert!(tx.is_closed() && tx.is_empty());
                assert_eq!(dropped.load(Ordering::Relaxed), 3);
                let error = tx.send(OnDrop(dropped.clone())).await.unwrap_err();
                assert!(error.is_disconnected());
                drop(error.into_inner());
                assert_eq!(dropped.load(Ordering::Relaxed), 4);
            }
        });
    }

    #[test]
    fn what_the_receiving_end_closed_is_still_drained() {
        on(1, async {
            let (tx, rx) = full(2);
            rx.close();
            assert!(tx.send(9).await.unwrap_err().is_disconnected());
            assert_eq!((rx.recv().await, rx.recv().await), (Some(0), Some(1)));
            assert_eq!(rx.recv().await, None);
        });
    }
}

mod weak_ends {
    use super::*;

    #[test]
    fn a_weak_end_does_not_keep_the_channel_open() {
        on_workers(|| async {
            let (tx, rx) = bounded::<i32>(1);
            let weak: WeakSender<i32> = tx.downgrade();
            let waiting = go! { clone rx; <-rx };
            task::yield_now().await;
            drop(tx);
            assert_eq!(waiting.await.unwrap(), None);
            assert!(rx.is_closed() && weak.upgrade().is_none());

            let dropped = Arc::new(AtomicUsize::new(0));
            let (tx, rx) = bounded(2);
            assert!(tx.try_send(OnDrop(dropped.clone())).is_ok());
            let weak: WeakReceiver<OnDrop> = rx.downgrade();
            drop(rx);
            assert_eq!(dropped.load(Ordering::Relaxed), 1);
            assert!(tx.is_closed() && weak.upgrade().is_none());
        });
    }

    #[test]
    fn what_is_upgraded_is_an_end_and_keeps_it_open() {
        on_workers(|| async {
            let (tx, rx) = bounded(1);
            let (weak_tx, weak_rx) = (tx.downgrade(), rx.downgrade());
            let (tx2, rx2) = (weak_tx.upgrade().unwrap(), weak_rx.upgrade().unwrap());
            assert!(tx2.same_channel(&tx) && rx2.same_channel(&rx));
            assert_eq!((tx.sender_count(), tx.receiver_count()), (2, 2));
            drop((tx, rx));
            co! {
                tx2 <- 7;
                assert_eq!(<-rx2, Some(7));
            }
            assert!(weak_tx.clone().upgrade().is_some() && weak_rx.clone().upgrade().is_some());
            drop(tx2);
            assert_eq!(rx2.recv().await, None);
            assert!(weak_tx.upgrade().is_none());
        });
    }

    /// Whoever gets a sender has an open channel, and what it sends arrives.
    #[test]
    fn an_upgrade_never_opens_a_channel_again() {
        on_workers(|| async {
            for _ in 0..300 {
                let (tx, rx) = unbounded();
                let weak = tx.downgrade();
                let upgrade = go! { clone weak; weak.upgrade().map(|tx| tx.try_send(1)) };
                let last = go! { drop(tx); };
                let sent = upgrade.await.unwrap();
                last.await.unwrap();
                assert_ne!(sent, Some(Err(TrySendError::Closed(1))));
                assert_eq!(rx.recv().await, sent.map(|_| 1));
                assert_eq!(rx.recv().await, None);
                assert!(weak.upgrade().is_none());
            }
        });
    }

    #[test]
    fn weak_ends_are_send_and_sync_and_can_be_cloned_and_shown() {
        fn all<T: Send + Sync + Clone + std::fmt::Debug>(end: &T, name: &str) {
            assert!(format!("{:?}", end.clone()).contains(name));
        }
        let (tx, rx) = bounded::<std::cell::Cell<i32>>(1);
        all(&tx.downgrade(), "WeakSender");
        all(&rx.downgrade(), "WeakReceiver");
    }
}

mod dropped_futures {
    use super::*;

    type Receiving = Pin<Box<dyn Future<Output = Option<i32>> + Send>>;

    async fn receiving(rx: &Receiver<i32>, count: usize) -> Vec<Receiving> {
        let mut all: Vec<Receiving> = Vec::new();
        for _ in 0..count {
            let rx = rx.clone();
            let mut one: Receiving = Box::pin(async move { rx.recv().await });
            assert!(poll_once(&mut one).await.is_none());
            all.push(one);
        }
        all
    }

    #[test]
    fn a_value_that_was_not_handed_over_goes_down_with_its_send() {
        on(1, async {
            let dropped = Arc::new(AtomicUsize::new(0));
            let (tx, rx) = bounded(0);
            {
                let mut send = pin!(tx.send(OnDrop(dropped.clone())));
                assert!(poll_once(send.as_mut()).await.is_none());
                assert_eq!(dropped.load(Ordering::Relaxed), 0);
            }
            assert_eq!(dropped.load(Ordering::Relaxed), 1);
            assert!(rx.try_recv().is_err());
        });
    }

    #[test]
    fn a_value_handed_to_a_dropped_receive_goes_to_the_next() {
        on(1, async {
            for capacity in [0, 1, 4] {
                let (tx, rx) = bounded(capacity);
                let mut waiting = receiving(&rx, 3).await;
                tx.try_send(1).unwrap();
                drop(waiting.remove(0));
                tx.try_send(2).unwrap();
                let second = waiting.pop().unwrap();
                let first = waiting.pop().unwrap();
                assert_eq!((first.await, second.await), (Some(1), Some(2)));
            }
        });
    }

    #[test]
    fn a_dropped_recv_many_has_taken_nothing() {
        on(1, async {
            for capacity in [0, 2] {
                let (tx, rx) = bounded(capacity);
                let mut values = vec![-1];
                {
                    let mut batch = pin!(rx.recv_many(&mut values, 10));
                    assert!(poll_once(batch.as_mut()).await.is_none());
                    (0..=capacity as i32).for_each(|i| tx.try_send(i).unwrap());
                }
                assert_eq!(values, [-1]);
                assert_eq!(rx.recv_many(&mut values, 10).await, 1 + capacity);
                assert_eq!(values, (-1..=capacity as i32).collect::<Vec<_>>());
            }
        });
    }

    #[test]
    fn where_none_waits_values_come_back_in_the_order_in_which_they_were_sent() {
        on(1, async {
            for capacity in [0, 2] {
                for order in [
                    [0, 1, 2],
                    [0, 2, 1],
                    [1, 0, 2],
                    [1, 2, 0],
                    [2, 0, 1],
                    [2, 1, 0],
                ] {
                    let (tx, rx) = bounded(capacity);
                    let mut waiting: Vec<_> =
                        receiving(&rx, 3).await.into_iter().map(Some).collect();
                    (0..3).for_each(|i| tx.try_send(i).unwrap());
                    (3..3 + capacity as i32).for_each(|i| tx.try_send(i).unwrap());
                    for i in order {
                        drop(waiting[i].take());
                    }
                    // More than there is room for, and senders wait until it is gone.
                    assert_eq!((rx.len(), tx.len()), (3 + capacity, 3 + capacity));
                    assert!(tx.is_full() && !rx.is_empty());
                    assert!(matches!(tx.try_send(9), Err(TrySendError::Full(9))));
                    assert!(poll_once(tx.send(9)).await.is_none());
                    for i in 0..3 + capacity as i32 {
                        assert_eq!(rx.try_recv(), Ok(i), "dropped in the order {order:?}");
                    }
                    assert!(rx.is_empty());
                }
            }
        });
    }

    #[test]
    fn what_came_back_to_a_closed_channel_is_drained() {
        on(1, async {
            let (tx, rx) = bounded(0);
            let waiting = receiving(&rx, 2).await;
            tx.try_send(1).unwrap();
            tx.close();
            drop(waiting);
            assert_eq!((rx.recv().await, rx.recv().await), (Some(1), None));
        });
    }

    #[test]
    fn an_aborted_goroutine_loses_nothing() {
        on_workers(|| async {
            for _ in 0..200 {
                let (tx, rx) = bounded(0);
                let victim = go! { clone rx; <-rx };
                let sender = go! { tx <- 1; };
                victim.abort();
                let got = match victim.await {
                    Ok(got) => got,
                    Err(_) => rx.recv().await,
                };
                assert_eq!(got, Some(1));
                sender.await.unwrap();
            }
        });
    }
}

mod errors {
    use super::*;

    /// No `Debug`, no `Display`, nothing.
    struct Plain(i32);

    fn assert_error<E: Error + Send + Sync + 'static>(error: E, word: &str) -> E {
        assert!(error.to_string().contains(word), "{error}");
        assert!(!format!("{error:?}").is_empty());
        error
    }

    #[test]
    fn they_are_errors_and_give_the_value_back() {
        on_workers(|| async {
            let (tx, rx) = bounded(0);
            let full = assert_error(tx.try_send(Plain(1)).err().unwrap(), "full");
            assert_eq!(full.into_inner().0, 1);
            let late = tx.send_timeout(Plain(2), MS).await.err().unwrap();
            assert_eq!(assert_error(late, "time").into_inner().0, 2);
            assert_error(rx.try_recv().err().unwrap(), "empty");
            assert_error(rx.recv_timeout(MS).await.err().unwrap(), "time");
            tx.close();
            let closed = assert_error(tx.try_send(Plain(3)).err().unwrap(), "closed");
            assert_eq!(closed.into_inner().0, 3);
            let closed = assert_error(tx.send(Plain(4)).await.err().unwrap(), "closed");
            assert_eq!(closed.into_inner().0, 4);
            assert_error(rx.try_recv().err().unwrap(), "closed");
            assert_error(rx.recv_timeout(MS).await.err().unwrap(), "closed");
        });
    }
}

mod the_trait_receive {
    use super::*;

    /// Anything that can stand behind an arrow.
    async fn take<R: Receive>(from: &R) -> R::Output {
        co! { <-*from }
    }

    #[test]
    fn what_implements_it() {
        on_workers(|| async {
            let (tx, rx) = bounded(4);
            (0..4).for_each(|i| tx.try_send(i).unwrap());
            assert_eq!(take(&rx).await, Some(0));
            assert_eq!(take(&&rx).await, Some(1));
            let some = Some(rx.clone());
            assert_eq!(take(&some).await, Some(2));
            assert_eq!(take(&some.as_ref()).await, Some(3));
            assert!(poll_once(take(&None::<Receiver<i32>>)).await.is_none());
            let start = Instant::now();
            assert!(take(&after(MS)).await >= start + MS);
            assert!(take(&tick(MS)).await >= start + MS);
            assert_eq!(take(&go! { 5 }).await.unwrap(), 5);
            assert!(take(&Some(after(MS))).await >= start + MS);
        });
    }

    #[test]
    fn it_needs_no_static_values() {
        let text = String::from("borrowed");
        let (tx, rx) = bounded::<&str>(1);
        tx.try_send(&text).unwrap();
        assert_eq!(block_on(take(&rx)), Some("borrowed"));
    }
}
