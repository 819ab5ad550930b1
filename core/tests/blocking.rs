//! `blocking`: while a goroutine blocks its thread, everything else goes on, with one worker too.

use std::collections::HashSet;
use std::future::pending;
use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use chango_core::net::{TcpListener, TcpStream};
use chango_core::runtime::{Builder, Handle, Runtime};
use chango_core::spawn::{self, blocking, spawn, yield_now};
use chango_core::time::sleep;

fn runtime(workers: usize) -> Runtime {
    Builder::new().workers(workers).build().expect("a runtime")
}

/// Runs a test with 1, 2 and 8 workers.
fn with_workers(test: impl Fn(&Runtime)) {
    for workers in [1, 2, 8] {
        test(&runtime(workers));
    }
}

#[test]
fn goroutines_that_block_until_all_do_so_all_get_a_thread() {
    with_workers(|runtime| {
        const COUNT: usize = 20;
        let sum: usize = runtime.run(async {
            let all = Arc::new(Barrier::new(COUNT));
            let each = |at| {
                let all = Arc::clone(&all);
                spawn(async move {
                    blocking(|| all.wait());
                    at
                })
            };
            let handles: Vec<_> = (0..COUNT).map(each).collect();
            let mut sum = 0;
            for handle in handles {
                sum += handle.await.unwrap();
            }
            sum
        });
        assert_eq!(sum, COUNT * (COUNT - 1) / 2);
    });
}

#[test]
fn what_stands_behind_a_goroutine_that_blocks_is_run_by_others() {
    with_workers(|runtime| {
        // More than a run queue holds.
        const COUNT: usize = 1_000;
        runtime.run(async {
            let (tx, rx) = mpsc::channel();
            for at in 0..COUNT {
                let tx = tx.clone();
                spawn(async move { tx.send(at).unwrap() }).detach();
            }
            let seen: HashSet<_> = blocking(|| rx.iter().take(COUNT).collect());
            assert_eq!(seen.len(), COUNT);
        });
    });
}

#[test]
fn what_is_spawned_and_woken_inside_is_run_by_others() {
    with_workers(|runtime| {
        runtime.run(async {
            for _ in 0..100 {
                let (tx, rx) = mpsc::channel();
                let waiting = tx.clone();
                let (wake, woken) = async_flag();
                spawn(async move {
                    woken.await;
                    waiting.send("woken").unwrap();
                })
                .detach();
                yield_now().await;
                let mut got = blocking(|| {
                    wake();
                    spawn(async move { tx.send("spawned").unwrap() }).detach();
                    [rx.recv().unwrap(), rx.recv().unwrap()]
                });
                got.sort_unstable();
                assert_eq!(got, ["spawned", "woken"]);
            }
        });
    });
}

/// A function that lets a future end.
fn async_flag() -> (impl FnOnce() + Send, impl Future<Output = ()> + Send) {
    let flag = Arc::new((AtomicBool::new(false), Mutex::new(None::<std::task::Waker>)));
    let other = Arc::clone(&flag);
    let set = move || {
        other.0.store(true, Ordering::SeqCst);
        if let Some(waker) = other.1.lock().unwrap().take() {
            waker.wake();
        }
    };
    let wait = std::future::poll_fn(move |cx| {
        *flag.1.lock().unwrap() = Some(cx.waker().clone());
        if flag.0.load(Ordering::SeqCst) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    });
    (set, wait)
}

#[test]
fn what_is_woken_after_a_call_in_which_all_was_idle_is_run_beside_a_long_poll() {
    // One worker blocks for so long that nobody watches the other one's sleep any more.
    const LONG: Duration = Duration::from_millis(400);
    let runtime = runtime(2);
    let (wake, woken) = async_flag();
    let (ran_tx, ran) = mpsc::channel();
    let waiting = runtime.spawn(async move {
        woken.await;
        ran_tx.send(()).unwrap();
    });
    let hog = runtime.spawn(async move {
        blocking(|| thread::sleep(LONG));
        // It stands in `runnext` now, and this poll does not end before it has run.
        wake();
        ran.recv_timeout(Duration::from_secs(20)).unwrap();
    });
    runtime.block_on(hog).unwrap();
    runtime.block_on(waiting).unwrap();
}

