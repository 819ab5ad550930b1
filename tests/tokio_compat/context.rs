//! Where the context is, and where it is not: in every poll and in the destructor, and nowhere else.

use std::any::Any;
use std::cell::RefCell;
use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread::{self, LocalKey};

use chango::chan;
use chango::compat::{self, with_tokio};
use chango::prelude::*;
use chango::runtime::Builder;
use chango::task;
use tokio::runtime::{Handle, Runtime};

use crate::until::until;
use crate::workers::{on, on_workers};

const NEVER: Duration = Duration::from_secs(60);

/// Counts the destructors that have run in the context, and fails in one that has not.
struct Witness(Arc<AtomicUsize>);

impl Drop for Witness {
    fn drop(&mut self) {
        Handle::current();
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn count() -> Arc<AtomicUsize> {
    Arc::new(AtomicUsize::new(0))
}

/// Waits for ever, by tokio's clock, with a witness.
fn waits(dropped: &Arc<AtomicUsize>) -> impl Future<Output = ()> + Send + 'static {
    let witness = Witness(Arc::clone(dropped));
    with_tokio(async move {
        let _witness = witness;
        tokio::time::sleep(NEVER).await;
    })
}

fn is_outside() -> bool {
    Handle::try_current().is_err()
}

/// A tokio runtime whose threads are called so.
fn named(name: &str) -> Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let builder = builder.worker_threads(1).thread_name(name);
    builder.enable_all().build().unwrap()
}

/// The name of the thread on which a task spawned here runs.
async fn whose() -> String {
    let here = async { thread::current().name().map(str::to_owned) };
    tokio::spawn(here).await.unwrap().unwrap()
}

#[test]
fn a_goroutine_sleeps_by_tokios_clock() {
    on_workers(|| async {
        let begun = Instant::now();
        let nap = Duration::from_millis(20);
        with_tokio(async move { tokio::time::sleep(nap).await }).await;
        assert!(begun.elapsed() >= nap);
    });
}

