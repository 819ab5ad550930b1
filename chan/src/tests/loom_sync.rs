//! Models of the locks: permits against those who wait for them, who come back in vain, starve, or go.
//!
//! Modelled: the whole of `sync` but the wait group, with up to three threads; each model of permits twice, since no time
//! passes in one: with a patience that nobody outlasts, and with none, so that whoever comes back in vain is
//! starving. Left out: budgets (there are none outside a goroutine). Seconds each:
//!
//! `RUSTFLAGS="--cfg loom" cargo test --release -p chango-chan --lib loom_sync`

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use futures_lite::future::poll_once;
use loom::cell::UnsafeCell;
use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread::{self, JoinHandle};

use super::model;
use crate::sync::line::ALL_WAIT_LONG;
use crate::sync::{Barrier, Cond, Mutex, MutexGuard, Once, RwLock, Semaphore};

/// A number whose accesses loom checks against each other.
pub(super) struct Number(UnsafeCell<usize>);

impl Number {
    pub(super) fn new() -> Self {
        Self(UnsafeCell::new(0))
    }

    pub(super) fn get(&self) -> usize {
        // SAFETY: that nobody writes is what the lock around it promises, and what loom checks.
        self.0.with(|number| unsafe { *number })
    }

    pub(super) fn add(&self, n: usize) {
        // SAFETY: that nobody else is here is what the lock around it promises, and what loom checks.
        self.0.with_mut(|number| unsafe { *number += n });
    }
}

// SAFETY: loom checks the accesses.
unsafe impl Sync for Number {}
// SAFETY: as above.
unsafe impl Send for Number {}

/// With patience and without.
fn model_both(preemptions: usize, f: impl Fn() + Send + Sync + Copy + 'static) {
    for all_wait_long in [false, true] {
        ALL_WAIT_LONG.set(all_wait_long);
        model(preemptions, f);
    }
}

pub(super) fn spawn<R: 'static>(f: impl FnOnce() -> R + 'static) -> JoinHandle<R> {
    thread::spawn(f)
}

