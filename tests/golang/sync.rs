//! sync/mutex_test.go, rwmutex_test.go, once_test.go, cond_test.go, and semaphore_test.go of x/sync.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};

use chango::prelude::*;
use chango::sync::{Cond, Mutex, Once, RwLock, Semaphore};
use chango::{task, time};
use futures_lite::FutureExt;
use futures_lite::future::poll_once;

use crate::until::until;
use crate::workers::on_workers;

// ---- mutex_test.go, runtime's TestSemaphore ----

/// TestSemaphore: ten goroutines take and give back one permit.
#[test]
fn ten_goroutines_hammer_a_semaphore() {
    on_workers(|| async {
        let semaphore = Arc::new(Semaphore::new(1));
        let group = WaitGroup::new();
        for _ in 0..10 {
            let semaphore = Arc::clone(&semaphore);
            group.go(async move {
                for _ in 0..1_000 {
                    drop(semaphore.acquire(1).await);
                }
            });
        }
        group.wait().await;
        assert_eq!(semaphore.available_permits(), 1);
    });
}

/// TestMutex: goroutines that lock, and every tenth time only try to, count right.
#[test]
fn ten_goroutines_hammer_a_mutex() {
    on_workers(|| async {
        let mutex = Arc::new(Mutex::new(0));
        let guard = mutex.try_lock().expect("it is open");
        assert!(mutex.try_lock().is_none(), "TryLock of a locked mutex");
        drop(guard);
        let (group, locked) = (WaitGroup::new(), Arc::new(AtomicUsize::new(0)));
        for _ in 0..10 {
            let (mutex, locked) = (Arc::clone(&mutex), Arc::clone(&locked));
            group.go(async move {
                for i in 0..1_000 {
                    let guard = match i % 10 {
                        0 => mutex.try_lock(),
                        _ => Some(mutex.lock().await),
                    };
                    if let Some(mut guard) = guard {
                        *guard += 1;
                        locked.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        group.wait().await;
        assert_eq!(*mutex.lock().await, locked.load(Ordering::Relaxed));
    });
}

/// TestMutexFairness: one goroutine holds the mutex for most of the time and locks it again at once; another
/// one, which lets it go for a while between its locks, comes to its turn.
#[test]
fn a_mutex_is_fair_to_who_comes_seldom() {
    on_workers(|| async {
        let (mutex, stop) = (Arc::new(Mutex::new(())), Arc::new(AtomicBool::new(false)));
        let (greedy, stops) = (Arc::clone(&mutex), Arc::clone(&stop));
        let greedy = chango::go(async move {
            while !stops.load(Ordering::Relaxed) {
                let _guard = greedy.lock().await;
                time::sleep(Duration::from_micros(100)).await;
            }
        });
        for _ in 0..10 {
            time::sleep(Duration::from_micros(100)).await;
            drop(mutex.lock().await);
        }
        stop.store(true, Ordering::Relaxed);
        greedy.await.unwrap();
    });
}

// ---- rwmutex_test.go ----

/// TestParallelReaders: as many readers as are wanted have the lock at the same time.
#[test]
fn readers_are_parallel() {
    on_workers(|| async {
        for readers in [1, 3, 4] {
            let lock = Arc::new(RwLock::new(()));
            let (inside, leave) = (Arc::new(AtomicUsize::new(0)), WaitGroup::new());
            leave.add(1);
            let group = WaitGroup::new();
            for _ in 0..readers {
                let (lock, inside) = (Arc::clone(&lock), Arc::clone(&inside));
                let leave = leave.clone();
                group.go(async move {
                    let _guard = lock.read().await;
                    inside.fetch_add(1, Ordering::Relaxed);
                    leave.wait().await;
                });
            }
            until("all read", || inside.load(Ordering::Relaxed) == readers).await;
            leave.done();
            group.wait().await;
        }
    });
}

/// TestRWMutex, HammerRWMutex: two writers and some readers see each other never.
#[test]
fn readers_and_writers_hammer_a_lock() {
    on_workers(|| async {
        for readers in [1, 3, 10] {
            let lock = Arc::new(RwLock::new(()));
            let (activity, group) = (Arc::new(AtomicI32::new(0)), WaitGroup::new());
            for at in 0..readers + 2 {
                let (lock, activity) = (Arc::clone(&lock), Arc::clone(&activity));
                group.go(async move {
                    for i in 0..300 {
                        let (writes, spread) = (at < 2, i % 50);
                        let step = if writes { 10_000 } else { 1 };
                        let guards = match writes {
                            true => (Some(lock.write().await), None),
                            false => (None, Some(lock.read().await)),
                        };
                        let n = activity.fetch_add(step, Ordering::Relaxed);
                        match writes {
                            true => assert_eq!(n, 0),
                            false => assert!((0..10_000).contains(&n)),
                        }
                        for _ in 0..spread / 20 {
                            task::yield_now().await;
                        }
                        activity.fetch_sub(step, Ordering::Relaxed);
                        drop(guards);
                    }
                });
            }
            group.wait().await;
        }
    });
}

/// TestRWMutex: what can be tried while a reader or a writer is inside.
#[test]
fn what_can_be_tried_beside_a_reader_and_a_writer() {
    let lock = RwLock::new(());
    let writer = lock.try_write().expect("it is free");
    assert!(lock.try_write().is_none() && lock.try_read().is_none());
    drop(writer);
    let reader = lock.try_read().expect("it is free");
    assert!(lock.try_read().is_some() && lock.try_write().is_none());
    drop(reader);
    assert!(lock.try_write().is_some());
}

// ---- once_test.go ----

/// TestOnce: ten goroutines call it, it runs once, and all see that it ran.
#[test]
fn ten_goroutines_do_it_once() {
    on_workers(|| async {
        let (once, ran) = (Arc::new(Once::new()), Arc::new(AtomicUsize::new(0)));
        let group = WaitGroup::new();
        for _ in 0..10 {
            let (once, ran) = (Arc::clone(&once), Arc::clone(&ran));
            group.go(async move {
                once.call_once(async || {
                    task::yield_now().await;
                    ran.fetch_add(1, Ordering::Relaxed);
                })
                .await;
                assert_eq!(ran.load(Ordering::Relaxed), 1);
            });
        }
        group.wait().await;
        assert_eq!(ran.load(Ordering::Relaxed), 1);
    });
}

/// TestOncePanic: a panic counts as done.
#[test]
fn what_panicked_once_is_done() {
    on_workers(|| async {
        for after_a_wait in [false, true] {
            let once = Once::new();
            let call = once.call_once(async || {
                if after_a_wait {
                    task::yield_now().await;
                }
                panic!("failed");
            });
            assert!(AssertUnwindSafe(call).catch_unwind().await.is_err());
            once.call_once(async || panic!("it was called twice")).await;
        }
    });
}

// ---- cond_test.go ----

/// A mutex with a condition; goroutines that wait for it tell their number here.
struct Waiting {
    mutex: Mutex<Vec<usize>>,
    cond: Cond,
    inside: AtomicUsize,
}

impl Waiting {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            mutex: Mutex::new(Vec::new()),
            cond: Cond::new(),
            inside: AtomicUsize::new(0),
        })
    }

    /// A goroutine that waits once, when this returns.
    async fn spawn(self: &Arc<Self>, group: &WaitGroup, number: usize) {
        let this = Arc::clone(self);
        let before = self.inside.load(Ordering::Relaxed);
        group.go(async move {
            let guard = this.mutex.lock().await;
            this.inside.fetch_add(1, Ordering::Relaxed);
            this.cond.wait(guard).await.push(number);
        });
        let entered = || self.inside.load(Ordering::Relaxed) > before;
        until("it waits", entered).await;
        // By now it has unlocked, and that it does after it has begun to wait.
        drop(self.mutex.lock().await);
    }

    async fn woken(&self) -> usize {
        self.mutex.lock().await.len()
    }
}

/// TestCondSignal, TestCondSignalGenerations: each signal wakes one, in the order in which they came.
#[test]
fn a_signal_wakes_one_and_in_order() {
    on_workers(|| async {
        let (waiting, group) = (Waiting::new(), WaitGroup::new());
        for number in 0..20 {
            waiting.spawn(&group, number).await;
        }
        for woken in 0..20 {
            assert_eq!(
                waiting.woken().await,
                woken,
                "nobody is woken without a signal"
            );
            waiting.cond.notify_one();
            let mut tries = 0;
            while waiting.woken().await == woken {
                task::yield_now().await;
                tries += 1;
                assert!(tries < 10_000_000);
            }
        }
        group.wait().await;
        waiting.cond.notify_one();
        assert_eq!(*waiting.mutex.lock().await, (0..20).collect::<Vec<_>>());
    });
}

/// TestCondBroadcast: all who wait are woken, and nobody else.
#[test]
fn a_broadcast_wakes_all() {
    on_workers(|| async {
        let waiting = Waiting::new();
        for round in 1..=3 {
            let group = WaitGroup::new();
            for number in 0..20 {
                waiting.spawn(&group, number).await;
            }
            assert_eq!(waiting.woken().await, (round - 1) * 20);
            waiting.cond.notify_all();
            group.wait().await;
            assert_eq!(waiting.woken().await, round * 20);
        }
    });
}

/// TestRace: three goroutines hand a number to each other by a condition.
#[test]
fn a_number_goes_round_by_a_condition() {
    on_workers(|| async {
        let shared = Arc::new((Mutex::new(0_usize), Cond::new()));
        let group = WaitGroup::new();
        for me in 0..3 {
            let shared = Arc::clone(&shared);
            group.go(async move {
                let (mutex, cond) = &*shared;
                let mut number = mutex.lock().await;
                for _ in 0..200 {
                    while *number % 3 != me {
                        number = cond.wait(number).await;
                    }
                    *number += 1;
                    cond.notify_all();
                }
            });
        }
        group.wait().await;
        assert_eq!(*shared.0.lock().await, 600);
    });
}

// ---- semaphore_test.go of golang.org/x/sync ----

/// TestWeighted: goroutines that want 1, 2, … permits each, at random moments.
#[test]
fn weights_hammer_a_semaphore() {
    on_workers(|| async {
        let (semaphore, used) = (Arc::new(Semaphore::new(8)), Arc::new(AtomicUsize::new(0)));
        let group = WaitGroup::new();
        for permits in 1..=8 {
            let (semaphore, used) = (Arc::clone(&semaphore), Arc::clone(&used));
            group.go(async move {
                for i in 0..200 {
                    let permit = semaphore.acquire(permits).await;
                    assert!(used.fetch_add(permits, Ordering::Relaxed) + permits <= 8);
                    for _ in 0..i % 3 {
                        task::yield_now().await;
                    }
                    used.fetch_sub(permits, Ordering::Relaxed);
                    drop(permit);
                }
            });
        }
        group.wait().await;
        assert_eq!(semaphore.available_permits(), 8);
    });
}

/// TestWeightedTryAcquire.
#[test]
fn permits_are_tried() {
    let semaphore = Semaphore::new(2);
    let first = semaphore.try_acquire(1);
    let second = semaphore.try_acquire(1);
    let third = semaphore.try_acquire(1);
    assert_eq!(
        [first.is_some(), second.is_some(), third.is_some()],
        [true, true, false]
    );
    drop((first, second, third));
    assert!(semaphore.try_acquire(2).is_some());
}

/// TestWeightedDoesntBlockIfTooBig: who wants more than there are keeps nobody waiting.
#[test]
fn who_wants_too_much_keeps_nobody_waiting() {
    on_workers(|| async {
        let semaphore = Arc::new(Semaphore::new(2));
        let mut too_big = Box::pin(semaphore.acquire(3));
        assert!(poll_once(&mut too_big).await.is_none());
        let group = WaitGroup::new();
        for _ in 0..2 {
            let semaphore = Arc::clone(&semaphore);
            group.go(async move {
                for _ in 0..100 {
                    let _permit = semaphore.acquire(1).await;
                    task::yield_now().await;
                }
            });
        }
        time::sleep(Duration::from_millis(2)).await;
        group.wait().await;
        assert!(poll_once(&mut too_big).await.is_none());
        drop(too_big);
        drop(semaphore.acquire(2).await);
    });
}

/// TestLargeAcquireDoesntStarve: who wants all is not overtaken for ever by those who want one each and take
/// it again at once.
#[test]
fn who_wants_all_does_not_starve() {
    on_workers(|| async {
        const ALL: usize = 4;
        let (semaphore, stop) = (
            Arc::new(Semaphore::new(ALL)),
            Arc::new(AtomicBool::new(false)),
        );
        let (group, begun) = (WaitGroup::new(), Arc::new(AtomicUsize::new(0)));
        for _ in 0..ALL {
            let (semaphore, stop) = (Arc::clone(&semaphore), Arc::clone(&stop));
            let begun = Arc::clone(&begun);
            group.go(async move {
                // Each holds its permit while it waits for nothing but time.
                let mut permit = Some(semaphore.acquire(1).await);
                begun.fetch_add(1, Ordering::Relaxed);
                while !stop.load(Ordering::Relaxed) {
                    time::sleep(Duration::from_micros(100)).await;
                    drop(permit.take());
                    permit = Some(semaphore.acquire(1).await);
                }
            });
        }
        until("all have one", || begun.load(Ordering::Relaxed) == ALL).await;
        let all = semaphore.acquire(ALL).await;
        stop.store(true, Ordering::Relaxed);
        drop(all);
        group.wait().await;
    });
}

/// TestAllocCancelDoesntStarve: who gives up lets those through who stood behind it and want less.
#[test]
fn who_gives_up_lets_the_smaller_through() {
    on_workers(|| async {
        let semaphore = Semaphore::new(10);
        let held = semaphore.acquire(1).await;
        let mut large = Box::pin(semaphore.acquire(10));
        assert!(poll_once(&mut large).await.is_none());
        // Until it starves others may pass; when it does they wait behind it.
        time::sleep(Duration::from_millis(2)).await;
        drop(semaphore.acquire(1).await);
        assert!(poll_once(&mut large).await.is_none());
        let mut small = Box::pin(semaphore.acquire(1));
        assert!(poll_once(&mut small).await.is_none(), "it is collected for");
        drop(large);
        drop(small.await);
        drop(held);
        assert_eq!(semaphore.available_permits(), 10);
    });
}

/// TestWeightedReleaseUnacquired has no counterpart: what was not acquired has no guard.
/// TestWeightedAcquireCanceled: an acquisition whose time is up took nothing.
#[test]
fn an_acquisition_whose_time_is_up_took_nothing() {
    on_workers(|| async {
        let semaphore = Semaphore::new(2);
        let held = semaphore.acquire(1).await;
        let waits = timeout(Duration::from_millis(1), semaphore.acquire(2));
        assert!(waits.await.is_err());
        assert_eq!(semaphore.available_permits(), 1);
        drop(held);
        drop(semaphore.acquire(2).await);
    });
}
