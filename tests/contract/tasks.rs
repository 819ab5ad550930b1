//! Section 4: goroutines and runtimes.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Output};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use chango::net::TcpListener;
use chango::prelude::*;
use chango::runtime::{self, Builder, Handle, Runtime};
use chango::task::{self, JoinHandle, TaskId};
use futures_lite::future::{block_on, or, pending, poll_once, ready};

use crate::until::until;
use crate::workers::{on, on_workers};

struct OnDrop(Arc<AtomicUsize>);

impl OnDrop {
    fn new() -> (Self, Arc<AtomicUsize>) {
        let count = Arc::new(AtomicUsize::new(0));
        (Self(Arc::clone(&count)), count)
    }
}

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn text(panic: Box<dyn std::any::Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast_ref::<&str>().expect("a text")).to_owned(),
    }
}

/// Runs one test of this file again, in a process of its own, where `CHANGO_TEST_CHILD` is set.
fn child(test: &str, variables: &[(&str, &str)]) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            &format!("tasks::{test}"),
            "--nocapture",
            "--test-threads=1",
        ])
        .env("CHANGO_TEST_CHILD", "1")
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

fn is_child() -> bool {
    std::env::var_os("CHANGO_TEST_CHILD").is_some()
}

mod blocking {
    use super::*;

    #[test]
    fn the_worker_is_handed_off_at_once_and_the_closure_runs_here() {
        on_workers(|| async {
            let here = thread::current().id();
            let (tx, rx) = std::sync::mpsc::channel();
            let other = go! {
                tx.send(thread::current().id()).unwrap();
            };
            let local = String::from("borrowed");
            let (there, inside) = task::blocking(|| {
                assert_eq!(local, "borrowed");
                (rx.recv().unwrap(), thread::current().id())
            });
            assert_eq!(inside, here);
            assert_ne!(there, here);
            other.await.unwrap();
        });
    }

    #[test]
    fn a_channel_works_from_blocking_goroutines_on_one_worker() {
        on(1, async {
            let (tx, rx) = bounded(0);
            let sender = go! {
                for i in 0..100 {
                    tx.send_blocking(i).unwrap();
                }
            };
            assert_eq!(rx.recv_blocking(), Some(0));
            assert!(rx.iter().eq(1..100));
            sender.await.unwrap();
        });
    }

    #[test]
    fn select_and_arrows_go_on_beside_goroutines_that_block() {
        on_workers(|| async {
            let (tx, rx) = bounded::<i32>(0);
            let (stop, stopped) = bounded::<()>(0);
            let blocked = go! { task::blocking(|| stopped.recv_blocking()) };
            go! {
                for i in 0..10 { tx <- i; }
            };
            let mut sum = 0;
            co! {
                loop {
                    select! {
                        v = <-rx => match v {
                            Some(v) => sum += v,
                            None => break,
                        },
                        _ = <-after(Duration::from_secs(60)) => panic!("nothing comes"),
                    }
                }
            }
            assert_eq!(sum, 45);
            drop(stop);
            assert_eq!(blocked.await.unwrap(), None);
        });
    }
}

mod lock_os_thread {
    use super::*;

    #[test]
    fn the_goroutine_stays_on_its_thread_and_the_others_go_on() {
        on_workers(|| async {
            let lock = task::lock_os_thread().await;
            let here = thread::current().id();
            let (tx, rx) = bounded(0);
            go! {
                for _ in 0..100 { tx <- thread::current().id(); }
            };
            co! {
                for there in <-rx {
                    assert_ne!(there, here);
                    assert_eq!(thread::current().id(), here);
                }
            }
            drop(lock);
        });
    }

    #[test]
    fn the_guard_can_be_given_to_another_goroutine() {
        fn is_send<T: Send>(value: T) -> T {
            value
        }
        on_workers(|| async {
            let lock = is_send(task::lock_os_thread().await);
            go! { drop(lock) }.await.unwrap();
            task::yield_now().await;
        });
    }
}

mod goroutines {
    use super::*;

