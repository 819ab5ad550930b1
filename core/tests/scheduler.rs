//! Goroutines from spawn to end, by the public API: results, panics, aborts, exits, order, shutdown.

use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use chango_core::runtime::{self, Builder, Runtime};
use chango_core::spawn::{self, spawn, yield_now};
use chango_core::task::JoinHandle;

const WORKERS: [usize; 3] = [1, 2, 8];

fn runtime(workers: usize) -> Runtime {
    Builder::new().workers(workers).build().expect("a runtime")
}

/// Runs a test with 1, 2 and 8 workers.
fn with_workers(test: impl Fn(&Runtime)) {
    for workers in WORKERS {
        test(&runtime(workers));
    }
}

/// Counts how often it is dropped.
#[derive(Clone, Default)]
struct Drops(Arc<AtomicUsize>);

impl Drops {
    fn guard(&self) -> impl Send + Sync + use<> {
        struct Guard(Arc<AtomicUsize>);
        impl Drop for Guard {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        Guard(Arc::clone(&self.0))
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

#[test]
fn every_goroutine_runs_once_and_gives_its_result() {
    with_workers(|runtime| {
        let sum = runtime.run(async {
            let handles: Vec<_> = (0..10_000_u64).map(|i| spawn(async move { i })).collect();
            let mut sum = 0;
            for handle in handles {
                sum += handle.await.unwrap();
            }
            sum
        });
        assert_eq!(sum, 49_995_000);
    });
}

#[test]
fn goroutines_spawn_goroutines_from_every_worker() {
    fn tree(depth: u32) -> Pin<Box<dyn Future<Output = u64> + Send>> {
        Box::pin(async move {
            if depth == 0 {
                return 1;
            }
            let children: Vec<_> = (0..4).map(|_| spawn(tree(depth - 1))).collect();
            let mut leaves = 0;
            for child in children {
                leaves += child.await.unwrap();
            }
            leaves
        })
    }
    with_workers(|runtime| assert_eq!(runtime.run(tree(7)), 4_u64.pow(7)));
}

#[test]
fn spawning_from_plain_threads_wakes_the_workers() {
    with_workers(|runtime| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let handle = runtime.handle();
                std::thread::spawn(move || {
                    (0..1_000)
                        .map(|i| handle.spawn(async move { i }))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        let handles = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap());
        let sum: usize = handles
            .map(|handle| runtime.block_on(handle).unwrap())
            .sum();
        assert_eq!(sum, 4 * 499_500);
    });
}

#[test]
fn a_wake_up_from_another_thread_is_never_lost() {
    with_workers(|runtime| {
        let (to_waker, wakers) = mpsc::channel::<(Arc<AtomicBool>, Waker)>();
        let thread = std::thread::spawn(move || {
            for (flag, waker) in wakers {
                flag.store(true, Ordering::Release);
                waker.wake();
            }
        });
        runtime.run(async move {
            for _ in 0..5_000 {
                let flag = Arc::new(AtomicBool::new(false));
                let mut sent = false;
                poll_fn(|cx| {
                    if flag.load(Ordering::Acquire) {
                        return Poll::Ready(());
                    }
                    if !std::mem::replace(&mut sent, true) {
                        to_waker
                            .send((Arc::clone(&flag), cx.waker().clone()))
                            .unwrap();
                    }
                    Poll::Pending
                })
                .await;
            }
        });
        thread.join().unwrap();
    });
}

#[test]
fn a_panic_ends_one_goroutine_and_is_what_its_handle_gives() {
    with_workers(|runtime| {
        let (error, others) = runtime.run(async {
            let bad = spawn::Builder::new()
                .name("bad")
                .spawn(async { panic!("no luck") });
            let good: Vec<_> = (0..100).map(|i| spawn(async move { i })).collect();
            let error = bad.await.unwrap_err();
            let mut others = 0;
            for handle in good {
                others += handle.await.unwrap();
            }
            (error, others)
        });
        assert!(error.is_panic() && !error.is_aborted() && !error.is_exited());
        assert!(error.to_string().ends_with("panicked: no luck"), "{error}");
        assert_eq!(*error.into_panic().downcast::<&str>().unwrap(), "no luck");
        assert_eq!(others, 4950);
    });
}

#[test]
fn a_panic_of_the_main_goroutine_is_resumed_in_the_caller() {
    let runtime = runtime(2);
    let caught = catch_unwind(AssertUnwindSafe(|| runtime.run(async { panic!("main") })));
    assert_eq!(*caught.unwrap_err().downcast::<&str>().unwrap(), "main");
    assert_eq!(runtime.run(async { 1 }), 1, "the runtime goes on");
}

#[test]
fn destructors_that_panic_take_nobody_along() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            if !std::thread::panicking() {
                panic!("in drop");
            }
        }
    }
    with_workers(|runtime| {
        runtime.run(async {
            let aborted = spawn(async {
                let _bomb = Bomb;
                pending::<()>().await;
            });
            yield_now().await;
            aborted.abort();
            assert!(aborted.await.unwrap_err().is_panic());
            // A result that nobody takes, whose destructor panics.
            spawn(async { Bomb }).detach();
            let joined = spawn(async { Bomb }).await.unwrap();
            std::mem::forget(joined);
            assert_eq!(spawn(async { 7 }).await.unwrap(), 7);
        });
    });
}

