//! The selects of runtime/chan_test.go and of test/chan.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use chango::chan::{Receiver, Sender};
use chango::prelude::*;
use chango::task;
use futures_lite::future::{block_on, poll_once};

use crate::until::until;
use crate::workers::{on, on_workers};

/// TestNonblockSelectRace: at each moment one of two channels holds a value.
#[test]
fn one_of_two_channels_is_always_ready() {
    on_workers(|| async {
        co! {
            for _ in 0..2_000 {
                let (tx1, rx1) = bounded(1);
                let (tx2, rx2) = bounded(1);
                tx1 <- 1;
                let ready = go! { clone rx1, rx2;
                    select! { <-rx1 => true, <-rx2 => true, default => false }
                };
                tx2 <- 1;
                select! { <-rx1 => {} default => {} }
                assert!((<-ready).unwrap(), "no channel was ready");
            }
        }
    });
}

/// TestNonblockSelectRace2: the same, where the second becomes ready by being closed.
#[test]
fn one_of_two_channels_is_ready_while_one_is_closed() {
    on_workers(|| async {
        co! {
            for _ in 0..2_000 {
                let (tx1, rx1) = bounded(1);
                let (tx2, rx2) = bounded::<i32>(0);
                tx1 <- 1;
                let ready = go! { clone rx1, rx2;
                    select! { <-rx1 => true, <-rx2 => true, default => false }
                };
                tx2.close();
                select! { <-rx1 => {} default => {} }
                assert!((<-ready).unwrap(), "no channel was ready");
            }
        }
    });
}

/// TestSelfSelect: two goroutines that both send and receive on one channel in one select. None
/// receives what it sent itself on a rendezvous.
#[test]
fn a_select_never_pairs_with_itself() {
    on_workers(|| async {
        co! {
            for capacity in [0, 10] {
                let (tx, rx) = bounded(capacity);
                let both: Vec<_> = [0, 1].into_iter().map(|me| {
                    go! { clone tx, rx;
                        for i in 0..1_000 {
                            if me == 0 || i % 2 == 0 {
                                select! {
                                    tx <- me => {}
                                    v = <-rx => assert!(capacity > 0 || v != Some(me)),
                                }
                            } else {
                                select! {
                                    v = <-rx => assert!(capacity > 0 || v != Some(me)),
                                    tx <- me => {}
                                }
                            }
                        }
                    }
                }).collect();
                for goroutine in both { (<-goroutine).unwrap(); }
            }
        }
    });
}

/// TestSelfSelect, alone: with nobody else there, such a select waits.
#[test]
fn a_select_alone_on_both_ends_of_a_rendezvous_waits() {
    on(1, async {
        let (tx, rx) = bounded(0);
        for _ in 0..100 {
            let selected = poll_once(async {
                select! { tx <- 1 => "sent", <-rx => "received", <-rx => "received" }
            });
            assert_eq!(selected.await, None);
        }
        assert!(rx.try_recv().is_err() && rx.is_empty());
    });
}

/// TestSelectStress: plain senders and receivers on four channels, and a select over all four for
/// each direction, whose arms become nil when they have done their share.
#[test]
fn plain_operations_and_selects_on_four_channels() {
    const EACH: usize = 5_000;
    on_workers(|| async {
        co! {
            let (senders, receivers): (Vec<Sender<usize>>, Vec<Receiver<usize>>) =
                [0, 0, 2, 3].into_iter().map(bounded).unzip();
            let mut goroutines = Vec::new();
            for (tx, rx) in senders.iter().cloned().zip(receivers.iter().cloned()) {
                goroutines.push(go! { for _ in 0..EACH { tx <- 0; } });
                goroutines.push(go! { for _ in 0..EACH { assert!((<-rx).is_some()); } });
            }
            goroutines.push(go! {
                let mut tx: Vec<Option<Sender<usize>>> = senders.into_iter().map(Some).collect();
                let mut sent = [0; 4];
                for _ in 0..4 * EACH {
                    let arm = select! {
                        tx[3] <- 0 => 3,
                        tx[2] <- 0 => 2,
                        tx[0] <- 0 => 0,
                        tx[1] <- 0 => 1,
                    };
                    sent[arm] += 1;
                    if sent[arm] == EACH { tx[arm] = None; }
                }
                assert_eq!(sent, [EACH; 4]);
            });
            goroutines.push(go! {
                let mut rx: Vec<Option<Receiver<usize>>> =
                    receivers.into_iter().map(Some).collect();
                let mut received = [0; 4];
                for _ in 0..4 * EACH {
                    let (arm, v) = select! {
                        v = <-rx[0] => (0, v),
                        v = <-rx[1] => (1, v),
                        v = <-rx[2] => (2, v),
                        v = <-rx[3] => (3, v),
                    };
                    assert!(v.is_some(), "nothing closes these channels");
                    received[arm] += 1;
                    if received[arm] == EACH { rx[arm] = None; }
                }
                assert_eq!(received, [EACH; 4]);
            });
            for goroutine in goroutines { (<-goroutine).unwrap(); }
        }
    });
}