    #[test]
    fn spawn_gives_the_result() {
        on_workers(|| async {
            let handle: JoinHandle<i32> = task::spawn(async { 6 * 7 });
            assert_eq!(handle.await.unwrap(), 42);
            let named = task::Builder::new().name("reader").spawn(async { "read" });
            assert_eq!(named.await.unwrap(), "read");
        });
    }

    #[test]
    fn yield_now_lets_others_run() {
        on(1, async {
            let (tx, rx) = unbounded();
            let other = {
                let tx = tx.clone();
                go! { for i in 0..3 { tx.try_send(('b', i)).unwrap(); task::yield_now().await; } }
            };
            for i in 0..3 {
                tx.try_send(('a', i)).unwrap();
                task::yield_now().await;
            }
            other.await.unwrap();
            let seen: Vec<_> = std::iter::from_fn(|| rx.try_recv().ok()).collect();
            let expected = [('a', 0), ('b', 0), ('a', 1), ('b', 1), ('a', 2), ('b', 2)];
            assert_eq!(seen, expected);
        });
    }

    #[test]
    fn exit_drops_the_future_here() {
        on_workers(|| async {
            let (held, dropped) = OnDrop::new();
            let handle = go! {
                let _held = held;
                task::exit().await;
            };
            let error = handle.await.unwrap_err();
            assert!(error.is_exited() && !error.is_aborted() && !error.is_panic());
            assert_eq!(dropped.load(Ordering::Relaxed), 1);
        });
    }

    #[test]
    fn exit_cannot_be_overruled_by_a_combinator() {
        on_workers(|| async {
            let handle: JoinHandle<i32> = task::spawn(or(async { task::exit().await }, ready(5)));
            assert!(handle.await.unwrap_err().is_exited());
            let handle = go! {
                // The poll that asked for the exit goes on to its end, but nothing after it runs.
                let _ = poll_once(task::exit()).await;
                pending::<()>().await;
            };
            assert!(handle.await.unwrap_err().is_exited());
            // So does a send that nobody will receive.
            let handle: JoinHandle<i32> = go! {
                let (tx, rx) = bounded(1);
                drop(rx);
                or(async { co! { tx <- 1; } 1 }, ready(2)).await
            };
            assert!(handle.await.unwrap_err().is_exited());
        });
    }

    #[test]
    fn an_id_is_a_small_value_that_is_nobody_elses() {
        fn small<T: Copy + Eq + std::hash::Hash + std::fmt::Display + Send + Sync>() {}
        small::<TaskId>();
        assert_eq!(task::id(), None);
        on_workers(|| async {
            let handles: Vec<_> = (0..500)
                .map(|_| go! { task::yield_now().await; task::id().unwrap() })
                .collect();
            let mut seen = HashSet::from([task::id().unwrap()]);
            for handle in handles {
                let id = handle.id();
                assert_eq!(handle.await.unwrap(), id);
                assert!(seen.insert(id), "{id} was given twice");
            }
        });
    }

    #[test]
    fn abort_drops_the_future_and_says_so() {
        on_workers(|| async {
            let (held, dropped) = OnDrop::new();
            let handle = go! { let _held = held; pending::<()>().await };
            task::yield_now().await;
            assert!(!handle.is_finished());
            handle.abort();
            handle.abort();
            let error = handle.await.unwrap_err();
            assert!(error.is_aborted() && !error.is_exited() && !error.is_panic());
            assert_eq!(dropped.load(Ordering::Relaxed), 1);
            // One that was never polled is dropped as well.
            let (held, dropped) = OnDrop::new();
            let handle = go! { let _held = held; pending::<()>().await };
            handle.abort();
            assert!(handle.await.is_err());
            assert_eq!(dropped.load(Ordering::Relaxed), 1);
        });
    }

    #[test]
    fn abort_after_the_end_changes_nothing() {
        on_workers(|| async {
            let handle = go! { 1 };
            until("it has ended", || handle.is_finished()).await;
            handle.abort();
            assert_eq!(handle.await.unwrap(), 1);
        });
    }

    #[test]
    fn detach_lets_it_go_on() {
        on_workers(|| async {
            let (tx, rx) = bounded(0);
            let handle = go! { tx <- 1; };
            handle.detach();
            assert_eq!(rx.recv().await, Some(1));
        });
    }