#[test]
fn the_context_is_in_each_poll_and_not_between_them() {
    on_workers(|| async {
        let mut polls = 0;
        let mut future = pin!(with_tokio(poll_fn(move |cx| {
            Handle::current();
            polls += 1;
            if polls == 3 {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })));
        poll_fn(|cx| {
            assert!(is_outside());
            let polled = future.as_mut().poll(cx);
            assert!(is_outside());
            polled
        })
        .await;
    });
}

#[test]
fn what_becomes_a_future_does_so_in_the_context() {
    struct Asleep;
    impl IntoFuture for Asleep {
        type Output = ();
        type IntoFuture = tokio::time::Sleep;
        fn into_future(self) -> Self::IntoFuture {
            tokio::time::sleep(Duration::from_millis(1))
        }
    }
    on_workers(|| async {
        with_tokio(Asleep).await;
        compat::on(compat::handle(), Asleep).await;
    });
}

#[test]
fn a_goroutine_that_is_aborted_drops_its_future_in_the_context() {
    on_workers(|| async {
        let dropped = count();
        let goroutines: Vec<_> = (0..10).map(|_| chango::go(waits(&dropped))).collect();
        task::yield_now().await;
        for goroutine in goroutines {
            goroutine.abort();
            assert!(goroutine.await.unwrap_err().is_aborted());
        }
        assert_eq!(dropped.load(Ordering::SeqCst), 10);
    });
}

#[test]
fn a_timeout_of_changos_drops_it_in_the_context() {
    on_workers(|| async {
        let dropped = count();
        let late = timeout(Duration::from_millis(5), waits(&dropped)).await;
        assert!(late.is_err());
        assert_eq!(dropped.load(Ordering::SeqCst), 1);
        let in_time = async { tokio::time::sleep(Duration::from_millis(1)).await };
        assert!(timeout(NEVER, with_tokio(in_time)).await.is_ok());
    });
}

#[test]
fn a_select_drops_it_in_the_context_before_the_winner_runs() {
    on_workers(|| async {
        let dropped = count();
        select! {
            () = waits(&dropped) => unreachable!(),
            <-after(Duration::from_millis(5)) => assert_eq!(dropped.load(Ordering::SeqCst), 1),
        }
        select! {
            () = with_tokio(async { tokio::time::sleep(Duration::from_millis(5)).await }) => {}
            <-after(NEVER) => unreachable!(),
        }
    });
}

#[test]
fn one_that_was_never_polled_is_dropped_in_the_context() {
    let dropped = count();
    drop(waits(&dropped));
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
    assert!(is_outside());
}

#[test]
fn a_runtime_that_ends_drops_it_in_the_context() {
    for workers in [1, 2, 8] {
        let dropped = count();
        let runtime = Builder::new().workers(workers).build().unwrap();
        for _ in 0..10 {
            runtime.spawn(waits(&dropped));
        }
        runtime.run(async { sleep(Duration::from_millis(5)).await });
        drop(runtime);
        assert_eq!(dropped.load(Ordering::SeqCst), 10, "{workers} workers");
    }
}

#[test]
fn a_thread_that_ends_drops_it_though_there_is_no_context_any_more() {
    struct Counts(Arc<AtomicUsize>);
    impl Drop for Counts {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    thread_local! {
        static EARLY: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
        static LATE: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
    }
    let dropped = count();
    let keep = |local: &'static LocalKey<RefCell<Option<Box<dyn Any>>>>| {
        let counts = Counts(Arc::clone(&dropped));
        let future = with_tokio(async move {
            let _counts = counts;
            pending::<()>().await
        });
        local.set(Some(Box::new(future)));
    };
    thread::scope(|scope| {
        let ends = scope.spawn(|| {
            // Before tokio's own thread-local is made, and after: so one is dropped when that is gone.
            EARLY.set(None);
            assert!(is_outside());
            LATE.set(None);
            keep(&EARLY);
            keep(&LATE);
        });
        ends.join().unwrap();
    });
    assert_eq!(dropped.load(Ordering::SeqCst), 2);
}

#[test]
fn a_panic_in_it_is_the_goroutines_and_leaves_the_context() {
    on(1, async {
        let goroutine = go! {
            with_tokio(async {
                tokio::time::sleep(Duration::from_millis(1)).await;
                panic!("by the future");
            })
            .await
        };
        let panic = goroutine.await.unwrap_err().into_panic();
        assert_eq!(panic.downcast_ref(), Some(&"by the future"));
        assert!(is_outside());

        let mut future = Box::pin(with_tokio(async { panic!("again") }));
        let mut poll = || {
            future
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
        };
        let unwound = catch_unwind(AssertUnwindSafe(|| poll().is_ready()));
        assert!(unwound.is_err() && is_outside());
    });
}

#[test]
fn a_destructor_that_panics_leaves_the_context() {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("a bad destructor");
        }
    }
    let bad = Bad;
    let future = with_tokio(async move {
        let _bad = bad;
        pending::<()>().await
    });
    assert!(catch_unwind(AssertUnwindSafe(|| drop(future))).is_err());
    assert!(is_outside());
}

#[test]
fn without_a_runtime_of_the_callers_it_is_the_shared_one() {
    on_workers(|| async { assert_eq!(with_tokio(whose()).await, "chango-tokio") });
}

#[test]
fn a_runtime_that_is_handed_in_is_used_and_by_those_nested_in_it_too() {
    let user = named("handed in");
    let handle = user.handle().clone();
    on_workers(|| {
        let handle = handle.clone();
        async move {
            assert_eq!(compat::on(&handle, whose()).await, "handed in");
            let nested = async {
                let inner = with_tokio(async { (whose().await, with_tokio(whose()).await) }).await;
                (inner, whose().await)
            };
            let ((inner, innermost), outer) = compat::on(&handle, nested).await;
            assert_eq!([inner, innermost, outer], ["handed in"; 3]);
            let shared = compat::handle();
            let crossed = async move {
                let inner = compat::on(shared, whose()).await;
                (inner, whose().await)
            };
            let (inner, outer) = compat::on(&handle, crossed).await;
            assert_eq!([inner.as_str(), &outer], ["chango-tokio", "handed in"]);
        }
    });
}

