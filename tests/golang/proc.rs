//! runtime/proc_test.go, and what Go's other tests say of goroutines and of `runtime.Goexit`.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use chango::prelude::*;
use chango::{runtime, task};

use crate::until::until;
use crate::workers::{on, on_workers};

/// TestYieldProgress: a goroutine that only looks and yields lets others go on.
#[test]
fn yielding_goroutines_make_progress() {
    on_workers(|| async {
        co! {
            let (tx, rx) = bounded(0);
            let (ack_tx, ack) = bounded(0);
            go! {
                loop {
                    select! {
                        <-rx => { ack_tx <- (); return }
                        default => task::yield_now().await,
                    }
                }
            };
            for _ in 0..1_000 { task::yield_now().await; }
            tx <- ();
            assert_eq!(<-ack, Some(()));
        }
    });
}

/// TestGoroutineParallelism: as many goroutines as there are workers run at the same time, so that
/// they can wait for each other without ever giving up their workers.
#[test]
fn as_many_goroutines_run_as_there_are_workers() {
    const P: u32 = 4;
    on(P as usize, async {
        co! {
            for _ in 0..10 {
                let turn = Arc::new(AtomicU32::new(0));
                let all: Vec<_> = (0..P - 1).map(|p| go! { clone turn; take_turns(&turn, p, P); })
                    .collect();
                // The main goroutine holds the last worker.
                take_turns(&turn, P - 1, P);
                for goroutine in all { (<-goroutine).unwrap(); }
            }
        }
    });
}

/// Three rounds of waiting for one's turn without yielding.
fn take_turns(turn: &AtomicU32, place: u32, of: u32) {
    for round in 0..3 {
        let mine = of * round + place;
        while turn.load(Ordering::Acquire) != mine {
            std::thread::yield_now();
        }
        turn.store(mine + 1, Ordering::Release);
    }
}

/// TestGoroutineParallelism2: the same for goroutines that goroutines start, after a load that has
/// had all workers running.
#[test]
fn nested_goroutines_run_in_parallel_too() {
    const P: u32 = 4;
    on(P as usize + 1, async {
        co! {
            for _ in 0..10 {
                let running = Arc::new(AtomicU32::new(0));
                let load: Vec<_> = (0..P).map(|_| go! { clone running;
                    running.fetch_add(1, Ordering::AcqRel);
                    while running.load(Ordering::Acquire) != P { std::thread::yield_now(); }
                }).collect();
                for goroutine in load { (<-goroutine).unwrap(); }

                let turn = Arc::new(AtomicU32::new(0));
                let (done_tx, done) = bounded(0);
                for p in 0..P / 2 {
                    go! { clone turn, done_tx;
                        for p2 in 0..2 {
                            go! { clone turn, done_tx;
                                take_turns(&turn, p * 2 + p2, P);
                                done_tx <- ();
                            }
                        }
                    }
                }
                for _ in 0..P { assert_eq!(<-done, Some(())); }
            }
        }
    });
}

/// TestPreemption: goroutines whose channel operations are always ready do not keep others from
/// running, on one worker either.
#[test]
fn ready_operations_do_not_starve_others() {
    on_workers(|| async {
        co! {
            let stop = Arc::new(AtomicBool::new(false));
            let hogs: Vec<_> = (0..8).map(|hog| go! { clone stop;
                let (tx, rx) = bounded(1);
                while !stop.load(Ordering::Relaxed) {
                    // Each in another way, and none ever waits.
                    match hog % 4 {
                        0 => { tx <- 1; let _ = <-rx; }
                        1 => { tx.send(1).await.unwrap(); rx.recv().await; }
                        2 => {
                            select! { tx <- 1 => {} <-rx => unreachable!("it is empty") }
                            select! { <-rx => {} }
                        }
                        _ => { let _ = <-after(Duration::ZERO); }
                    }
                }
            }).collect();
            let (tx, rx) = bounded(0);
            go! { for i in 0..100 { tx <- i; } };
            let mut received = 0;
            for _ in <-rx { received += 1; }
            assert_eq!(received, 100);
            stop.store(true, Ordering::Relaxed);
            for hog in hogs { (<-hog).unwrap(); }
        }
    });
}

/// TestPingPongHog: two goroutines that wake each other leave room for others, and get room beside
/// one that never waits.
#[test]
fn a_ping_pong_and_a_hog_share_the_worker() {
    on_workers(|| async {
        co! {
            let stop = Arc::new(AtomicBool::new(false));
            let hog = go! { clone stop;
                let mut rounds = 0_u64;
                while !stop.load(Ordering::Relaxed) {
                    rounds += 1;
                    task::yield_now().await;
                }
                rounds
            };
            let (ping_tx, ping) = bounded(0);
            let (pong_tx, pong) = bounded(0);
            go! { for v in <-ping { pong_tx <- v; } };
            for i in 0..2_000 {
                ping_tx <- i;
                assert_eq!(<-pong, Some(i));
            }
            stop.store(true, Ordering::Relaxed);
            let rounds = (<-hog).unwrap();
            assert!(rounds > 0, "the ping-pong kept the hog from running");
        }
    });
}