/// TestSelectFairness: two arms that are always ready win equally often, whatever else is there.
#[test]
fn ready_arms_win_equally_often() {
    const TRIALS: usize = 10_000;
    on_workers(|| async {
        co! {
            let (tx1, rx1) = bounded(TRIALS + 1);
            let (tx2, rx2) = bounded(TRIALS + 1);
            for _ in 0..=TRIALS { tx1 <- 1; tx2 <- 2; }
            let (_tx3, rx3) = bounded::<i32>(0);
            let (_tx4, rx4) = bounded::<i32>(0);
            let (out_tx, out) = bounded(0);
            let (done_tx, done) = bounded::<()>(0);
            let goroutine = go! {
                loop {
                    let v = select! {
                        v = <-rx3 => v,
                        v = <-rx4 => v,
                        v = <-rx1 => v,
                        v = <-rx2 => v,
                    };
                    select! {
                        out_tx <- v.unwrap() => {}
                        <-done => break,
                    }
                }
            };
            let mut counts = [0_usize; 3];
            for _ in 0..TRIALS { counts[(<-out).unwrap() as usize] += 1; }
            done_tx.close();
            (<-goroutine).unwrap();
            // Ten standard deviations of a binomial distribution.
            let far = 10.0 * (TRIALS as f64 * 0.25).sqrt();
            assert!((counts[1] as f64 - TRIALS as f64 / 2.0).abs() < far, "{counts:?}");
        }
    });
}

/// TestPseudoRandomSend: of two sends to one channel in a select, each is chosen often enough.
#[test]
fn two_sends_to_one_channel_are_both_chosen() {
    const N: usize = 200;
    on_workers(|| async {
        co! {
            for capacity in [0, N] {
                let (tx, rx) = bounded(capacity);
                let counts = go! {
                    let mut counts = [0, 0];
                    for _ in 0..N {
                        task::yield_now().await;
                        counts[(<-rx).unwrap()] += 1;
                    }
                    counts
                };
                for _ in 0..N { select! { tx <- 1 => {} tx <- 0 => {} } }
                let [zeros, ones] = (<-counts).unwrap();
                assert!(zeros > N / 10 && ones > N / 10, "{zeros} zeros, {ones} ones");
            }
        }
    });
}

/// TestSelectDuplicateChannel: a select that names one channel twice leaves both of its places in
/// the queue when a third arm wins, and the next in the queue is woken.
#[test]
fn a_channel_named_twice_is_left_twice() {
    on_workers(|| async {
        co! {
            let (c_tx, c) = bounded(0);
            let (d_tx, d) = bounded(0);
            let a = async { select! { <-c => 'c', <-c => 'c', v = <-d => v.unwrap() } };
            let mut a = pin!(a);
            assert!(poll_once(a.as_mut()).await.is_none());
            let mut b = pin!(c.recv());
            assert!(poll_once(b.as_mut()).await.is_none());

            d_tx <- 'd';
            assert_eq!(a.await, 'd');
            c_tx <- 8;
            assert_eq!(b.await, Some(8));
        }
    });
}

