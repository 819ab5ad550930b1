//! Section 1: `go!`, `co!`, `run!`, `#[chango::main]` and `#[chango::test]`.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use chango::prelude::*;
use chango::runtime;
use chango::task::JoinHandle;

use crate::until::until;
use crate::workers::{on, on_workers};

#[test]
fn the_first_program() {
    let received = run! {
        let (tx, rx) = bounded::<i32>(10);
        go! {
            for i in 0..5 { tx <- i; }
        }
        let mut received = Vec::new();
        for v in <-rx { received.push(v); }
        received
    };
    assert_eq!(received, [0, 1, 2, 3, 4]);
}

#[test]
fn go_with_a_block_gives_a_handle() {
    on_workers(|| async {
        let name = String::from("moved");
        let handle: JoinHandle<usize> = go! { name.len() };
        assert_eq!(handle.await.unwrap(), 5);
    });
}

#[test]
fn dropping_the_handle_detaches() {
    on_workers(|| async {
        co! {
            let (tx, rx) = bounded(0);
            drop(go! { tx <- "still here"; });
            assert_eq!(<-rx, Some("still here"));
        }
    });
}

#[test]
fn go_as_a_statement_needs_no_semicolon_in_a_block_macro() {
    on_workers(|| async {
        let sum = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&sum);
        co! {
            go! { clone sum; sum.fetch_add(1, Ordering::Relaxed) }
            for _ in 0..3 { go! { clone sum; sum.fetch_add(10, Ordering::Relaxed) } }
            if sum.load(Ordering::Relaxed) < 1_000 {
                go! { clone sum; sum.fetch_add(100, Ordering::Relaxed) }
            }
            let mut twice = 0;
            while twice < 2 {
                twice += 1;
                go! { clone sum; sum.fetch_add(1_000, Ordering::Relaxed) }
            }
            let mut once = true;
            loop {
                if !once { break; }
                once = false;
                go! { clone sum; sum.fetch_add(10_000, Ordering::Relaxed) }
            }
        }
        until("all have counted", || {
            count.load(Ordering::Relaxed) == 12_131
        })
        .await;
    });
}

/// The call form: `go!(f(a, b))`.
mod call_form {
    use super::*;

    async fn add_later(a: i32, b: i32) -> i32 {
        a + b
    }

    fn add(a: i32, b: i32) -> i32 {
        a + b
    }

    fn parse<T: std::str::FromStr>(text: &str) -> Option<T> {
        text.parse().ok()
    }

    #[derive(Clone)]
    struct Adder {
        base: i32,
        inner: Arc<Inner>,
    }

    struct Inner {
        factor: i32,
    }

    impl Inner {
        fn times(&self, a: i32) -> i32 {
            self.factor * a
        }
    }

    impl Adder {
        async fn add(self, a: i32) -> i32 {
            self.base + a
        }
    }

    #[test]
    fn async_and_plain_functions_and_methods() {
        on_workers(|| async {
            let adder = Adder {
                base: 10,
                inner: Arc::new(Inner { factor: 3 }),
            };
            let other = adder.clone();
            assert_eq!(go!(add_later(1, 2)).await.unwrap(), 3);
            assert_eq!(go!(add(1, 2)).await.unwrap(), 3);
            assert_eq!(go! { add(4, 5) }.await.unwrap(), 9);
            assert_eq!(go!(parse::<u8>("77")).await.unwrap(), Some(77));
            assert_eq!(go!(other.add(5)).await.unwrap(), 15);
            assert_eq!(go!(adder.inner.times(5)).await.unwrap(), 15);
            assert_eq!(go!(std::cmp::max(3, 4)).await.unwrap(), 4);
        });
    }

    #[test]
    fn arguments_are_evaluated_by_the_caller_and_in_order() {
        on(1, async {
            let order = Mutex::new(Vec::new());
            let note = |n: i32| {
                order.lock().unwrap().push(n);
                n
            };
            // None of these goroutines has run yet: there is one worker, and it is busy here.
            let sum = go!(add_later(note(1), note(2)));
            let more = go!(add(note(3), note(4)));
            assert_eq!(*order.lock().unwrap(), [1, 2, 3, 4]);
            assert!(!sum.is_finished() && !more.is_finished());
            drop(order);
            assert_eq!((sum.await.unwrap(), more.await.unwrap()), (3, 7));
        });
    }

    #[test]
    fn with_a_closure_among_the_arguments_it_is_a_block() {
        fn apply(f: impl FnOnce() -> i32, after: i32) -> i32 {
            f() + after
        }
        on(1, async {
            let evaluated = Arc::new(AtomicUsize::new(0));
            let note = {
                let evaluated = Arc::clone(&evaluated);
                move |n| {
                    evaluated.fetch_add(1, Ordering::Relaxed);
                    n
                }
            };
            let handle = go!(apply(|| 2, note(3)));
            // Nothing of it is evaluated before the goroutine runs.
            assert_eq!(evaluated.load(Ordering::Relaxed), 0);
            assert_eq!(handle.await.unwrap(), 5);
            assert_eq!(evaluated.load(Ordering::Relaxed), 1);
        });
    }

