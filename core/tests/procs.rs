//! `set_max_procs`: how many goroutines run at the same time, changed while they do.

use std::panic::catch_unwind;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use chango_core::random;
use chango_core::runtime::{self, Builder, Handle, Runtime};
use chango_core::spawn::{blocking, spawn, yield_now};
use chango_core::time::sleep;

/// Whatever is not done by then never will be.
const HANGS: Duration = Duration::from_secs(60);

/// Short enough that nobody takes the worker of a goroutine that computes for so long.
const SHORT: Duration = Duration::from_micros(500);

fn runtime(workers: usize) -> Runtime {
    Builder::new().workers(workers).build().expect("a runtime")
}

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap()
}

#[test]
fn the_number_is_what_was_set_last() {
    let runtime = runtime(2);
    let handle = runtime.handle();
    handle.set_max_procs(5);
    assert_eq!(handle.max_procs(), 5);
    let inside = runtime.run(async {
        let found = runtime::max_procs();
        runtime::set_max_procs(1);
        let set = runtime::max_procs();
        let blocked = blocking(|| {
            runtime::set_max_procs(3);
            runtime::max_procs()
        });
        (found, set, blocked, runtime::max_procs())
    });
    assert_eq!(inside, (5, 1, 3, 3));
    assert_eq!(handle.max_procs(), 3);
    let _entered = handle.enter();
    runtime::set_max_procs(4);
    assert_eq!(runtime::max_procs(), 4);
}

#[test]
fn a_number_that_no_runtime_can_have_is_refused() {
    let runtime = runtime(2);
    let handle = runtime.handle();
    let refused = |count| {
        let handle = handle.clone();
        let panic = catch_unwind(move || handle.set_max_procs(count)).unwrap_err();
        message(&*panic).to_owned()
    };
    assert_eq!(refused(0), "a runtime needs at least one worker");
    assert_eq!(
        refused(16385),
        "a runtime has at most 16384 workers, not 16385"
    );
    assert_eq!(handle.max_procs(), 2);
    handle.set_max_procs(16384);
    assert_eq!(handle.max_procs(), 16384);
    let outside = catch_unwind(|| runtime::set_max_procs(1)).unwrap_err();
    assert!(message(&*outside).contains("runtime::set_max_procs"));
}

/// Sets the number of workers at random, from here and from goroutines, until it is dropped.
struct Resizer {
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Resizer {
    fn new(handle: Handle) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                handle.set_max_procs(draw());
                let inside = handle.spawn(async { runtime::set_max_procs(draw()) });
                drop(inside);
                let blocked = handle.spawn(async { blocking(|| runtime::set_max_procs(draw())) });
                futures_lite::future::block_on(blocked).unwrap();
            }
        });
        Self {
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Resizer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn draw() -> usize {
    random::with(|random| random.below(8)) + 1
}

/// Computes until `over`, at most for [`SHORT`]; whether it was over.
fn spin(over: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < SHORT {
        if over() {
            return true;
        }
        std::hint::spin_loop();
    }
    over()
}

#[test]
fn goroutines_of_every_kind_come_to_their_end_while_the_number_changes() {
    for workers in [1, 2, 8] {
        let runtime = runtime(workers);
        let resizer = Resizer::new(runtime.handle());
        let (done_tx, done) = mpsc::channel();
        for me in 0..64_u64 {
            let done = done_tx.clone();
            runtime
                .spawn(async move {
                    for turn in 0..40 {
                        match (me + turn) % 6 {
                            0 => blocking(|| thread::sleep(Duration::from_micros(50))),
                            1 => sleep(Duration::from_micros(200)).await,
                            2 => assert_eq!(spawn(async move { turn }).await.unwrap(), turn),
                            3 => drop(spin(|| false)),
                            4 if turn == 10 => thread::sleep(Duration::from_millis(12)),
                            _ => yield_now().await,
                        }
                    }
                    done.send(me).unwrap();
                })
                .detach();
        }
        let ended = (0..64).map(|_| done.recv_timeout(HANGS).expect("it hangs"));
        assert_eq!(ended.sum::<u64>(), 63 * 64 / 2);
        drop(resizer);
    }
}

#[test]
fn a_timer_fires_in_an_idle_runtime_that_has_lost_workers() {
    // So long that nobody is awake any more who watches those who sleep.
    const LONG: Duration = Duration::from_millis(250);
    for (before, after) in [(2, 1), (4, 1), (4, 3), (8, 2)] {
        let runtime = runtime(before);
        let (done_tx, done) = mpsc::channel();
        runtime
            .spawn(async move {
                sleep(LONG).await;
                done_tx.send(()).unwrap();
            })
            .detach();
        thread::sleep(LONG / 10);
        runtime.handle().set_max_procs(after);
        assert!(done.recv_timeout(HANGS).is_ok(), "{before} to {after}");
    }
}

/// How many of `count` goroutines that compute for a short while again and again ran at the same time at
/// most, in one stretch of polls after the other, until `enough` says so.
fn most_at_once(runtime: &Runtime, count: usize, enough: impl Fn(usize) -> bool) {
    let running = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let each = |_| {
        let (running, most, stop) = (Arc::clone(&running), Arc::clone(&most), Arc::clone(&stop));
        runtime.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                most.fetch_max(now, Ordering::SeqCst);
                spin(|| running.load(Ordering::SeqCst) == count);
                running.fetch_sub(1, Ordering::SeqCst);
                yield_now().await;
            }
        })
    };
    let goroutines: Vec<_> = (0..count).map(each).collect();
    let begun = Instant::now();
    loop {
        most.store(0, Ordering::SeqCst);
        // No condition of the test: only how often it looks.
        thread::sleep(Duration::from_millis(50));
        let most = most.load(Ordering::SeqCst);
        if enough(most) {
            break;
        }
        assert!(begun.elapsed() < HANGS, "still {most} at once");
    }
    stop.store(true, Ordering::Relaxed);
    for goroutine in goroutines {
        runtime.block_on(goroutine).unwrap();
    }
}