#[test]
fn in_a_program_of_tokios_it_is_that_programs() {
    for workers in [1, 2, 8] {
        let chango = Builder::new().workers(workers).build().unwrap();
        let tokio = named("the program's");
        tokio.block_on(async {
            let goroutine = {
                let handle = chango.handle();
                let _entered = handle.enter();
                chango::go(with_tokio(async {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    whose().await
                }))
            };
            assert_eq!(goroutine.await.unwrap(), "the program's");
        });
        // And where a goroutine of it calls, the shared one: nobody's context is there.
        let goroutine = {
            let _entered = tokio.enter();
            chango.spawn(async { with_tokio(whose()).await })
        };
        assert_eq!(tokio.block_on(goroutine).unwrap(), "chango-tokio");
    }
}

#[test]
fn a_future_keeps_the_runtime_of_the_place_where_it_was_made() {
    let tokio = named("where it was made");
    let made = {
        let _entered = tokio.enter();
        with_tokio(whose())
    };
    let chango = Builder::new().workers(2).build().unwrap();
    assert_eq!(chango.run(made), "where it was made");
}

#[test]
fn goroutines_of_many_workers_take_a_future_over_from_each_other() {
    on_workers(|| async {
        let goroutines: Vec<_> = (0..100_u64)
            .map(|number| {
                go! {
                    with_tokio(async move {
                        for round in 0..20 {
                            tokio::time::sleep(Duration::from_micros(number * round % 700)).await;
                            task::yield_now().await;
                            Handle::current();
                        }
                        number
                    })
                    .await
                }
            })
            .collect();
        let mut sum = 0;
        for goroutine in goroutines {
            sum += goroutine.await.unwrap();
        }
        assert_eq!(sum, 99 * 100 / 2);
    });
}

#[test]
fn a_loop_over_what_is_always_ready_lets_others_run() {
    // No thread can take the worker's place: the loop itself gives way.
    let builder = Builder::new().workers(1).max_threads(1);
    let runtime = builder.build().unwrap();
    runtime.run(async {
        let (tx, rx) = bounded(1);
        go! { tx <- "let through" };
        let mut turns = 0;
        while rx.is_empty() {
            turns += 1;
            assert!(turns < 1_000_000, "it does not give way");
            with_tokio(async {}).await;
        }
        co! { assert_eq!(<-rx, Some("let through")) }
    });
}

#[test]
fn a_future_that_only_finds_things_ready_keeps_its_thread_and_nobody_else_waits() {
    on(1, async {
        let (tx, rx) = bounded(1);
        go! { tx <- "by another thread" };
        let semaphore = tokio::sync::Semaphore::new(1);
        with_tokio(async {
            while rx.is_empty() {
                drop(semaphore.acquire().await.unwrap());
            }
        })
        .await;
        co! { assert_eq!(<-rx, Some("by another thread")) }
    });
}

#[test]
fn a_dump_says_where_it_waits_unless_the_future_says_it_itself() {
    let (tx, rx) = chan::bounded::<()>(0);
    let runtime = Builder::new().workers(1).build().unwrap();
    let line = line!() + 1;
    runtime.spawn(async { with_tokio(tokio::sync::Notify::new().notified()).await });
    runtime.spawn(with_tokio(async move { rx.recv().await }));
    let handle = runtime.handle();
    runtime.block_on(until("both wait", move || {
        let dump = handle.dump().to_string();
        let tokios = format!("[IO wait]:\n    waiting at tests/tokio_compat/context.rs:{line}:");
        dump.contains(&tokios) && dump.contains("[chan receive]:")
    }));
    drop(tx);
}

#[test]
fn it_can_be_sent_if_what_it_runs_can() {
    fn is_send_and_sync<T: Send + Sync>(_: &T) {}
    is_send_and_sync(&with_tokio(pending::<()>()));
}
