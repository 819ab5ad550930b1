//! `lock_os_thread`: one goroutine on one thread, always, and nobody else there.

use std::cell::Cell;
use std::collections::HashSet;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, ThreadId};
use std::time::Duration;

use chango_core::coop;
use chango_core::runtime::{self, Builder, Runtime};
use chango_core::spawn::{OsThreadLock, blocking, lock_os_thread, spawn, yield_now};
use chango_core::time::sleep;

/// Runs a test with 1, 2 and 8 workers.
fn with_workers(test: impl Fn(&Runtime)) {
    for workers in [1, 2, 8] {
        test(&Builder::new().workers(workers).build().expect("a runtime"));
    }
}

/// Another runtime with as many workers.
fn like(shape: &Runtime) -> Runtime {
    let workers = shape.handle().max_procs();
    Builder::new().workers(workers).build().expect("a runtime")
}

fn here() -> ThreadId {
    thread::current().id()
}

thread_local! {
    /// Which locked goroutine calls this thread its own.
    static OWNER: Cell<usize> = const { Cell::new(0) };
}

/// Lets others run, in every way there is.
async fn give_way(turn: usize) {
    match turn % 4 {
        0 => yield_now().await,
        1 => sleep(Duration::from_micros(50)).await,
        2 => assert_eq!(spawn(async move { turn }).await.unwrap(), turn),
        _ => blocking(thread::yield_now),
    }
}

#[test]
fn a_locked_goroutine_has_its_thread_for_itself() {
    with_workers(|runtime| {
        let locked = |me: usize| async move {
            let _lock = lock_os_thread().await;
            let thread = here();
            assert_eq!(OWNER.replace(me), 0);
            for turn in 0..100 {
                give_way(turn).await;
                assert_eq!(here(), thread);
                assert_eq!(OWNER.get(), me);
            }
            OWNER.set(0);
        };
        let free = || async {
            for turn in 0..100 {
                give_way(turn).await;
                assert_eq!(OWNER.get(), 0, "another one's thread");
            }
        };
        let mut handles = Vec::new();
        for me in 1..=4 {
            handles.push(runtime.spawn(locked(me)));
            handles.extend((0..5).map(|_| runtime.spawn(free())));
        }
        for handle in handles {
            runtime.block_on(handle).unwrap();
        }
    });
}

#[test]
fn the_main_goroutine_may_be_locked_beside_others() {
    with_workers(|runtime| {
        runtime.run(async {
            let _lock = lock_os_thread().await;
            let thread = here();
            let others: Vec<_> = (0..50).map(|_| spawn(async { here() })).collect();
            for other in others {
                assert_ne!(other.await.unwrap(), thread);
                assert_eq!(here(), thread);
            }
        });
    });
}

#[test]
fn a_locked_goroutine_gets_a_new_slice_each_time() {
    with_workers(|runtime| {
        runtime.run(async {
            let _lock = lock_os_thread().await;
            for _ in 0..5 * coop::SLICE {
                std::future::poll_fn(coop::poll_proceed).await;
            }
        });
    });
}

#[test]
fn locks_nest_and_the_last_guard_unlocks() {
    with_workers(|runtime| {
        runtime.run(async {
            let (one, two) = (lock_os_thread().await, lock_os_thread().await);
            let thread = here();
            drop(one);
            for turn in 0..20 {
                give_way(turn).await;
                assert_eq!(here(), thread);
            }
            drop(two);
            // The thread serves all again: with one worker there would be none else.
            let seen = Arc::new(AtomicUsize::new(0));
            for _ in 0..10 {
                let seen = Arc::clone(&seen);
                spawn(async move { seen.fetch_add(1, Ordering::Relaxed) }).detach();
            }
            while seen.load(Ordering::Relaxed) < 10 {
                yield_now().await;
            }
        });
    });
}