#[test]
fn with_fewer_workers_fewer_goroutines_run_at_once() {
    for (before, after) in [(4, 1), (8, 2), (3, 2)] {
        let runtime = runtime(before);
        most_at_once(&runtime, before, |most| most == before);
        runtime.handle().set_max_procs(after);
        most_at_once(&runtime, before, |most| (1..=after).contains(&most));
    }
}

#[test]
fn goroutines_that_run_when_workers_are_taken_give_way() {
    let runtime = runtime(4);
    let handle = runtime.handle();
    let lowered = AtomicBool::new(false);
    most_at_once(&runtime, 4, |most| {
        if most == 4 && !lowered.swap(true, Ordering::Relaxed) {
            handle.set_max_procs(1);
            return false;
        }
        lowered.load(Ordering::Relaxed) && most == 1
    });
}

#[test]
fn with_more_workers_more_goroutines_run_at_once() {
    // Each raises the number another way.
    let raise: [fn(&Runtime); 3] = [
        |runtime| runtime.handle().set_max_procs(4),
        |runtime| runtime.run(async { runtime::set_max_procs(4) }),
        |runtime| runtime.run(async { blocking(|| runtime::set_max_procs(4)) }),
    ];
    for raise in raise {
        let runtime = runtime(1);
        raise(&runtime);
        most_at_once(&runtime, 4, |most| most == 4);
    }
}

#[test]
fn goroutines_that_wait_when_workers_come_run_on_them() {
    let runtime = runtime(1);
    let handle = runtime.handle();
    let raised = AtomicBool::new(false);
    most_at_once(&runtime, 4, |most| {
        if most == 1 && !raised.swap(true, Ordering::Relaxed) {
            handle.set_max_procs(4);
        }
        most == 4
    });
}

#[test]
fn the_threads_of_workers_that_were_taken_are_used_again() {
    let builder = Builder::new().workers(4).max_threads(4);
    let runtime = builder.build().expect("a runtime");
    for _ in 0..3 {
        runtime.handle().set_max_procs(1);
        assert_eq!(runtime.run(async { runtime::max_procs() }), 1);
        runtime.handle().set_max_procs(4);
        most_at_once(&runtime, 4, |most| most == 4);
    }
}

#[test]
fn the_number_goes_down_and_up_with_workers_that_block() {
    let runtime = runtime(2);
    let handle = runtime.handle();
    for turn in 0..200 {
        let (blocked_tx, blocked) = mpsc::channel();
        let (back_tx, back) = mpsc::channel::<()>();
        let goroutine = handle.spawn(async move {
            blocking(|| {
                blocked_tx.send(()).unwrap();
                back.recv().unwrap();
            });
            yield_now().await;
            turn
        });
        blocked.recv().unwrap();
        handle.set_max_procs(1);
        assert_eq!(runtime.run(async { 1 }), 1);
        if turn % 2 == 0 {
            handle.set_max_procs(2);
        }
        back_tx.send(()).unwrap();
        assert_eq!(runtime.block_on(goroutine).unwrap(), turn);
        handle.set_max_procs(2);
    }
    most_at_once(&runtime, 3, |most| most == 2);
}