/// test/chan/doubleselect.go: what a select over four channels sends arrives once.
#[test]
fn a_select_that_sends_sends_once() {
    const COUNT: usize = 10_000;
    on_workers(|| async {
        co! {
            let (senders, receivers): (Vec<_>, Vec<_>) = (0..4).map(|_| bounded(0)).unzip();
            go! {
                for i in 0..COUNT {
                    select! {
                        senders[0] <- i => {}
                        senders[1] <- i => {}
                        senders[2] <- i => {}
                        senders[3] <- i => {}
                    }
                }
            };
            let (merged_tx, merged) = bounded(0);
            for rx in receivers {
                go! { clone merged_tx; for v in <-rx { merged_tx <- v; } }
            }
            drop(merged_tx);
            let mut seen = vec![false; COUNT];
            for v in <-merged {
                assert!(!std::mem::replace(&mut seen[v], true), "{v} arrived twice");
            }
            assert!(seen.into_iter().all(|seen| seen), "something was lost");
        }
    });
}

/// test/chan/select.go: a nil channel's arm never fires, but its value is computed all the same.
#[test]
fn nil_arms_never_fire_but_are_evaluated() {
    async fn send_all(
        mut a: Option<Sender<u32>>,
        mut b: Option<Sender<u32>>,
        evaluated: &AtomicUsize,
    ) -> u32 {
        let mut sent = 0;
        let value = |shift: u32| {
            evaluated.fetch_add(1, Ordering::Relaxed);
            1 << shift
        };
        loop {
            select! {
                a <- value(sent) => { a = None; }
                b <- value(sent) => { b = None; }
                default => return sent,
            }
            sent += 1;
        }
    }
    on(2, async {
        co! {
            let (a_tx, a) = bounded(1);
            let (b_tx, b) = bounded(1);
            let evaluated = AtomicUsize::new(0);
            assert_eq!(send_all(Some(a_tx.clone()), Some(b_tx), &evaluated).await, 2);
            assert_eq!((<-a).unwrap() | (<-b).unwrap(), 3);
            assert_eq!(send_all(Some(a_tx), None, &evaluated).await, 1);
            assert_eq!(<-a, Some(1));
            assert_eq!(evaluated.into_inner(), 10);
        }
    });
}

/// test/chan/select3.go: which operations block, alone and in a select.
#[test]
fn which_operations_block() {
    macro_rules! blocks {
        ($($operation:tt)*) => {
            assert!(
                poll_once(async { co! { let _ = { $($operation)* }; } }).await.is_none(),
                "{} goes through", stringify!($($operation)*)
            )
        };
    }
    macro_rules! goes_through {
        ($($operation:tt)*) => {
            assert!(
                poll_once(async { co! { let _ = { $($operation)* }; } }).await.is_some(),
                "{} blocks", stringify!($($operation)*)
            )
        };
    }
    on(1, async {
        let nil_tx = None::<Sender<i32>>;
        let nil_rx = None::<Receiver<i32>>;
        let (closed_tx, closed) = bounded::<i32>(0);
        closed_tx.close();
        let (empty_tx, empty) = bounded::<i32>(1);
        let (full_tx, full) = bounded::<i32>(1);
        full_tx.try_send(1).unwrap();
        let (lonely_tx, lonely) = bounded::<i32>(0);

        // On a nil channel everything blocks.
        blocks!(<-nil_rx);
        blocks!(nil_tx <- 7);
        blocks!(select! { <-nil_rx => {} });
        blocks!(select! { nil_tx <- 7 => {} });
        blocks!(select! { <-nil_rx => {} nil_tx <- 7 => {} });
        goes_through!(select! { <-nil_rx => panic!("nil"), default => {} });
        goes_through!(select! { nil_tx <- 7 => panic!("nil"), default => {} });

        // On a rendezvous without a partner too.
        blocks!(<-lonely);
        blocks!(lonely_tx <- 7);
        blocks!(select! { <-lonely => {} lonely_tx <- 7 => {} });

        // Buffered channels block when they are empty or full, and only then.
        blocks!(<-empty);
        blocks!(full_tx <- 7);
        blocks!(select! { <-empty => {} full_tx <- 7 => {} });
        goes_through!(empty_tx <- 7);
        blocks!(empty_tx <- 7);
        goes_through!(<-empty);
        goes_through!(<-full);
        goes_through!(select! { full_tx <- 7 => {} });
        goes_through!(select! { <-full => {} });

        // A closed channel never blocks.
        goes_through!(<-closed);
        goes_through!(select! { <-closed => {} });
        goes_through!(select! { <-closed => {} default => panic!("not ready") });
        goes_through!(select! { _ = closed_tx <- 7 => {} default => panic!("not ready") });

        // An empty select blocks for ever.
        assert!(
            poll_once(async {
                select! {}
            })
            .await
            .is_none()
        );
    });
}

