//! The locks in goroutines with 1, 2 and 8 workers, and from plain threads: nothing is lost under aborts and
//! timeouts, nobody starves, and whoever is always ready gives way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use chango_chan::sync::{Barrier, Cond, Mutex, Once, RwLock, Semaphore, WaitGroup};
use chango_core::runtime::{Builder, Runtime};
use chango_core::spawn::{spawn, yield_now};
use chango_core::time::timeout;

fn with_workers(test: impl Fn(&Runtime)) {
    for workers in [1, 2, 8] {
        test(&Builder::new().workers(workers).build().unwrap());
    }
}

/// Numbers that look like chance.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % limit
    }
}

#[test]
fn a_storm_on_a_mutex_counts_right() {
    with_workers(|runtime| {
        runtime.run(async {
            let (mutex, group) = (Arc::new(Mutex::new(0)), WaitGroup::new());
            for seed in 0..32 {
                let mutex = Arc::clone(&mutex);
                group.go(async move {
                    let mut chance = Chance(seed);
                    for _ in 0..500 {
                        let mut guard = mutex.lock().await;
                        let seen = *guard;
                        if chance.below(16) == 0 {
                            yield_now().await;
                        }
                        *guard = seen + 1;
                    }
                });
            }
            group.wait().await;
            assert_eq!(*mutex.lock().await, 32 * 500);
        });
    });
}

#[test]
fn a_storm_of_timeouts_and_aborts_loses_no_permit_and_wakes_all() {
    with_workers(|runtime| {
        runtime.run(async {
            const PERMITS: usize = 5;
            let semaphore = Arc::new(Semaphore::new(PERMITS));
            let (used, group) = (Arc::new(AtomicUsize::new(0)), WaitGroup::new());
            for seed in 0..32 {
                let (semaphore, used) = (Arc::clone(&semaphore), Arc::clone(&used));
                let victim = group.go(async move {
                    let mut chance = Chance(seed);
                    for _ in 0..100 {
                        let permits = 1 + chance.below(PERMITS as u64) as usize;
                        let limit = Duration::from_micros(chance.below(300));
                        let acquired = timeout(limit, semaphore.acquire(permits)).await;
                        if let Ok(_permit) = acquired {
                            let now = used.fetch_add(permits, Ordering::Relaxed) + permits;
                            assert!(now <= PERMITS);
                            used.fetch_sub(permits, Ordering::Relaxed);
                            yield_now().await;
                        }
                    }
                });
                if seed % 4 == 0 {
                    let aborts = async move {
                        yield_now().await;
                        victim.abort();
                    };
                    group.go(aborts);
                }
            }
            group.wait().await;
            assert_eq!(semaphore.available_permits(), PERMITS);
            drop(semaphore.acquire(PERMITS).await);
        });
    });
}

#[test]
fn a_storm_of_readers_and_writers_that_give_up_sees_no_half_done_write() {
    with_workers(|runtime| {
        runtime.run(async {
            let (lock, group) = (Arc::new(RwLock::new((0, 0))), WaitGroup::new());
            for seed in 0..24 {
                let lock = Arc::clone(&lock);
                group.go(async move {
                    let mut chance = Chance(seed);
                    for _ in 0..200 {
                        let limit = Duration::from_micros(chance.below(500));
                        if chance.below(4) == 0 {
                            if let Ok(mut pair) = timeout(limit, lock.write()).await {
                                pair.0 += 1;
                                yield_now().await;
                                pair.1 += 1;
                            }
                        } else if let Ok(pair) = timeout(limit, lock.read()).await {
                            assert_eq!(pair.0, pair.1);
                            yield_now().await;
                            assert_eq!(pair.0, pair.1);
                        }
                    }
                });
            }
            group.wait().await;
            let pair = lock.write().await;
            assert_eq!(pair.0, pair.1);
        });
    });
}

#[test]
fn a_storm_of_tokens_by_a_condition_loses_none_though_many_waits_are_dropped() {
    with_workers(|runtime| {
        runtime.run(async {
            const TOKENS: usize = 500;
            let shared = Arc::new((Mutex::new(0_usize), Cond::new(), AtomicUsize::new(0)));
            let group = WaitGroup::new();
            for seed in 0..16 {
                let shared = Arc::clone(&shared);
                let patient = seed < 4;
                group.go(async move {
                    let (mutex, cond, taken) = &*shared;
                    let mut chance = Chance(seed);
                    while taken.load(Ordering::Relaxed) < TOKENS {
                        let take = async {
                            let mut tokens = mutex.lock().await;
                            while *tokens == 0 && taken.load(Ordering::Relaxed) < TOKENS {
                                tokens = cond.wait(tokens).await;
                            }
                            if *tokens > 0 {
                                *tokens -= 1;
                                if taken.fetch_add(1, Ordering::Relaxed) + 1 == TOKENS {
                                    cond.notify_all();
                                }
                            }
                        };
                        if patient {
                            take.await;
                        } else {
                            let limit = Duration::from_micros(chance.below(200));
                            let _ = timeout(limit, take).await;
                        }
                    }
                });
            }
            for _ in 0..TOKENS {
                *shared.0.lock().await += 1;
                shared.1.notify_one();
                yield_now().await;
            }
            group.wait().await;
            assert_eq!(*shared.0.lock().await, 0);
        });
    });
}