#[test]
fn timers_fire_while_every_worker_is_blocked() {
    with_workers(|runtime| {
        runtime.run(async {
            let (tx, rx) = mpsc::channel();
            spawn(async move {
                for turn in 0..3 {
                    sleep(Duration::from_millis(1)).await;
                    tx.send(turn).unwrap();
                }
            })
            .detach();
            let turns: Vec<_> = blocking(|| rx.iter().collect());
            assert_eq!(turns, [0, 1, 2]);
        });
    });
}

#[test]
fn sockets_are_served_while_every_worker_is_blocked() {
    with_workers(|runtime| {
        runtime.run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let at = listener.local_addr().unwrap();
            spawn(async move {
                let (stream, _) = listener.accept().await.unwrap();
                let mut byte = [0];
                while stream.read(&mut byte).await.unwrap() > 0 {
                    stream.write_all(&byte).await.unwrap();
                }
            })
            .detach();
            blocking(|| {
                let mut client = std::net::TcpStream::connect(at).unwrap();
                for sent in 0..100 {
                    client.write_all(&[sent]).unwrap();
                    let mut byte = [0];
                    client.read_exact(&mut byte).unwrap();
                    assert_eq!(byte, [sent]);
                }
            });
            // And the other way round: the goroutine waits, and finds its own socket ready.
            let echo = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let at = echo.local_addr().unwrap();
            let server = thread::spawn(move || echo.accept().unwrap().0.write_all(b"x").unwrap());
            let stream = TcpStream::connect(at).await.unwrap();
            assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 1);
            server.join().unwrap();
        });
    });
}

#[test]
fn the_slice_is_not_used_up_by_what_is_done_inside() {
    let alarm = || async { sleep(Duration::ZERO).await };
    runtime(1).run(async move {
        blocking(|| {
            futures_lite::future::block_on(async {
                for _ in 0..10 * chango_core::coop::SLICE {
                    alarm().await;
                }
            });
        });
    });
}

#[test]
fn a_panic_inside_goes_on_outside_and_the_worker_with_it() {
    with_workers(|runtime| {
        runtime.run(async {
            let error = spawn(async { blocking(|| panic!("inside")) }).await;
            assert!(error.unwrap_err().is_panic());
            let caught = catch_unwind(AssertUnwindSafe(|| blocking(|| panic!("caught"))));
            assert!(caught.is_err());
            assert!(spawn::in_goroutine());
            assert_eq!(spawn(async { blocking(|| 5) }).await.unwrap(), 5);
        });
    });
}

#[test]
fn inside_one_may_block_on_a_future_and_cannot_exit() {
    with_workers(|runtime| {
        let handle = runtime.handle();
        let inner = Arc::new(Builder::new().workers(1).build().unwrap());
        runtime.run(async move {
            let id = spawn::id();
            let two = blocking(|| {
                assert!(!spawn::in_goroutine());
                assert_eq!(spawn::id(), id);
                let _entered = handle.enter();
                inner.block_on(async { spawn(async { 2 }).await.unwrap() })
            });
            assert_eq!(two, 2);
            assert_eq!(blocking(|| blocking(|| 3)), 3);
            let exit = catch_unwind(AssertUnwindSafe(|| {
                blocking(|| futures_lite::future::block_on(spawn::exit()))
            }));
            assert!(exit.is_err());
            blocking(|| drop(inner));
        });
    });
}

#[test]
fn outside_a_goroutine_it_only_runs_the_closure() {
    assert_eq!(blocking(|| 1), 1);
    let runtime = runtime(1);
    let here = thread::current().id();
    assert_eq!(
        runtime.block_on(async { blocking(|| thread::current().id()) }),
        here
    );
}

#[test]
fn an_abort_waits_for_the_closure() {
    with_workers(|runtime| {
        let (inside, outside) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
        let (entered, leaves) = (Arc::clone(&inside), Arc::clone(&outside));
        let handle = runtime.spawn(async move {
            blocking(|| {
                entered.wait();
                leaves.wait();
            });
            pending::<()>().await;
        });
        inside.wait();
        handle.abort();
        assert!(!handle.is_finished());
        outside.wait();
        assert!(runtime.block_on(handle).unwrap_err().is_aborted());
    });
}