/// test/chan/select4.go: the body of an arm that loses is not run.
#[test]
fn only_the_winner_body_runs() {
    on(1, async {
        co! {
            let (tx, rx) = bounded(1);
            let (_tx1, rx1) = bounded::<i32>(0);
            tx <- 42;
            select! {
                _ = <-rx1 => unreachable!("nothing was sent"),
                v = <-rx => assert_eq!(v, Some(42)),
            }
        }
    });
}

/// test/chan/select5.go: channels and values are evaluated once each and in source order, whichever
/// arm wins.
#[test]
fn operands_are_evaluated_once_and_in_source_order() {
    block_on(async {
        for winner in 0..4 {
            let (senders, receivers): (Vec<_>, Vec<_>) = (0..4).map(|_| bounded(1)).unzip();
            for (i, tx) in senders.iter().enumerate() {
                // Arms 0 and 2 send and need room, arms 1 and 3 receive and need a value.
                if (i % 2 == 0) != (i == winner) {
                    tx.try_send(10).unwrap();
                }
            }
            let order = std::cell::RefCell::new(Vec::new());
            let note = |what: &'static str| order.borrow_mut().push(what);
            let sender = |what, i: usize| {
                note(what);
                senders[i].clone()
            };
            let receiver = |what, i: usize| {
                note(what);
                receivers[i].clone()
            };
            let value = |what, v: i32| {
                note(what);
                v
            };
            let won = select! {
                sender("channel 0", 0) <- value("value 0", 0) => 0,
                <-receiver("channel 1", 1) => 1,
                sender("channel 2", 2) <- value("value 2", 2) => 2,
                <-receiver("channel 3", 3) => 3,
            };
            assert_eq!(won, winner);
            let expected = [
                "channel 0",
                "value 0",
                "channel 1",
                "channel 2",
                "value 2",
                "channel 3",
            ];
            assert_eq!(*order.borrow(), expected);
        }
    });
}

/// test/chan/select6.go: a select that lost on one channel does not disturb who waits behind it.
#[test]
fn a_losing_arm_does_not_disturb_the_queue() {
    on_workers(|| async {
        co! {
            let (tx1, rx1) = bounded(0);
            let (tx2, rx2) = bounded(0);
            let mut first = pin!(rx1.recv());
            assert!(poll_once(first.as_mut()).await.is_none());
            let mut both = pin!(async { select! { <-rx1 => false, <-rx2 => true } });
            assert!(poll_once(both.as_mut()).await.is_none());
            let mut last = pin!(rx1.recv());
            assert!(poll_once(last.as_mut()).await.is_none());

            tx2 <- true;
            assert!(both.await);
            tx1 <- 1;
            tx1 <- 2;
            assert_eq!((first.await, last.await), (Some(1), Some(2)));
        }
    });
}