    #[test]
    fn the_result_is_dropped_once_whoever_wants_it() {
        on_workers(|| async {
            for way in 0..4 {
                let (held, dropped) = OnDrop::new();
                let handle = go! { held };
                match way {
                    0 => drop(handle.await),
                    1 => drop(handle),
                    2 => {
                        until("it has ended", || handle.is_finished()).await;
                        drop(handle);
                    }
                    _ => {
                        handle.abort();
                        drop(handle);
                    }
                }
                until("it is dropped", || dropped.load(Ordering::Relaxed) == 1).await;
                task::yield_now().await;
                assert_eq!(dropped.load(Ordering::Relaxed), 1);
            }
        });
    }

    #[test]
    fn a_panic_ends_that_goroutine_only_and_is_its_result() {
        on_workers(|| async {
            let (held, dropped) = OnDrop::new();
            let handle: JoinHandle<()> = go! {
                let _held = held;
                std::panic::panic_any(42_i32)
            };
            let error = handle.await.unwrap_err();
            assert!(error.is_panic() && !error.is_aborted() && !error.is_exited());
            assert_eq!(error.into_panic().downcast_ref::<i32>(), Some(&42));
            assert_eq!(dropped.load(Ordering::Relaxed), 1);
            let error = go! { if true { panic!("with words") } }.await.unwrap_err();
            assert!(error.to_string().contains("with words"), "{error}");
            std::error::Error::source(&error);
        });
    }

    #[test]
    fn a_destructor_that_panics_ends_that_goroutine_only() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("in a destructor");
            }
        }
        on_workers(|| async {
            let handle = go! { let _bomb = Bomb; pending::<()>().await };
            task::yield_now().await;
            handle.abort();
            assert!(handle.await.is_err());
            drop(go! { Bomb });
            assert_eq!(go! { 1 }.await.unwrap(), 1);
        });
    }
}

#[test]
fn a_panic_is_printed_with_name_or_position() {
    if is_child() {
        run! {
            let named = task::Builder::new().name("the reader");
            let _ = named.spawn(async { panic!("first words") }).await;
            let _ = go! { panic!("second words") }.await;
        }
        return;
    }
    let output = child("a_panic_is_printed_with_name_or_position", &[]);
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{printed}");
    let of_chango = |words: &str| {
        let mut lines = printed.lines().filter(|line| line.contains("goroutine"));
        lines.any(|line| line.contains(words))
    };
    assert!(of_chango("the reader"), "no name in {printed}");
    assert!(
        of_chango("tests/contract/tasks.rs"),
        "no position in {printed}"
    );
    assert!(
        printed.contains("first words") && printed.contains("second words"),
        "{printed}"
    );
}

#[test]
fn outside_every_runtime_a_spawn_names_the_ways_out() {
    let ways: [fn(); 3] = [
        || drop(go! { 1 }),
        || drop(task::spawn(async { 1 })),
        || drop(go!(std::convert::identity(1))),
    ];
    for way in ways {
        let said = text(catch_unwind(way).unwrap_err());
        assert!(
            said.contains("run!") && said.contains("Handle::enter"),
            "{said}"
        );
    }
}

mod runtimes {
    use super::*;

    #[test]
    fn run_is_the_main_goroutine_and_gives_its_value() {
        for workers in [1, 2, 8] {
            let runtime = Builder::new().workers(workers).build().unwrap();
            let value = runtime.run(async { (task::id().is_some(), runtime::max_procs()) });
            assert_eq!(value, (true, workers));
            // Again, on the same runtime.
            assert_eq!(runtime.run(async { go! { 7 }.await.unwrap() }), 7);
            let panic = catch_unwind(AssertUnwindSafe(|| {
                runtime.run(async { panic!("main") });
            }));
            assert_eq!(text(panic.unwrap_err()), "main");
            assert_eq!(runtime.run(async { 8 }), 8);
        }
    }