    #[test]
    fn the_call_runs_in_the_goroutine() {
        fn who() -> Option<chango::task::TaskId> {
            chango::task::id()
        }
        on_workers(|| async {
            let handle = go!(who());
            let id = handle.id();
            assert_eq!(handle.await.unwrap(), Some(id));
            assert_ne!(chango::task::id(), Some(id));
        });
    }
}

#[test]
fn go_with_an_async_block_and_as_a_function() {
    on_workers(|| async {
        let (tx, rx) = bounded(0);
        let text = String::from("borrowed by nobody");
        let sender = go!(async move { tx <- text; 1 });
        assert_eq!(rx.recv().await.as_deref(), Some("borrowed by nobody"));
        assert_eq!(sender.await.unwrap(), 1);
        assert_eq!(chango::go(async { 2 }).await.unwrap(), 2);
    });
}

#[test]
fn go_clones_the_named_bindings() {
    struct Holder {
        inner: Arc<i32>,
    }
    impl Holder {
        fn start(&self, a: &Arc<i32>) -> JoinHandle<i32> {
            go! { clone a, b = self.inner; *a + *b }
        }
    }
    on_workers(|| async {
        let (a, inner) = (Arc::new(1), Arc::new(2));
        let holder = Holder { inner };
        assert_eq!(holder.start(&a).await.unwrap(), 3);
        assert_eq!(go! { clone a; *a }.await.unwrap(), 1);
        assert_eq!((*a, *holder.inner), (1, 2));
    });
}

mod co {
    use super::*;

    async fn first_even(rx: Receiver<i32>) -> Result<i32, String> {
        co! {
            loop {
                let v = (<-rx).ok_or("closed")?;
                if v % 2 == 0 { return Ok(v); }
                if v > 100 { break; }
            }
            Err(String::from("too large"))
        }
    }

    #[test]
    fn control_flow_keeps_its_meaning() {
        on_workers(|| async {
            for (values, expected) in [
                (vec![1, 3, 4, 5], Ok(4)),
                (vec![1, 101], Err("too large")),
                (vec![1], Err("closed")),
            ] {
                let (tx, rx) = unbounded();
                values.into_iter().for_each(|v| tx.try_send(v).unwrap());
                drop(tx);
                assert_eq!(first_even(rx).await, expected.map_err(String::from));
            }
        });
    }

    #[test]
    fn break_leaves_a_loop_around_it() {
        on(1, async {
            let (tx, rx) = bounded(5);
            (0..5).for_each(|v| tx.try_send(v).unwrap());
            let mut seen = Vec::new();
            'around: loop {
                co! {
                    match (<-rx).unwrap() {
                        3 => break 'around,
                        1 => continue,
                        v => seen.push(v),
                    }
                }
            }
            assert_eq!(seen, [0, 2]);
        });
    }

    #[test]
    fn it_borrows_what_is_around_it() {
        on(1, async {
            let (tx, rx) = bounded(1);
            let mut received = Vec::new();
            co! { tx <- 1; received.extend(<-rx); }
            assert_eq!(received, [1]);
            assert_eq!(tx.capacity(), Some(1));
        });
    }

    co! {
        /// Items come out as items, with their attributes.
        async fn double(rx: &Receiver<i32>) -> i32 {
            (<-rx).unwrap() * 2
        }

        struct Echo { tx: Sender<i32> }

        impl Echo {
            const LIMIT: i32 = 3;

            async fn all(&self) {
                for i in 0..Self::LIMIT { self.tx <- i; }
            }

            fn is_closed(&self) -> bool { self.tx.is_closed() }
        }
    }

    #[test]
    fn items_come_out_as_items() {
        on(1, async {
            let (tx, rx) = bounded(8);
            let echo = Echo { tx };
            echo.all().await;
            assert!(!echo.is_closed());
            for expected in [0, 2, 4] {
                assert_eq!(double(&rx).await, expected);
            }
        });
    }
}

mod run {
    use super::*;

    #[test]
    fn its_value_is_the_value_of_the_body() {
        let text = String::from("given");
        assert_eq!(run! { text + " and taken" }, "given and taken");
        let result: Result<i32, std::num::ParseIntError> = run! {
            let n: i32 = "x".parse()?;
            Ok(n)
        };
        assert!(result.is_err());
    }