#[test]
fn abort_drops_the_future_wherever_it_waits() {
    with_workers(|runtime| {
        let drops = Drops::default();
        let inner = drops.clone();
        runtime.run(async move {
            let waiting: Vec<_> = (0..100)
                .map(|_| {
                    let guard = inner.guard();
                    spawn(async move {
                        let _guard = guard;
                        pending::<()>().await;
                    })
                })
                .collect();
            for handle in &waiting {
                handle.abort();
                handle.abort();
            }
            for handle in waiting {
                assert!(handle.await.unwrap_err().is_aborted());
            }
            assert_eq!(inner.count(), 100);
        });
    });
}

#[test]
fn abort_after_the_end_changes_nothing() {
    runtime(1).run(async {
        let handle = spawn(async { 5 });
        while !handle.is_finished() {
            yield_now().await;
        }
        handle.abort();
        assert_eq!(handle.await.unwrap(), 5);
    });
}

#[test]
fn exit_drops_the_future_and_runs_destructors() {
    with_workers(|runtime| {
        let drops = Drops::default();
        let guard = drops.guard();
        let error = runtime.run(async move {
            spawn(async move {
                let _guard = guard;
                spawn::exit().await;
            })
            .await
            .unwrap_err()
        });
        assert!(error.is_exited());
        assert_eq!(drops.count(), 1);
    });
}

#[test]
fn exit_wins_over_a_combinator_that_is_ready_in_the_same_poll() {
    with_workers(|runtime| {
        let result = runtime.run(async {
            spawn(async {
                futures_lite::future::or(
                    async {
                        spawn::exit().await;
                    },
                    async {},
                )
                .await;
                "went on"
            })
            .await
        });
        assert!(result.unwrap_err().is_exited());
    });
}

#[test]
fn exit_in_the_main_goroutine_and_outside_is_a_panic() {
    let runtime = runtime(1);
    let main = AssertUnwindSafe(|| runtime.run(async { spawn::exit().await }));
    assert!(catch_unwind(main).is_err());
    let outside = catch_unwind(|| futures_lite::future::block_on(spawn::exit()));
    assert!(outside.is_err());
}

#[test]
fn dropping_the_handle_detaches_and_stops_nothing() {
    with_workers(|runtime| {
        let (done, finished) = mpsc::channel();
        runtime.run(async move {
            for i in 0..100 {
                let done = done.clone();
                drop(spawn(async move {
                    yield_now().await;
                    done.send(i).unwrap();
                }));
            }
            while runtime::num_goroutines() > 1 {
                yield_now().await;
            }
        });
        let mut all: Vec<i32> = finished.iter().collect();
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
    });
}