#[test]
fn goroutines_meet_at_a_barrier_again_and_again() {
    with_workers(|runtime| {
        runtime.run(async {
            let (barrier, leaders) = (Arc::new(Barrier::new(8)), Arc::new(AtomicUsize::new(0)));
            let (group, come) = (WaitGroup::new(), Arc::new(AtomicUsize::new(0)));
            for _ in 0..8 {
                let (barrier, leaders) = (Arc::clone(&barrier), Arc::clone(&leaders));
                let come = Arc::clone(&come);
                group.go(async move {
                    for round in 1..=100 {
                        come.fetch_add(1, Ordering::Relaxed);
                        let leads = barrier.wait().await.is_leader();
                        assert!(come.load(Ordering::Relaxed) >= round * 8);
                        leaders.fetch_add(usize::from(leads), Ordering::Relaxed);
                        barrier.wait().await;
                    }
                });
            }
            group.wait().await;
            assert_eq!(leaders.load(Ordering::Relaxed), 100);
        });
    });
}

#[test]
fn what_is_done_once_is_done_by_the_next_if_its_goroutine_is_aborted() {
    with_workers(|runtime| {
        runtime.run(async {
            for _ in 0..50 {
                let (once, ended) = (Arc::new(Once::new()), Arc::new(AtomicUsize::new(0)));
                let calls: Vec<_> = (0..8)
                    .map(|_| {
                        let (once, ended) = (Arc::clone(&once), Arc::clone(&ended));
                        spawn(async move {
                            once.call_once(async || {
                                yield_now().await;
                                yield_now().await;
                                ended.fetch_add(1, Ordering::Relaxed);
                            })
                            .await;
                            assert_eq!(ended.load(Ordering::Relaxed), 1);
                        })
                    })
                    .collect();
                yield_now().await;
                calls[0].abort();
                calls[5].abort();
                for call in calls {
                    if let Err(error) = call.await {
                        assert!(error.is_aborted());
                    }
                }
                assert_eq!(ended.load(Ordering::Relaxed), 1);
            }
        });
    });
}

#[test]
fn threads_goroutines_and_goroutines_that_block_share_the_locks() {
    with_workers(|runtime| {
        let (mutex, lock) = (Arc::new(Mutex::new(0)), Arc::new(RwLock::new(0)));
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let (mutex, lock) = (Arc::clone(&mutex), Arc::clone(&lock));
                thread::spawn(move || {
                    for _ in 0..300 {
                        *mutex.lock_blocking() += 1;
                        *lock.write_blocking() += 1;
                        assert!(*lock.read_blocking() > 0);
                    }
                })
            })
            .collect();
        let goroutines: Vec<_> = [false, true]
            .map(|blocks| {
                let (mutex, lock) = (Arc::clone(&mutex), Arc::clone(&lock));
                runtime.spawn(async move {
                    for _ in 0..300 {
                        if blocks {
                            *mutex.lock_blocking() += 1;
                            *lock.write_blocking() += 1;
                        } else {
                            *mutex.lock().await += 1;
                            *lock.write().await += 1;
                        }
                    }
                })
            })
            .into();
        for thread in threads {
            thread.join().unwrap();
        }
        for goroutine in goroutines {
            futures_lite::future::block_on(goroutine).unwrap();
        }
        assert_eq!(
            (*mutex.lock_blocking(), *lock.read_blocking()),
            (1_500, 1_500)
        );
    });
}