    #[test]
    fn block_on_borrows_and_need_not_be_send() {
        let runtime = Builder::new().workers(2).build().unwrap();
        let local = Rc::new(std::cell::Cell::new(1));
        let mut borrowed = vec![1];
        runtime.block_on(async {
            borrowed.push(go! { task::yield_now().await; 2 }.await.unwrap());
            sleep(Duration::from_millis(1)).await;
            local.set(local.get() + 1);
            assert_eq!(task::id(), None);
        });
        assert_eq!((borrowed, local.get()), (vec![1, 2], 2));
    }

    #[test]
    fn both_panic_inside_a_goroutine() {
        on_workers(|| async {
            let runtime = Arc::new(Builder::new().workers(1).build().unwrap());
            let inner = Arc::clone(&runtime);
            let handle = go! { inner.block_on(async {}) };
            assert!(handle.await.unwrap_err().is_panic());
            let inner = Arc::clone(&runtime);
            let handle = go! { inner.run(async {}) };
            assert!(handle.await.unwrap_err().is_panic());
            assert!(go! { run! {} }.await.unwrap_err().is_panic());
            thread::spawn(move || drop(runtime)).join().unwrap();
        });
    }

    #[test]
    fn a_handle_spawns_and_enters_from_any_thread() {
        let runtime = Builder::new().workers(2).build().unwrap();
        let handle: Handle = runtime.handle();
        let other = thread::spawn(move || {
            let spawned = handle.spawn(async { runtime::max_procs() });
            let _guard = handle.enter();
            let by_macro = go! { 3 };
            assert_eq!(handle.max_procs(), 2);
            assert_eq!(runtime::max_procs(), 2);
            assert!(runtime::num_goroutines() <= 2);
            block_on(async move {
                sleep(Duration::from_millis(1)).await;
                (spawned.await.unwrap(), by_macro.await.unwrap())
            })
        });
        assert_eq!(other.join().unwrap(), (2, 3));
        assert_eq!(runtime.block_on(runtime.spawn(async { 4 })).unwrap(), 4);
    }

    #[test]
    fn two_runtimes_do_not_mix() {
        let one = Builder::new().workers(1).build().unwrap();
        let two = Builder::new().workers(2).build().unwrap();
        let (tx, rx) = bounded(0);
        let sending = one.spawn(async move {
            co! { tx <- runtime::max_procs(); }
        });
        let received = two.run(async move {
            (
                rx.recv().await,
                runtime::max_procs(),
                runtime::num_goroutines(),
            )
        });
        assert_eq!(received, (Some(1), 2, 1));
        one.block_on(sending).unwrap();
        // A guard inside a guard.
        let (first, second) = (one.handle(), two.handle());
        let _outer = first.enter();
        {
            let _inner = second.enter();
            assert_eq!(runtime::max_procs(), 2);
        }
        assert_eq!(runtime::max_procs(), 1);
    }

    #[test]
    fn shutdown_drops_every_future_once() {
        for workers in [1, 2, 8] {
            for explicitly in [false, true] {
                let runtime = Builder::new().workers(workers).build().unwrap();
                let dropped = Arc::new(AtomicUsize::new(0));
                for i in 0..300 {
                    let held = OnDrop(dropped.clone());
                    runtime.spawn(async move {
                        let _held = held;
                        match i % 7 {
                            0 => pending().await,
                            1 => sleep(Duration::MAX).await,
                            2 => loop {
                                task::yield_now().await;
                            },
                            3 => {
                                let (tx, rx) = bounded::<OnDrop>(0);
                                select! {
                                    _ = <-rx => {}
                                    tx <- _held => {}
                                    _ = <-after(Duration::MAX) => {}
                                }
                            }
                            4 => {
                                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                                drop(listener.accept().await);
                            }
                            5 => drop(task::spawn(pending::<()>()).await),
                            _ => drop(bounded::<i32>(0).1.recv().await),
                        }
                    });
                }
                if explicitly {
                    assert!(runtime.shutdown_timeout(Duration::from_secs(30)));
                } else {
                    drop(runtime);
                }
                assert_eq!(dropped.load(Ordering::Relaxed), 300);
            }
        }
    }

