//! Models of the judgement that a program is dead: none that goes on is.
//!
//! Modelled: a thread inside `block_on`, whole workers with real goroutines, the first of which to sleep
//! does so in the netpoller, and the looks of `sysmon`; see `loom_workers.rs` for what is left out. Seconds
//! each:
//!
//! `RUSTFLAGS="--cfg loom" cargo test --release -p chango-core --lib loom_deadlock`

use std::future::{Future, poll_fn};
use std::panic::Location;
use std::task::{Poll, Waker};

use loom::sync::Mutex;
use loom::thread;

use super::{Verdict, block_on, judge};
use crate::clock;
use crate::loom_model::model;
use crate::primitive::atomic::{AtomicUsize, Ordering};
use crate::primitive::sync::Arc;
use crate::sched::Shared;
use crate::sched::handoff::blocking;
use crate::sched::handoff::loom_workers::Runtime;
use crate::timer::{Armed, Entry};
use crate::util::foreign_waker::ForeignWaker;

fn spawn(
    shared: &Arc<Shared>,
    future: impl Future<Output = ()> + Send + 'static,
) -> impl Future<Output = ()> + Send + 'static {
    let handle = Shared::spawn(shared, future, None, Location::caller(), false);
    async { handle.await.unwrap() }
}

/// A program whose `main` this thread waits for, and which goes on, is looked at once, at any moment.
/// Besides its own threads it has so many `strangers`.
fn goes_on(
    runtime: Runtime,
    strangers: &Arc<AtomicUsize>,
    main: impl Future<Output = ()> + 'static,
) {
    let (looked, strangers) = (Arc::clone(&runtime.shared), Arc::clone(strangers));
    let sysmon = thread::spawn(move || {
        let threads = || Some(looked.threads() + 2 + strangers.load(Ordering::SeqCst));
        assert_ne!(judge(&looked, threads), Verdict::Dead);
    });
    runtime.run(|shared| {
        assert!(block_on(shared, main).is_ok());
        shared.stop();
    });
    sysmon.join().unwrap();
}

fn nobody() -> Arc<AtomicUsize> {
    Arc::new(AtomicUsize::new(0))
}

#[test]
fn a_goroutine_that_the_last_running_worker_wakes_is_alive() {
    model(1, || {
        let runtime = Runtime::new(1, 1, 0);
        let other = spawn(&runtime.shared, async {});
        let other = spawn(&runtime.shared, other);
        goes_on(runtime, &nobody(), other);
    });
}

#[test]
fn a_goroutine_that_comes_back_from_a_call_that_blocks_is_alive() {
    model(1, || {
        let runtime = Runtime::new(1, 1, 0);
        let call = spawn(&runtime.shared, async { blocking(|| {}) });
        goes_on(runtime, &nobody(), call);
    });
}

#[test]
fn a_goroutine_whose_timer_expires_is_alive() {
    model(1, || {
        let runtime = Runtime::new(1, 1, 0);
        let shared = Arc::clone(&runtime.shared);
        let mut entry = Box::pin(Entry::new());
        let timer = poll_fn(move |cx| {
            if entry.has_fired() {
                return Poll::Ready(());
            }
            if !entry.is_armed() {
                let waker = ForeignWaker::of(cx.waker());
                let (armed, _) =
                    entry
                        .as_mut()
                        .arm(shared.timers.shard(0), Some(clock::now()), waker);
                if armed == (Armed::Waiting { earliest: true }) {
                    shared.timer_moved(clock::now());
                }
            }
            Poll::Pending
        });
        let timer = spawn(&runtime.shared, timer);
        goes_on(runtime, &nobody(), timer);
    });
}

#[test]
fn who_is_woken_by_another_thread_before_that_ends_is_alive() {
    model(1, || {
        let runtime = Runtime::new(1, 1, 0);
        let strangers = Arc::new(AtomicUsize::new(1));
        let cell = Arc::new(Mutex::new((false, None::<Waker>)));
        let stranger = {
            let (strangers, cell) = (Arc::clone(&strangers), Arc::clone(&cell));
            thread::spawn(move || {
                let mut locked = cell.lock().unwrap();
                locked.0 = true;
                let waker = locked.1.take();
                drop(locked);
                waker.into_iter().for_each(Waker::wake);
                drop(cell);
                strangers.fetch_sub(1, Ordering::SeqCst);
            })
        };
        let woken = poll_fn(move |cx| {
            let mut locked = cell.lock().unwrap();
            if locked.0 {
                return Poll::Ready(());
            }
            locked.1 = Some(cx.waker().clone());
            Poll::Pending
        });
        goes_on(runtime, &strangers, woken);
        stranger.join().unwrap();
    });
}