#[test]
fn locks_that_are_statics_are_shared_by_goroutines_that_are_given_none() {
    static ONCE: Once = Once::new();
    static BARRIER: Barrier = Barrier::new(8);
    static SEMAPHORE: Semaphore = Semaphore::new(2);
    static SUM: Mutex<Vec<u32>> = Mutex::new(Vec::new());
    static GREW: Cond = Cond::new();
    static SEEN: RwLock<usize> = RwLock::new(0);

    async fn one_of_eight(number: u32) {
        ONCE.call_once(async || SUM.lock().await.push(0)).await;
        BARRIER.wait().await;
        let permit = SEMAPHORE.acquire(1).await;
        SUM.lock().await.push(number);
        GREW.notify_all();
        drop(permit);
        let mut sum = SUM.lock().await;
        while sum.len() % 8 != 1 {
            sum = GREW.wait(sum).await;
        }
        *SEEN.write().await += 1;
    }

    with_workers(|runtime| {
        runtime.run(async {
            let group = WaitGroup::new();
            for number in 1..=8 {
                group.go(one_of_eight(number));
            }
            group.wait().await;
        });
    });
    assert_eq!(*SEEN.read_blocking(), 3 * 8);
    assert_eq!(SUM.lock_blocking().iter().sum::<u32>(), 3 * 36);
}

#[test]
fn a_goroutine_that_blocks_on_a_mutex_keeps_the_one_that_holds_it_going() {
    let runtime = Builder::new().workers(1).build().unwrap();
    runtime.run(async {
        let mutex = Arc::new(Mutex::new(0));
        let guard = mutex.lock().await;
        let theirs = Arc::clone(&mutex);
        let blocks = spawn(async move { *theirs.lock_blocking() += 1 });
        for _ in 0..10 {
            yield_now().await;
        }
        drop(guard);
        blocks.await.unwrap();
        assert_eq!(*mutex.lock().await, 1);
    });
}

#[test]
fn a_goroutine_whose_locks_are_always_open_gives_way() {
    // No spare can be had, which might have the other one in hand while its thread waits for a processor.
    let runtime = Builder::new().workers(1).max_threads(1).build().unwrap();
    type Turn = fn(Arc<Locks>) -> futures_lite::future::Boxed<()>;
    #[derive(Default)]
    struct Locks {
        mutex: Mutex<()>,
        lock: RwLock<()>,
        once: Once,
    }
    let turns: [(&str, Turn); 5] = [
        ("lock", |locks| {
            Box::pin(async move { drop(locks.mutex.lock().await) })
        }),
        ("read", |locks| {
            Box::pin(async move { drop(locks.lock.read().await) })
        }),
        ("write", |locks| {
            Box::pin(async move { drop(locks.lock.write().await) })
        }),
        ("once", |locks| {
            Box::pin(async move { locks.once.call_once(async || ()).await })
        }),
        ("barrier", |_| {
            Box::pin(async move { _ = Barrier::new(1).wait().await })
        }),
    ];
    for (name, turn) in turns {
        runtime.run(async move {
            let stop = Arc::new(AtomicBool::new(false));
            let stops = Arc::clone(&stop);
            let other = spawn(async move { stops.store(true, Ordering::Relaxed) });
            let locks = Arc::new(Locks::default());
            let mut turns = 0;
            while !stop.load(Ordering::Relaxed) {
                turn(Arc::clone(&locks)).await;
                turns += 1;
                // Once in 61 slices of 128 operations the worker comes to the global queue, where the other one
                // stands if its right was taken meanwhile.
                assert!(turns < 9_000, "{name} never gives way");
            }
            other.await.unwrap();
        });
    }
}

#[test]
fn nobody_starves_beside_goroutines_that_lock_again_at_once() {
    with_workers(|runtime| {
        runtime.run(async {
            let (mutex, stop) = (Arc::new(Mutex::new(())), Arc::new(AtomicBool::new(false)));
            let greedy = WaitGroup::new();
            for _ in 0..3 {
                let (mutex, stop) = (Arc::clone(&mutex), Arc::clone(&stop));
                greedy.go(async move {
                    while !stop.load(Ordering::Relaxed) {
                        let _guard = mutex.lock().await;
                        yield_now().await;
                    }
                });
            }
            for _ in 0..50 {
                drop(mutex.lock().await);
            }
            stop.store(true, Ordering::Relaxed);
            greedy.wait().await;
        });
    });
}

#[test]
fn readers_that_never_leave_all_at_once_let_a_writer_in() {
    with_workers(|runtime| {
        runtime.run(async {
            let (lock, stop) = (Arc::new(RwLock::new(())), Arc::new(AtomicBool::new(false)));
            let readers = WaitGroup::new();
            for _ in 0..4 {
                let (lock, stop) = (Arc::clone(&lock), Arc::clone(&stop));
                readers.go(async move {
                    while !stop.load(Ordering::Relaxed) {
                        let _guard = lock.read().await;
                        yield_now().await;
                        yield_now().await;
                    }
                });
            }
            for _ in 0..50 {
                drop(lock.write().await);
            }
            stop.store(true, Ordering::Relaxed);
            readers.wait().await;
        });
    });
}