#[test]
fn beyond_the_limit_of_threads_the_next_one_waits_for_one_that_comes_back() {
    let runtime = Builder::new().workers(1).max_threads(3).build().unwrap();
    let (most, now) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (seen, inside) = (Arc::clone(&most), Arc::clone(&now));
    runtime.run(async move {
        let handles: Vec<_> = (0..100)
            .map(|_| {
                let (seen, inside) = (Arc::clone(&seen), Arc::clone(&inside));
                spawn(async move {
                    blocking(|| {
                        seen.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                    });
                })
            })
            .collect();
        for handle in handles {
            handle.await.unwrap();
        }
    });
    assert!((1..=3).contains(&most.load(Ordering::SeqCst)));
    let error = Builder::new()
        .workers(2)
        .max_threads(1)
        .build()
        .unwrap_err();
    assert!(error.to_string().contains("max_threads"), "{error}");
}

#[test]
fn threads_are_used_again() {
    with_workers(|runtime| {
        let threads = Arc::new(Mutex::new(HashSet::new()));
        let seen = Arc::clone(&threads);
        runtime.run(async move {
            let (tx, rx) = mpsc::channel();
            for _ in 0..500 {
                let (tx, seen) = (tx.clone(), Arc::clone(&seen));
                // The one that blocks waits for one that somebody else has to run.
                spawn(async move {
                    seen.lock().unwrap().insert(thread::current().id());
                    tx.send(()).unwrap();
                })
                .detach();
                blocking(|| rx.recv().unwrap());
                yield_now().await;
            }
        });
        // A thread that is on its way back is not there yet, so it may be a few more than are needed.
        let count = threads.lock().unwrap().len();
        assert!(count < 50, "{count} threads");
    });
}

#[test]
fn a_runtime_ends_with_its_spares_and_gives_up_those_who_block() {
    with_workers(|runtime| {
        let all = Arc::new(Barrier::new(9));
        for _ in 0..8 {
            let all = Arc::clone(&all);
            runtime
                .spawn(async move { blocking(|| all.wait()) })
                .detach();
        }
        all.wait();
    });
    let runtime = runtime(1);
    let (entered, leaves) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let (inside, outside) = (Arc::clone(&entered), Arc::clone(&leaves));
    let dropped = Arc::new(AtomicBool::new(false));
    let guard = SetOnDrop(Arc::clone(&dropped));
    runtime
        .spawn(async move {
            let _guard = guard;
            blocking(|| {
                inside.wait();
                outside.wait();
            });
            pending::<()>().await;
        })
        .detach();
    entered.wait();
    assert!(!runtime.shutdown_timeout(Duration::from_millis(1)));
    assert!(!dropped.load(Ordering::SeqCst));
    leaves.wait();
    while !dropped.load(Ordering::SeqCst) {
        thread::yield_now();
    }
}

struct SetOnDrop(Arc<AtomicBool>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A channel for one value a side, by a lock and a condition: what blocks a thread.
#[derive(Default)]
struct Turn {
    turn: Mutex<usize>,
    changed: Condvar,
}

impl Turn {
    /// Waits until it is `me`'s turn among `count`, and hands it on.
    fn take(&self, me: usize, count: usize) {
        let turn = self.turn.lock().unwrap();
        let mut turn = self
            .changed
            .wait_while(turn, |turn| *turn % count != me)
            .unwrap();
        *turn += 1;
        self.changed.notify_all();
    }
}

#[test]
fn goroutines_that_block_wake_yield_and_sleep_all_come_to_their_end() {
    with_workers(|runtime| {
        let done = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&done);
        runtime.run(async move {
            let turns = Arc::new(Turn::default());
            let handles: Vec<_> = (0..6)
                .map(|me| {
                    let (turns, counted) = (Arc::clone(&turns), Arc::clone(&counted));
                    spawn(async move {
                        for round in 0..50 {
                            blocking(|| turns.take(me, 6));
                            let child = spawn(async move { blocking(|| round) });
                            match round % 3 {
                                0 => yield_now().await,
                                1 => sleep(Duration::from_micros(50)).await,
                                _ => {}
                            }
                            assert_eq!(child.await.unwrap(), round);
                            counted.fetch_add(1, Ordering::Relaxed);
                        }
                    })
                })
                .collect();
            for handle in handles {
                handle.await.unwrap();
            }
        });
        assert_eq!(done.load(Ordering::Relaxed), 300);
    });
}

#[test]
fn a_handle_spawns_from_inside_onto_another_runtime() {
    let (one, other) = (runtime(1), runtime(1));
    let other_handle: Handle = other.handle();
    let seven = one.run(async move {
        blocking(|| futures_lite::future::block_on(other_handle.spawn(async { 7 })).unwrap())
    });
    assert_eq!(seven, 7);
}