#[test]
fn a_result_is_received_once() {
    let runtime = runtime(1);
    let twice = AssertUnwindSafe(|| {
        runtime.block_on(async {
            let handle = runtime.spawn(async { 1 });
            assert_eq!(poll_fn(|cx| handle.poll_join(cx)).await.unwrap(), 1);
            let _ = poll_fn(|cx| handle.poll_join(cx)).await;
        });
    });
    let panic = catch_unwind(twice).unwrap_err();
    let text = panic.downcast_ref::<&str>().unwrap();
    assert!(text.contains("received once"), "{text}");
}

#[test]
fn of_two_goroutines_on_one_handle_one_gets_the_result() {
    with_workers(|runtime| {
        for _ in 0..10 {
            let open = Arc::new(AtomicBool::new(false));
            let gate = Arc::clone(&open);
            let handle = Arc::new(runtime.spawn(async move {
                while !gate.load(Ordering::Acquire) {
                    yield_now().await;
                }
                9
            }));
            let join = |handle: Arc<JoinHandle<i32>>| async move {
                poll_fn(|cx| handle.poll_join(cx)).await.unwrap()
            };
            let one = runtime.spawn(join(Arc::clone(&handle)));
            let other = runtime.spawn(join(handle));
            open.store(true, Ordering::Release);
            let got = [runtime.block_on(one), runtime.block_on(other)];
            assert_eq!(
                got.iter().filter(|result| matches!(result, Ok(9))).count(),
                1
            );
            assert_eq!(got.iter().filter(|result| result.is_err()).count(), 1);
        }
    });
}

#[test]
fn shutdown_drops_every_future_once() {
    for workers in WORKERS {
        let drops = Drops::default();
        let runtime = runtime(workers);
        for kind in 0..1_000 {
            let guard = drops.guard();
            runtime
                .spawn(async move {
                    let _guard = guard;
                    match kind % 3 {
                        0 => pending().await,
                        1 => loop {
                            yield_now().await;
                        },
                        _ => {}
                    }
                })
                .detach();
        }
        drop(runtime);
        assert_eq!(drops.count(), 1_000);
    }
}

#[test]
fn a_goroutine_that_is_dropped_at_shutdown_may_wake_and_spawn() {
    struct Meddler(Waker, Drops);
    impl Drop for Meddler {
        fn drop(&mut self) {
            self.0.wake_by_ref();
            let guard = self.1.guard();
            let late = spawn(async move {
                let _guard = guard;
                unreachable!("nothing is spawned in a runtime that shuts down");
            });
            assert!(late.is_finished());
        }
    }
    for workers in WORKERS {
        let drops = Drops::default();
        let runtime = runtime(workers);
        let waiter: JoinHandle<()> = runtime.spawn(pending());
        let inner = drops.clone();
        runtime.run(async move {
            let (send, receive) = mpsc::channel();
            spawn(poll_fn(move |cx| {
                send.send(cx.waker().clone()).unwrap();
                Poll::<()>::Pending
            }));
            let waker = loop {
                match receive.try_recv() {
                    Ok(waker) => break waker,
                    Err(_) => yield_now().await,
                }
            };
            for _ in 0..10 {
                let meddler = Meddler(waker.clone(), inner.clone());
                spawn(async move {
                    let _meddler = meddler;
                    pending::<()>().await;
                });
            }
        });
        drop(runtime);
        assert_eq!(drops.count(), 10);
        assert!(
            futures_lite::future::block_on(waiter)
                .unwrap_err()
                .is_aborted()
        );
    }
}

#[test]
fn what_outlives_the_runtime_is_harmless() {
    let stolen = Arc::new(Mutex::new(None));
    let (handle, joined) = {
        let runtime = runtime(2);
        let place = Arc::clone(&stolen);
        let joined = runtime.spawn(poll_fn(move |cx: &mut Context<'_>| {
            *place.lock().unwrap() = Some(cx.waker().clone());
            Poll::<()>::Pending
        }));
        while stolen.lock().unwrap().is_none() {
            std::thread::yield_now();
        }
        (runtime.handle(), joined)
    };
    let waker = stolen.lock().unwrap().take().unwrap();
    waker.wake_by_ref();
    waker.wake();
    joined.abort();
    assert!(joined.is_finished());
    assert!(
        futures_lite::future::block_on(joined)
            .unwrap_err()
            .is_aborted()
    );
    let late = handle.spawn(async { 1 });
    assert!(
        futures_lite::future::block_on(late)
            .unwrap_err()
            .is_aborted()
    );
}