    #[test]
    fn shutdown_timeout_gives_up_on_a_goroutine_that_does_not_come_back() {
        let runtime = Builder::new().workers(1).build().unwrap();
        let (release, gate) = std::sync::mpsc::channel::<()>();
        let (ready_tx, ready) = std::sync::mpsc::channel();
        let stuck = runtime.spawn(async move {
            ready_tx.send(()).unwrap();
            gate.recv().unwrap_err();
        });
        ready.recv().unwrap();
        assert!(!runtime.shutdown_timeout(Duration::from_millis(10)));
        drop(release);
        assert!(block_on(stuck).is_ok());
    }

    #[test]
    fn what_is_spawned_on_a_runtime_that_has_gone_is_dropped() {
        let runtime = Builder::new().workers(1).build().unwrap();
        let handle = runtime.handle();
        drop(runtime);
        let (held, dropped) = OnDrop::new();
        let late = handle.spawn(async move { drop(held) });
        assert_eq!(dropped.load(Ordering::Relaxed), 1);
        assert!(block_on(late).unwrap_err().is_aborted());
    }

    #[test]
    fn workers_bear_the_name_of_the_runtime() {
        let runtime = Builder::new().workers(2).name("named").build().unwrap();
        let name = runtime.run(async { thread::current().name().map(str::to_owned) });
        assert!(name.unwrap().starts_with("named"));
    }

    #[test]
    fn they_are_send_and_sync() {
        fn both<T: Send + Sync>() {}
        both::<Runtime>();
        both::<Handle>();
        both::<JoinHandle<std::cell::Cell<i32>>>();
        both::<task::JoinError>();
    }
}

mod environment {
    use super::*;

    #[test]
    fn maxprocs_is_the_number_of_workers() {
        if is_child() {
            println!("workers: {}", run! { runtime::max_procs() });
            return;
        }
        for workers in ["1", "3"] {
            let variables = [("CHANGO_MAXPROCS", workers)];
            let output = child("environment::maxprocs_is_the_number_of_workers", &variables);
            let printed = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(
                printed.contains(&format!("workers: {workers}\n")),
                "{printed}"
            );
        }
    }

    #[test]
    fn without_it_there_are_as_many_as_processors() {
        if is_child() {
            println!("workers: {}", run! { runtime::max_procs() });
            return;
        }
        let output = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "tasks::environment::without_it_there_are_as_many_as_processors",
            ])
            .arg("--nocapture")
            .env("CHANGO_TEST_CHILD", "1")
            .env_remove("CHANGO_MAXPROCS")
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        // A quota of cgroups is rounded down there, and up here.
        let processors = thread::available_parallelism().unwrap().get();
        let fits = |workers| printed.contains(&format!("workers: {workers}\n"));
        assert!(fits(processors) || fits(processors + 1), "{printed}");
    }
}

#[test]
fn num_goroutines_counts_those_of_the_current_runtime() {
    on_workers(|| async {
        let (tx, rx) = bounded::<()>(0);
        let all: Vec<_> = (0..10).map(|_| go! { clone rx; <-rx }).collect();
        assert_eq!(runtime::num_goroutines(), 11);
        tx.close();
        for goroutine in all {
            assert_eq!(goroutine.await.unwrap(), None);
        }
        assert_eq!(runtime::num_goroutines(), 1);
    });
}

#[test]
fn a_waker_may_be_used_from_anywhere_and_after_the_end() {
    on_workers(|| async {
        let (tx, rx) = std::sync::mpsc::channel::<std::task::Waker>();
        let waking = thread::spawn(move || rx.into_iter().for_each(|waker| waker.wake()));
        let handle = go! {
            for _ in 0..100 {
                let mut sent = false;
                std::future::poll_fn(|cx| {
                    if std::mem::replace(&mut sent, true) {
                        return std::task::Poll::Ready(());
                    }
                    tx.send(cx.waker().clone()).unwrap();
                    std::task::Poll::Pending
                })
                .await;
            }
            std::future::poll_fn(|cx| std::task::Poll::Ready(cx.waker().clone())).await
        };
        let late = handle.await.unwrap();
        late.wake_by_ref();
        late.wake();
        until("the thread has ended", || waking.is_finished()).await;
        waking.join().unwrap();
    });
}