    #[test]
    fn what_still_runs_is_dropped_when_the_body_ends() {
        let dropped = Arc::new(AtomicUsize::new(0));
        struct OnDrop(Arc<AtomicUsize>);
        impl Drop for OnDrop {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        let count = Arc::clone(&dropped);
        run! {
            let (tx, rx) = bounded::<()>(0);
            for _ in 0..10 {
                let (held, rx) = (OnDrop(count.clone()), rx.clone());
                go! { let _held = held; let _ = <-rx; }
            }
            let held = OnDrop(count);
            go! { let _held = held; sleep(Duration::MAX).await; };
            // Not closed before the end, which is what ends the others.
            std::mem::forget(tx);
        }
        assert_eq!(dropped.load(Ordering::Relaxed), 11);
    }

    #[test]
    fn a_panic_of_the_body_is_resumed() {
        let panic = catch_unwind(|| run! { panic!("out of run") }).unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"out of run"));
    }

    #[test]
    fn inside_a_goroutine_it_panics() {
        on_workers(|| async {
            let inner = go! { run! { 1 } };
            assert!(inner.await.unwrap_err().is_panic());
            assert!(catch_unwind(|| run! { 1 }).is_err());
        });
    }

    #[test]
    fn every_one_is_a_fresh_runtime() {
        let inner = run! { go! { std::future::pending::<()>().await }; runtime::num_goroutines() };
        assert_eq!(inner, 2);
        assert_eq!(run! { runtime::num_goroutines() }, 1);
    }
}

mod attributes {
    use super::*;

    #[chango::test]
    async fn an_async_test() {
        assert!(chango::task::id().is_some());
        let (tx, rx) = bounded(0);
        go! { tx <- 1; };
        co! { assert_eq!(<-rx, Some(1)); }
    }

    #[chango::test(workers = 3)]
    async fn a_test_with_a_number_of_workers() -> Result<(), std::num::ParseIntError> {
        assert_eq!(runtime::max_procs(), "3".parse()?);
        Ok(())
    }

    #[chango::test]
    #[should_panic(expected = "as it should")]
    async fn a_test_that_should_panic() {
        panic!("as it should");
    }

    #[chango::main(workers = 2)]
    async fn not_called_main() -> usize {
        co! {
            let (tx, rx) = bounded(0);
            go! { tx <- runtime::max_procs(); };
            (<-rx).unwrap()
        }
    }

    #[chango::main]
    async fn plain() -> Result<u8, String> {
        Err("given back".into())
    }

    #[test]
    fn main_makes_a_plain_function() {
        assert_eq!(not_called_main(), 2);
        assert_eq!(plain().unwrap_err(), "given back");
    }
}

#[test]
fn macros_of_std_are_looked_into() {
    on(1, async {
        co! {
            let (tx, rx) = bounded(20);
            for i in 0..20 { tx <- i; }
            assert_eq!(<-rx, Some(0));
            assert!((<-rx).is_some(), "with a message: {:?}", <-rx);
            assert_eq!(format!("{:?} {v:?}", <-rx, v = <-rx), "Some(2) Some(3)");
            assert_eq!(vec![<-rx, <-rx], [Some(4), Some(5)]);
            assert!(matches!(<-rx, Some(6)));
            assert_ne!(<-rx, None);
            println!("{:?}", <-rx);
            eprintln!("{:?}", <-rx);
            let mut text = String::new();
            write!(text, "{:?}", <-rx).unwrap();
            writeln!(text, "{:?}", <-rx).unwrap();
            assert_eq!(text, "Some(10)Some(11)\n");
            assert_eq!(dbg!(<-rx), Some(12));
            debug_assert_eq!(<-rx, Some(13));
            if rx.is_empty() { panic!("{:?}", <-rx); }
            if rx.is_empty() { unreachable!("{:?}", <-rx) }
        }
    });
}

#[test]
fn other_macros_get_their_tokens_as_they_stand() {
    macro_rules! arrows {
        ($a:tt <- $b:tt) => {
            concat!(stringify!($a), " gets ", stringify!($b))
        };
        (<- $a:tt) => {
            stringify!($a)
        };
    }
    on(1, async {
        co! {
            assert_eq!(arrows!(x <- y), "x gets y");
            assert_eq!(arrows!(<- y), "y");
            let nested = go! { arrows!(a <- b) };
            assert_eq!((<-nested).unwrap(), "a gets b");
        }
    });
}

#[test]
fn block_macros_nest() {
    on_workers(|| async {
        co! {
            let (tx, rx) = bounded(0);
            let outer = go! { clone rx;
                let inner = chango::go! { clone rx; co! { <-rx } };
                let v = select! { v = <-inner => v.unwrap() };
                v.unwrap() + 1
            };
            tx <- 1;
            assert_eq!((<-outer).unwrap(), 2);

            // An async closure and an async block are lowered too.
            let ask = async |n: i32| { tx.try_send(n).is_err() && rx.is_empty() };
            assert!(ask(1).await);
            let both = async { let a = go! { clone tx; tx <- 5; }; (<-rx, <-a) };
            let (v, sent) = both.await;
            assert_eq!(v, Some(5));
            sent.unwrap();
        }
    });
}

#[test]
fn a_panic_inside_a_nested_runtime_leaves_the_thread_usable() {
    for _ in 0..3 {
        let failed = catch_unwind(AssertUnwindSafe(|| run! { assert_eq!(1, 2) }));
        assert!(failed.is_err());
        assert_eq!(run! { 5 }, 5);
    }
}