/// test/chan/select7.go: every way to receive meets every way to send.
#[test]
fn every_way_to_receive_meets_every_way_to_send() {
    async fn receive(way: usize, rx: Receiver<i32>) -> Option<i32> {
        let (_tx, other) = bounded::<i32>(0);
        co! {
            match way {
                0 => <-rx,
                1 => select! { v = <-rx => v },
                2 => select! { v = <-rx => v, v = <-other => v },
                _ => select! { v = <-other => v, v = <-rx => v, v = <-rx => v },
            }
        }
    }
    async fn send(way: usize, tx: Sender<i32>) {
        let (other, _rx) = bounded::<i32>(0);
        co! {
            match way {
                0 => tx <- 1,
                1 => select! { tx <- 1 => {} },
                2 => select! { tx <- 1 => {} other <- 2 => {} },
                _ => select! { other <- 2 => {} tx <- 1 => {} tx <- 1 => {} },
            }
        }
    }
    on_workers(|| async {
        co! {
            for (receiving, sending) in (0..16).map(|i| (i / 4, i % 4)) {
                let (tx, rx) = bounded(0);
                let receiver = go!(receive(receiving, rx.clone()));
                let sender = go!(send(sending, tx.clone()));
                assert_eq!((<-receiver).unwrap(), Some(1));
                (<-sender).unwrap();

                // The receiver is there for certain, and the sender does not wait.
                let mut receiver = pin!(receive(receiving, rx));
                assert!(poll_once(receiver.as_mut()).await.is_none());
                assert!(poll_once(send(sending, tx.clone())).await.is_some());
                assert_eq!(receiver.await, Some(1));
            }
        }
    });
}

/// test/chan/select8.go: `break` in an arm's body leaves what is around the select, as it reads.
#[test]
fn break_and_continue_in_an_arm() {
    on(1, async {
        co! {
            let (tx, rx) = bounded(10);
            for i in 0..10 { tx <- i; }
            drop(tx);
            let mut even = Vec::new();
            'outer: loop {
                loop {
                    select! {
                        v = <-rx => match v {
                            Some(v) if v % 2 == 1 => continue,
                            Some(8) => break 'outer,
                            Some(v) => even.push(v),
                            None => unreachable!("8 comes first"),
                        },
                    }
                    break;
                }
            }
            assert_eq!(even, [0, 2, 4, 6]);
        }
    });
}

/// test/chan/select2.go (a select must leave nothing behind on channels that never become ready):
/// here, nothing that could be found by a later sender.
#[test]
fn ten_thousand_selects_leave_nothing_on_a_silent_channel() {
    on_workers(|| async {
        co! {
            let (tx, rx) = bounded(1);
            let (silent_tx, silent) = bounded::<i32>(0);
            go! { for i in 0..10_000 { tx <- i; } };
            let mut count = 0;
            loop {
                select! {
                    v = <-rx => if v.is_none() { break } else { count += 1 },
                    <-silent => unreachable!("nobody sends"),
                }
            }
            assert_eq!(count, 10_000);
            assert!(silent_tx.try_send(1).is_err(), "somebody still waits there");
        }
    });
}

/// TestSelectStackAdjust: while a select waits, others work on its channels, and it then sees what
/// was sent last.
#[test]
fn a_select_that_was_woken_sees_what_was_sent() {
    on_workers(|| async {
        co! {
            let (tx1, rx1) = bounded::<Arc<usize>>(0);
            let (tx2, rx2) = bounded::<Arc<usize>>(0);
            let ended = Arc::new(AtomicBool::new(false));
            let sum = go! { clone ended;
                let (mut rx1, mut rx2) = (Some(rx1), Some(rx2));
                let mut sum = 0;
                while rx1.is_some() || rx2.is_some() {
                    select! {
                        v = <-rx1 => match v { Some(v) => sum += *v, None => rx1 = None },
                        v = <-rx2 => match v { Some(v) => sum += *v, None => rx2 = None },
                    }
                }
                ended.store(true, Ordering::Relaxed);
                sum
            };
            for i in 0..1_000 {
                tx1 <- Arc::new(i);
                tx2 <- Arc::new(1);
            }
            assert!(!ended.load(Ordering::Relaxed));
            drop((tx1, tx2));
            until("both are closed", || ended.load(Ordering::Relaxed)).await;
            assert_eq!((<-sum).unwrap(), 999 * 500 + 1_000);
        }
    });
}