pub(super) fn join<R>(threads: impl IntoIterator<Item = JoinHandle<R>>) {
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn three_lock_a_mutex_one_at_a_time() {
    model_both(2, || {
        let mutex = Arc::new(Mutex::new(Number::new()));
        let add = |mutex: &Mutex<Number>| block_on(async { mutex.lock().await.add(1) });
        let threads = [(), ()].map(|()| {
            let mutex = Arc::clone(&mutex);
            spawn(move || add(&mutex))
        });
        add(&mutex);
        join(threads);
        assert_eq!(block_on(mutex.lock()).get(), 3);
    });
}

#[test]
fn two_lock_a_mutex_again_and_again() {
    model_both(3, || {
        let mutex = Arc::new(Mutex::new(Number::new()));
        let add = |mutex: &Mutex<Number>| {
            block_on(async {
                mutex.lock().await.add(1);
                mutex.lock().await.add(1);
            });
        };
        let theirs = Arc::clone(&mutex);
        let thread = spawn(move || add(&theirs));
        add(&mutex);
        join([thread]);
        assert_eq!(block_on(mutex.lock()).get(), 4);
    });
}

#[test]
fn a_lock_that_is_dropped_passes_its_call_on() {
    model_both(2, || {
        let mutex = Arc::new(Mutex::new(Number::new()));
        let holds = Arc::clone(&mutex);
        let holder = spawn(move || block_on(async { holds.lock().await.add(1) }));
        let waits = Arc::clone(&mutex);
        let waiter = spawn(move || block_on(async { waits.lock().await.add(1) }));
        // One poll, then it is dropped, wherever it stands by then.
        let locked = block_on(poll_once(mutex.lock()));
        drop(locked);
        join([holder, waiter]);
        assert_eq!(mutex.try_lock().expect("it is open").get(), 2);
    });
}

#[test]
fn a_lock_that_is_polled_twice_and_dropped_loses_nothing() {
    model_both(2, || {
        let mutex = Arc::new(Mutex::new(Number::new()));
        let other = Arc::clone(&mutex);
        let thread = spawn(move || {
            block_on(async {
                other.lock().await.add(1);
                other.lock().await.add(1);
            });
        });
        block_on(async {
            let mut lock = pin!(mutex.lock());
            if poll_once(lock.as_mut()).await.is_none() {
                drop(poll_once(lock.as_mut()).await);
            }
        });
        join([thread]);
        assert_eq!(mutex.try_lock().expect("it is open").get(), 2);
    });
}

/// A mutex that is locked, and a lock that was woken for it, and may come back in vain.
fn woken_for_a_locked_mutex<R>(
    f: impl FnOnce(Pin<&mut dyn Future<Output = MutexGuard<'_, Number>>>) -> R,
) {
    let mutex = std::sync::Arc::new(Mutex::new(Number::new()));
    let guard = mutex.try_lock().unwrap();
    let mut lock = Box::pin(mutex.lock());
    assert!(block_on(poll_once(lock.as_mut())).is_none());
    drop(guard);
    let faster = std::sync::Arc::clone(&mutex).try_lock_owned().unwrap();
    let thread = spawn(move || {
        faster.add(1);
        drop(faster);
    });
    f(lock.as_mut());
    drop(lock);
    join([thread]);
    assert_eq!(mutex.try_lock().expect("it is open").get(), 1);
}

#[test]
fn who_comes_back_in_vain_while_it_is_unlocked_is_woken_or_has_it() {
    model_both(3, || woken_for_a_locked_mutex(|lock| block_on(lock).get()));
}

#[test]
fn who_goes_while_it_is_handed_the_mutex_leaves_it_open() {
    model_both(3, || {
        woken_for_a_locked_mutex(|lock| {
            // In vain or not, it is not polled any more.
            drop(block_on(poll_once(lock)));
        });
    });
}

#[test]
fn who_wants_all_permits_gets_them_beside_two_who_want_one() {
    model_both(2, || {
        let semaphore = Arc::new(Semaphore::new(2));
        let inside = Arc::new(AtomicUsize::new(0));
        let threads = [1, 1].map(|permits| {
            let (semaphore, inside) = (Arc::clone(&semaphore), Arc::clone(&inside));
            spawn(move || {
                let _permit = block_on(semaphore.acquire(permits));
                assert!(inside.fetch_add(permits, Ordering::Relaxed) < 2);
                inside.fetch_sub(permits, Ordering::Relaxed);
            })
        });
        {
            let _all = block_on(semaphore.acquire(2));
            assert_eq!(inside.load(Ordering::Relaxed), 0);
        }
        join(threads);
        assert_eq!(semaphore.available_permits(), 2);
    });
}

#[test]
fn permits_that_are_added_and_forgotten_reach_who_waits() {
    model_both(2, || {
        let semaphore = Arc::new(Semaphore::new(1));
        let adds = Arc::clone(&semaphore);
        let adder = spawn(move || adds.add_permits(1));
        let takes = Arc::clone(&semaphore);
        let taker = spawn(move || block_on(takes.acquire(1)).forget());
        // Once there are two, but one is gone, there is one.
        let permit = block_on(semaphore.acquire(1));
        join([adder, taker]);
        drop(permit);
        assert_eq!(semaphore.available_permits(), 1);
    });
}

#[test]
fn a_writer_is_alone_and_readers_see_all_of_it() {
    model_both(2, || {
        let lock = Arc::new(RwLock::new((Number::new(), Number::new())));
        let readers = [(), ()].map(|()| {
            let lock = Arc::clone(&lock);
            spawn(move || {
                let pair = block_on(lock.read());
                assert_eq!(pair.0.get(), pair.1.get());
            })
        });
        {
            let pair = block_on(lock.write());
            pair.0.add(1);
            pair.1.add(1);
        }
        join(readers);
        assert_eq!(lock.try_write().expect("it is free").0.get(), 1);
    });
}

#[test]
fn two_writers_and_a_reader_all_come_to_their_turn() {
    model_both(2, || {
        let lock = Arc::new(RwLock::new(Number::new()));
        let writers = [(), ()].map(|()| {
            let lock = Arc::clone(&lock);
            spawn(move || block_on(lock.write()).add(1))
        });
        assert!(block_on(lock.read()).get() <= 2);
        join(writers);
        assert_eq!(lock.try_read().expect("it is free").get(), 2);
    });
}

#[test]
fn a_writer_that_is_dropped_lets_the_readers_in() {
    model_both(2, || {
        let lock = Arc::new(RwLock::new(Number::new()));
        let first = lock.try_read().unwrap();
        let reads = Arc::clone(&lock);
        let reader = spawn(move || block_on(reads.read()).get());
        let gives_up = Arc::clone(&lock);
        let writer = spawn(move || drop(block_on(poll_once(gives_up.write()))));
        // The first reader stays until the second has read.
        join([reader]);
        join([writer]);
        drop(first);
        assert!(lock.try_write().is_some());
    });
}

#[test]
fn a_writer_that_becomes_a_reader_lets_others_read() {
    model_both(2, || {
        let lock = Arc::new(RwLock::new(Number::new()));
        let writer = lock.try_write().unwrap();
        let reads = Arc::clone(&lock);
        let reader = spawn(move || assert_eq!(block_on(reads.read()).get(), 1));
        writer.add(1);
        let first = crate::sync::RwLockWriteGuard::downgrade(writer);
        join([reader]);
        drop(first);
        assert!(lock.try_write().is_some());
    });
}

#[test]
fn two_callers_run_it_once_and_see_what_it_did() {
    model_both(2, || {
        let once = Arc::new((Once::new(), Number::new()));
        let call = |once: &(Once, Number)| {
            block_on(once.0.call_once(async || once.1.add(1)));
            assert_eq!(once.1.get(), 1);
        };
        let theirs = Arc::clone(&once);
        let thread = spawn(move || call(&theirs));
        call(&once);
        join([thread]);
    });
}

#[test]
fn a_call_that_is_dropped_half_way_is_taken_over() {
    model_both(2, || {
        let once = Arc::new((Once::new(), Number::new()));
        let drops = Arc::clone(&once);
        let thread = spawn(move || {
            let halfway = drops.0.call_once(|| {
                let mut begun = false;
                poll_fn(move |_| match std::mem::replace(&mut begun, true) {
                    true => Poll::Ready(()),
                    false => Poll::Pending,
                })
            });
            block_on(poll_once(halfway)).is_some()
        });
        block_on(once.0.call_once(async || once.1.add(1)));
        let done_by_the_other = thread.join().unwrap();
        // It never ends within one poll unless it was done when it came.
        assert!(!done_by_the_other || once.1.get() == 1);
        assert_eq!(once.1.get(), 1);
        assert!(once.0.is_completed());
    });
}

#[test]
fn what_happens_under_the_mutex_is_not_missed_by_who_waits() {
    model_both(2, || {
        let shared = Arc::new((Mutex::new(false), Cond::new()));
        let notifies = Arc::clone(&shared);
        let thread = spawn(move || {
            *block_on(notifies.0.lock()) = true;
            notifies.1.notify_one();
        });
        block_on(async {
            let mut ready = shared.0.lock().await;
            while !*ready {
                ready = shared.1.wait(ready).await;
            }
        });
        join([thread]);
    });
}

#[test]
fn a_wait_that_is_dropped_passes_its_notification_on() {
    model_both(2, || {
        let shared = Arc::new((Mutex::new(0), Cond::new()));
        let waits = Arc::clone(&shared);
        let waiter = spawn(move || {
            block_on(async {
                let mut tokens = waits.0.lock().await;
                while *tokens == 0 {
                    tokens = waits.1.wait(tokens).await;
                }
                *tokens -= 1;
            });
        });
        let notifies = Arc::clone(&shared);
        let notifier = spawn(move || {
            *block_on(notifies.0.lock()) += 1;
            notifies.1.notify_one();
        });
        // It waits for one poll, takes no token, and is dropped.
        block_on(async {
            let guard = shared.0.lock().await;
            drop(poll_once(shared.1.wait(guard)).await);
        });
        join([waiter, notifier]);
        assert_eq!(*shared.0.try_lock().unwrap(), 0);
    });
}

#[test]
fn two_meet_at_a_barrier_and_one_of_them_leads() {
    model(3, || {
        let barrier = Arc::new(Barrier::new(2));
        let theirs = Arc::clone(&barrier);
        let thread = spawn(move || block_on(theirs.wait()).is_leader());
        let leads = block_on(barrier.wait()).is_leader();
        assert!(leads != thread.join().unwrap());
    });
}

#[test]
fn who_leaves_a_barrier_is_not_counted() {
    model(3, || {
        let barrier = Arc::new(Barrier::new(2));
        let leaves = Arc::clone(&barrier);
        let thread = spawn(move || block_on(poll_once(leaves.wait())));
        let met = block_on(poll_once(barrier.wait())).is_some();
        let they_met = thread.join().unwrap().is_some();
        // One at most came last. Nobody is there any more: who comes now waits.
        assert!(!(met && they_met));
        assert!(block_on(poll_once(barrier.wait())).is_none());
    });
}