#[test]
fn a_guard_may_be_dropped_by_somebody_else() {
    with_workers(|runtime| {
        for by_goroutine in [true, false] {
            let (guards, others): (mpsc::Sender<OsThreadLock>, _) = mpsc::channel();
            let locked = runtime.spawn(async move {
                guards.send(lock_os_thread().await).unwrap();
                for turn in 0..50 {
                    give_way(turn).await;
                }
            });
            let guard = others.recv().unwrap();
            if by_goroutine {
                runtime
                    .block_on(runtime.spawn(async move { drop(guard) }))
                    .unwrap();
            } else {
                drop(guard);
            }
            runtime.block_on(locked).unwrap();
        }
        assert_eq!(runtime.run(async { runtime::num_goroutines() }), 1);
    });
}

#[test]
fn a_goroutine_that_was_unlocked_by_somebody_else_may_lock_itself_elsewhere() {
    with_workers(|runtime| {
        let (guards, others) = mpsc::channel::<OsThreadLock>();
        let (dropped, drops) = mpsc::channel();
        let drops_them = thread::spawn(move || {
            for guard in others {
                drop(guard);
                dropped.send(()).unwrap();
            }
        });
        let locks = runtime.spawn(async move {
            for turn in 0..500 {
                guards.send(lock_os_thread().await).unwrap();
                // Unlocked while it runs: its thread hears of it after this poll.
                drops.recv().unwrap();
                yield_now().await;
                let _lock = lock_os_thread().await;
                let thread = here();
                for more in 0..4 {
                    give_way(turn + more).await;
                    assert_eq!(here(), thread);
                }
            }
        });
        runtime.block_on(locks).unwrap();
        drops_them.join().unwrap();
    });
}

#[test]
fn a_thread_whose_goroutine_ended_with_a_leaked_guard_is_not_used_again() {
    with_workers(|runtime| {
        let tainted = Arc::new(Mutex::new(HashSet::new()));
        for _ in 0..5 {
            let seen = Arc::clone(&tainted);
            runtime.run(async move {
                spawn(async move {
                    mem::forget(lock_os_thread().await);
                    yield_now().await;
                    OWNER.set(usize::MAX);
                    seen.lock().unwrap().insert(here());
                })
                .await
                .unwrap();
                for turn in 0..20 {
                    give_way(turn).await;
                    assert_eq!(OWNER.get(), 0);
                }
            });
        }
        assert_eq!(tainted.lock().unwrap().len(), 5);
    });
}

#[test]
fn an_abort_and_a_panic_unlock() {
    with_workers(|runtime| {
        for _ in 0..20 {
            let waits = runtime.spawn(async {
                let _lock = lock_os_thread().await;
                std::future::pending::<()>().await;
            });
            waits.abort();
            assert!(runtime.block_on(waits).unwrap_err().is_aborted());
            let panics = runtime.spawn(async {
                let _lock = lock_os_thread().await;
                yield_now().await;
                panic!("while locked");
            });
            assert!(runtime.block_on(panics).unwrap_err().is_panic());
        }
        assert_eq!(runtime.run(async { spawn(async { 1 }).await.unwrap() }), 1);
    });
}

#[test]
fn a_runtime_ends_with_goroutines_that_are_locked() {
    with_workers(|runtime| {
        let (locked_tx, locked) = mpsc::channel();
        for _ in 0..3 {
            let locked_tx = locked_tx.clone();
            runtime
                .spawn(async move {
                    let _lock = lock_os_thread().await;
                    locked_tx.send(()).unwrap();
                    loop {
                        sleep(Duration::from_micros(10)).await;
                    }
                })
                .detach();
        }
        (0..3).for_each(|_| locked.recv().unwrap());
    });
}

/// Says on which thread it is dropped.
struct Dropped(mpsc::Sender<ThreadId>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.send(here()).unwrap();
    }
}