#[test]
fn shutdown_does_not_wait_for_a_stuck_goroutine_beyond_its_limit() {
    let runtime = runtime(2);
    let (entered, left) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let drops = Drops::default();
    let (guard, inside, outside) = (drops.guard(), Arc::clone(&entered), Arc::clone(&left));
    runtime
        .spawn(async move {
            let _guard = guard;
            inside.wait();
            outside.wait();
            pending::<()>().await;
        })
        .detach();
    entered.wait();
    assert!(!runtime.shutdown_timeout(Duration::from_millis(1)));
    assert_eq!(drops.count(), 0, "it is still being polled");
    left.wait();
    // The stuck worker is the last to end, and drops what is left.
    while drops.count() == 0 {
        std::thread::yield_now();
    }
}

#[test]
fn a_goroutine_may_drop_its_own_runtime() {
    let shared = Arc::new(Mutex::new(Some(runtime(2))));
    let own = Arc::clone(&shared);
    let (done, finished) = mpsc::channel();
    let handle = shared.lock().unwrap().as_ref().unwrap().handle();
    handle
        .spawn(async move {
            let runtime = own.lock().unwrap().take();
            drop(runtime);
            done.send(()).unwrap();
        })
        .detach();
    finished.recv().unwrap();
}

#[test]
fn block_on_borrows_and_need_not_be_send() {
    with_workers(|runtime| {
        let local = std::rc::Rc::new(std::cell::Cell::new(0));
        runtime.block_on(async {
            for _ in 0..100 {
                let one = spawn(async { 1 }).await.unwrap();
                local.set(local.get() + one);
            }
        });
        assert_eq!(local.get(), 100);
    });
}

#[test]
fn running_inside_a_goroutine_is_refused() {
    let runtime = runtime(1);
    let error = runtime.run(async {
        spawn(async {
            let nested = Runtime::new().unwrap();
            nested.block_on(async {});
        })
        .await
        .unwrap_err()
    });
    assert!(
        error.to_string().contains("would block its worker"),
        "{error}"
    );
}

#[test]
fn spawning_outside_every_runtime_names_the_ways_in() {
    let panic = catch_unwind(|| spawn(async {})).unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(
        text.contains("run!") && text.contains("Handle::enter"),
        "{text}"
    );
}

#[test]
fn runtimes_are_entered_and_left_in_any_order() {
    let (one, two) = (runtime(1), runtime(2));
    let (first, second) = (one.handle(), two.handle());
    let outer = first.enter();
    assert_eq!(runtime::max_procs(), 1);
    let inner = second.enter();
    assert_eq!(runtime::max_procs(), 2);
    drop(outer);
    assert_eq!(runtime::max_procs(), 2);
    drop(inner);
    assert!(catch_unwind(runtime::max_procs).is_err());
}

#[test]
fn a_handle_entered_in_a_goroutine_is_where_it_spawns() {
    let (one, two) = (runtime(1), runtime(2));
    let second = two.handle();
    let procs = one.run(async move {
        let spawned = {
            let _entered = second.enter();
            spawn(async { runtime::max_procs() })
        };
        (spawned.await.unwrap(), runtime::max_procs())
    });
    assert_eq!(procs, (2, 1));
}

/// Ready at every poll, as a channel that is never empty; asks the slice as all operations do.
async fn operation() {
    poll_fn(chango_core::coop::poll_proceed).await;
}

#[test]
fn a_goroutine_whose_operations_are_always_ready_lets_others_run() {
    let runtime = runtime(1);
    runtime.run(async {
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        let hog = spawn(async move {
            let mut operations = 0_u64;
            while !seen.load(Ordering::Relaxed) {
                operation().await;
                operations += 1;
            }
            operations
        });
        spawn(async move { stop.store(true, Ordering::Relaxed) })
            .await
            .unwrap();
        // One slice or two: the hog was preempted as soon as its slice was used up.
        assert!(hog.await.unwrap() <= 3 * 128);
    });
}