/// TestPingPongHog, where the pair wakes each other by plain wakers, which no channel counts: they
/// share one time slice, and others get their turn.
#[test]
fn a_pair_that_wakes_each_other_starves_nobody() {
    struct Rally {
        other: Mutex<Option<Waker>>,
        over: AtomicBool,
    }
    impl Rally {
        /// Leaves this waker, and wakes the one that was left before.
        fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
            let over = self.over.load(Ordering::Relaxed);
            let mine = (!over).then(|| cx.waker().clone());
            let other = std::mem::replace(&mut *self.other.lock().unwrap(), mine);
            other.into_iter().for_each(Waker::wake);
            if over { Poll::Ready(()) } else { Poll::Pending }
        }
    }
    on_workers(|| async {
        co! {
            let rally = Arc::new(Rally { other: Mutex::new(None), over: AtomicBool::new(false) });
            // In this order the third stands in the queue of the one worker behind the first, and
            // the pair is always the next to run.
            let first = go! { clone rally; poll_fn(|cx| rally.poll(cx)).await };
            let third = go! { clone rally; rally.over.store(true, Ordering::Relaxed); };
            let second = go! { poll_fn(|cx| rally.poll(cx)).await };
            for goroutine in [first, second, third] { (<-goroutine).unwrap(); }
        }
    });
}

/// TestTimerFairness: a timer fires though two goroutines keep the receiver busy all the time.
#[test]
fn a_timer_fires_beside_busy_channels() {
    on_workers(|| async {
        co! {
            let (tx, rx) = bounded(0);
            let (done_tx, done) = bounded::<()>(0);
            let busy: Vec<_> = (0..2).map(|_| go! { clone tx, done;
                loop { select! { tx <- () => {} <-done => break } }
            }).collect();
            let timer = after(Duration::from_millis(20));
            loop { select! { <-rx => {} <-timer => break } }
            done_tx.close();
            for goroutine in busy { (<-goroutine).unwrap(); }
        }
    });
}

/// TestNumGoroutine: the count is exact, whichever way goroutines begin and end.
#[test]
fn the_count_of_goroutines_is_exact() {
    on_workers(|| async {
        co! {
            assert_eq!(runtime::num_goroutines(), 1);
            let (tx, rx) = bounded::<()>(0);
            let goroutines: Vec<_> = (0..100).map(|_| go! { clone rx; <-rx }).collect();
            assert_eq!(runtime::num_goroutines(), 101);
            goroutines[0].abort();
            until("the aborted one is gone", || runtime::num_goroutines() == 100).await;
            drop(tx);
            for (i, goroutine) in goroutines.into_iter().enumerate() {
                assert_eq!((<-goroutine).is_ok(), i > 0);
            }
            assert_eq!(runtime::num_goroutines(), 1);
        }
    });
}

/// TestBigGOMAXPROCS: far more workers than processors.
#[test]
fn a_hundred_workers() {
    on(100, async {
        co! {
            assert_eq!(runtime::max_procs(), 100);
            let goroutines: Vec<_> = (0..1_000_u32).map(|i| go! { task::yield_now().await; i })
                .collect();
            let mut sum = 0;
            for goroutine in goroutines { sum += (<-goroutine).unwrap(); }
            assert_eq!(sum, 499_500);
        }
    });
}

/// Goexit of Go's crash tests: destructors run, the handle says exited, and nobody else is touched.
#[test]
fn exit_runs_destructors_and_ends_only_its_goroutine() {
    struct Deferred(Arc<AtomicUsize>);
    impl Drop for Deferred {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    on_workers(|| async {
        co! {
            let dropped = Arc::new(AtomicUsize::new(0));
            let (tx, rx) = bounded::<i32>(0);
            let goroutine = go! { clone dropped;
                let _deferred = (Deferred(dropped.clone()), Deferred(dropped), tx);
                task::exit().await;
            };
            assert_eq!(<-rx, None);
            let error = (<-goroutine).unwrap_err();
            assert!(error.is_exited() && !error.is_panic() && !error.is_aborted());
            assert_eq!(dropped.load(Ordering::Relaxed), 2);
        }
    });
}

/// A panic ends its goroutine alone: destructors run, the handle has the payload.
#[test]
fn a_panic_ends_its_goroutine_alone() {
    on_workers(|| async {
        co! {
            let (tx, rx) = bounded::<i32>(0);
            let bystander = go! { clone rx; <-rx };
            let panicking = go! { if rx.is_empty() { panic!("as intended by a test") } };
            let error = (<-panicking).unwrap_err();
            assert!(error.is_panic());
            let payload = error.into_panic();
            assert_eq!(payload.downcast_ref::<&str>(), Some(&"as intended by a test"));
            tx <- 5;
            assert_eq!((<-bystander).unwrap(), Some(5));
        }
    });
}

/// Ten thousand goroutines that are all blocked at once, as in Go's stress programs, are released
/// by a close.
#[test]
fn close_releases_ten_thousand_goroutines() {
    const COUNT: usize = 10_000;
    on_workers(|| async {
        co! {
            let (tx, rx) = bounded::<()>(0);
            let waiting = Arc::new(AtomicUsize::new(0));
            let all = WaitGroup::new();
            for _ in 0..COUNT {
                let (rx, waiting) = (rx.clone(), waiting.clone());
                all.go(async move {
                    co! {
                        waiting.fetch_add(1, Ordering::Relaxed);
                        assert_eq!(<-rx, None);
                    }
                });
            }
            until("all are about to wait", || waiting.load(Ordering::Relaxed) == COUNT).await;
            assert_eq!(runtime::num_goroutines(), COUNT + 1);
            tx.close();
            all.wait().await;
            until("all have ended", || runtime::num_goroutines() == 1).await;
        }
    });
}