#[test]
fn a_goroutine_that_is_locked_when_the_runtime_ends_is_dropped_by_its_thread() {
    for _ in 0..5 {
        with_workers(|shape| {
            let (runtime, (locked_tx, locked)) = (like(shape), mpsc::channel());
            let mut all = Vec::new();
            for way in 0..8 {
                let (tx, dropped) = mpsc::channel();
                let locked_tx = locked_tx.clone();
                let waits = async move {
                    let _lock = lock_os_thread().await;
                    let _dropped = Dropped(tx);
                    locked_tx.send((way, here())).unwrap();
                    loop {
                        match way % 4 {
                            // It waits, for good and not, and stands in queues most of the time.
                            0 => std::future::pending().await,
                            1 => sleep(Duration::from_micros(10)).await,
                            _ => yield_now().await,
                        }
                    }
                };
                all.push((runtime.spawn(waits), dropped));
            }
            let threads: Vec<_> = (0..8).map(|_| locked.recv().unwrap()).collect();
            drop(runtime);
            for (way, thread) in threads {
                let (handle, dropped) = &all[way];
                assert_eq!(dropped.try_iter().collect::<Vec<_>>(), [thread]);
                assert!(handle.is_finished());
            }
        });
    }
}

#[test]
fn a_goroutine_that_was_unlocked_elsewhere_is_dropped_at_the_end_of_the_runtime() {
    for _ in 0..5 {
        with_workers(|shape| {
            let (runtime, (guards, others)) = (like(shape), mpsc::channel::<OsThreadLock>());
            let (tx, dropped) = mpsc::channel();
            runtime
                .spawn(async move {
                    let _dropped = Dropped(tx);
                    for turn in 0.. {
                        // Nobody may be there any more.
                        let _ = guards.send(lock_os_thread().await);
                        give_way(turn).await;
                    }
                })
                .detach();
            others.iter().take(100).for_each(drop);
            drop(runtime);
            assert_eq!(dropped.iter().count(), 1);
        });
    }
}

#[test]
fn where_no_thread_is_left_who_waits_for_the_end_drops_the_goroutines() {
    for gives_up in [true, false] {
        let runtime = Builder::new().workers(1).max_threads(1).build().unwrap();
        let (tx, dropped) = mpsc::channel();
        let waits = runtime.spawn(async move {
            let _dropped = Dropped(tx);
            std::future::pending::<()>().await;
        });
        let taints = runtime.spawn(async { mem::forget(lock_os_thread().await) });
        runtime.block_on(taints).unwrap();
        // No other thread could be had while this one was there.
        while runtime.handle().metrics().threads() > 0 {
            thread::yield_now();
        }
        if gives_up {
            assert!(runtime.shutdown_timeout(Duration::from_secs(60)));
        } else {
            drop(runtime);
        }
        assert_eq!(dropped.try_iter().collect::<Vec<_>>(), [here()]);
        assert!(waits.is_finished());
    }
}

#[test]
fn a_thread_that_has_ended_makes_room_for_another() {
    let runtime = Builder::new().workers(1).max_threads(1).build().unwrap();
    for _ in 0..10 {
        let taints = runtime.spawn(async { mem::forget(lock_os_thread().await) });
        runtime.block_on(taints).unwrap();
        assert_eq!(runtime.run(async { 7 }), 7);
    }
}

#[test]
fn those_that_are_locked_to_all_the_threads_there_may_be_are_woken() {
    let runtime = Builder::new().workers(2).max_threads(3).build().unwrap();
    runtime.run(async {
        let _lock = lock_os_thread().await;
        let thread = here();
        for turn in 0..10 {
            let others = [(); 2].map(|()| {
                spawn(async move {
                    let _lock = lock_os_thread().await;
                    let thread = here();
                    for _ in 0..4 {
                        sleep(Duration::from_millis(turn)).await;
                        yield_now().await;
                        assert_eq!(here(), thread);
                    }
                })
            });
            for other in others {
                other.await.unwrap();
                assert_eq!(here(), thread);
            }
        }
    });
}

#[test]
fn locking_outside_a_goroutine_is_a_panic() {
    let panic = std::panic::catch_unwind(|| futures_lite::future::block_on(lock_os_thread()));
    let text = *panic.unwrap_err().downcast::<&str>().unwrap();
    assert!(text.contains("locks a goroutine"), "{text}");
}