#[test]
fn two_goroutines_that_wake_each_other_are_preempted_like_one() {
    let runtime = runtime(1);
    runtime.run(async {
        let stop = Arc::new(AtomicBool::new(false));
        let place: Arc<Mutex<[Option<Waker>; 2]>> = Arc::default();
        let player = |me: usize| {
            let (stop, place) = (Arc::clone(&stop), Arc::clone(&place));
            spawn(poll_fn(move |cx| {
                let mut place = place.lock().unwrap();
                place[me] = Some(cx.waker().clone());
                if let Some(other) = place[1 - me].take() {
                    other.wake();
                }
                if stop.load(Ordering::Relaxed) {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            }))
        };
        let players = [player(0), player(1)];
        yield_now().await;
        // Behind the pair in the queue: it never runs if `runnext` always comes first.
        spawn(async {}).await.unwrap();
        stop.store(true, Ordering::Relaxed);
        for handle in players {
            handle.abort();
            let _ = handle.await;
        }
    });
}

#[test]
fn yielding_lets_the_others_of_the_worker_run() {
    let runtime = runtime(1);
    let order = runtime.run(async {
        let order = Arc::new(Mutex::new(Vec::new()));
        let writers: Vec<_> = ["a", "b", "c"]
            .into_iter()
            .map(|name| {
                let order = Arc::clone(&order);
                spawn(async move {
                    for _ in 0..3 {
                        order.lock().unwrap().push(name);
                        yield_now().await;
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        Arc::into_inner(order).unwrap().into_inner().unwrap()
    });
    for round in order.chunks(3) {
        let mut round = round.to_vec();
        round.sort_unstable();
        assert_eq!(round, ["a", "b", "c"], "{order:?}");
    }
}

#[test]
fn a_worker_that_is_busy_is_stolen_from() {
    let runtime = runtime(2);
    let (release, gate) = mpsc::channel::<()>();
    runtime.run(async move {
        let gate = Mutex::new(gate);
        // Whoever polls this is stuck until the last of the others has run.
        let stuck = spawn(async move {
            let others: Vec<_> = (0..100).map(|i| spawn(async move { i })).collect();
            let sum = spawn(async move {
                let mut sum = 0;
                for other in others {
                    sum += other.await.unwrap();
                }
                release.send(()).unwrap();
                sum
            });
            gate.lock().unwrap().recv().unwrap();
            sum.await.unwrap()
        });
        assert_eq!(stuck.await.unwrap(), 4950);
    });
}

#[test]
fn numbers_of_goroutines_are_unique() {
    with_workers(|runtime| {
        let ids = runtime.run(async {
            let handles: Vec<_> = (0..1_000)
                .map(|_| spawn(async { spawn::id().unwrap() }))
                .collect();
            let mut ids = Vec::new();
            for handle in handles {
                let id = handle.id();
                assert_eq!(handle.await.unwrap(), id);
                ids.push(id);
            }
            ids
        });
        let distinct: std::collections::HashSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
    });
}

#[test]
fn the_count_of_goroutines_comes_back_to_one() {
    with_workers(|runtime| {
        runtime.run(async {
            let handles: Vec<JoinHandle<()>> = (0..500).map(|_| spawn(pending())).collect();
            assert_eq!(runtime::num_goroutines(), 501);
            for handle in handles {
                handle.abort();
                let _ = handle.await;
            }
            assert_eq!(runtime::num_goroutines(), 1);
        });
    });
}

#[test]
fn promises_of_send_and_sync_hold() {
    fn both<T: Send + Sync>() {}
    both::<Runtime>();
    both::<runtime::Handle>();
    both::<JoinHandle<std::cell::Cell<i32>>>();
    both::<chango_core::task::JoinError>();
    both::<chango_core::task::TaskId>();
}
