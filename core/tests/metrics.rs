//! What a runtime has counted: exactly, where it can be exact.

use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use chango_core::net::{TcpListener, TcpStream};
use chango_core::runtime::{Builder, Metrics, Runtime};
use chango_core::spawn::{blocking, spawn, yield_now};
use chango_core::time::{sleep, timeout};

/// Whatever is not done by then never will be.
const HANGS: Duration = Duration::from_secs(60);

fn runtime(workers: usize) -> Runtime {
    Builder::new().workers(workers).build().expect("a runtime")
}

/// Runs a test with 1, 2 and 8 workers.
fn with_workers(test: impl Fn(&Runtime)) {
    for workers in [1, 2, 8] {
        test(&runtime(workers));
    }
}

/// The metrics once they are as `wanted`.
fn settled(runtime: &Runtime, wanted: impl Fn(&Metrics) -> bool) -> Metrics {
    let begun = Instant::now();
    loop {
        let metrics = runtime.handle().metrics();
        if wanted(&metrics) {
            return metrics;
        }
        assert!(begun.elapsed() < HANGS, "{metrics:?}");
        thread::yield_now();
    }
}

#[test]
fn what_was_spawned_has_ended_or_is_alive() {
    with_workers(|runtime| {
        runtime.run(async {
            for round in 0..10 {
                let children: Vec<_> = (0..100).map(|at| spawn(async move { at })).collect();
                let aborted = spawn(pending::<()>());
                let panics = spawn(async move { assert_eq!(round, 100, "this is meant to panic") });
                for child in children {
                    child.await.unwrap();
                }
                aborted.abort();
                assert!(aborted.await.is_err() && panics.await.is_err());
            }
        });
        runtime.spawn(pending::<()>()).detach();
        let metrics = runtime.handle().metrics();
        assert_eq!(metrics.spawned(), 1 + 10 * 102 + 1);
        assert_eq!(metrics.ended(), 1 + 10 * 102);
        assert_eq!(metrics.alive(), 1);
    });
}

#[test]
fn each_poll_is_counted_once() {
    with_workers(|runtime| {
        runtime.run(async {
            for _ in 0..99 {
                // A poll that goes on after a stay away is the same.
                blocking(|| {});
                yield_now().await;
            }
        });
        let metrics = runtime.handle().metrics();
        assert_eq!(metrics.polls(), 100);
        let each: u64 = metrics.workers().iter().map(|worker| worker.polls()).sum();
        assert_eq!(each, 100);
    });
}

#[test]
fn goroutines_are_counted_by_what_they_do() {
    with_workers(|runtime| {
        for _ in 0..10 {
            runtime.spawn(pending::<()>()).detach();
        }
        let at_rest = |metrics: &Metrics| {
            metrics.waiting() == 10 && metrics.idle_procs() == metrics.max_procs()
        };
        settled(runtime, at_rest);
        let handle = runtime.handle();
        let metrics = runtime.run(async move { handle.metrics() });
        assert_eq!(
            (metrics.alive(), metrics.running(), metrics.away()),
            (11, 1, 0)
        );
        assert_eq!((metrics.runnable(), metrics.waiting()), (0, 10));
        settled(runtime, at_rest);
        let handle = runtime.handle();
        let metrics = runtime.run(async move { blocking(|| handle.metrics()) });
        assert_eq!(
            (metrics.alive(), metrics.running(), metrics.away()),
            (11, 0, 1)
        );
        let metrics = settled(runtime, at_rest);
        assert_eq!(
            (metrics.alive(), metrics.running(), metrics.away()),
            (10, 0, 0)
        );
    });
}

#[test]
fn what_stands_in_queues_is_runnable() {
    let begun = Instant::now();
    let metrics = loop {
        let runtime = runtime(1);
        let handle = runtime.handle();
        let metrics = runtime.run(async move {
            for _ in 0..5 {
                spawn(async {}).detach();
            }
            let outside = || (0..7).for_each(|_| handle.spawn(async {}).detach());
            thread::scope(|scope| scope.spawn(outside).join().unwrap());
            handle.metrics()
        });
        // If the thread took its time, the worker's right was taken, and all of them run elsewhere.
        if metrics.sysmon_handoffs() == 0 {
            break metrics;
        }
        assert!(begun.elapsed() < HANGS);
    };
    assert_eq!(metrics.runnable(), 12);
    let local = metrics.workers()[0].queue_len();
    assert_eq!((metrics.global_queue_len(), local), (7, 5));
}

#[test]
fn each_blocking_call_gives_up_one_right() {
    with_workers(|runtime| {
        const CALLS: u64 = 50;
        let (done_tx, done) = mpsc::channel();
        runtime.run(async move {
            for _ in 0..CALLS {
                let done_tx = done_tx.clone();
                spawn(async move { done_tx.send(()).unwrap() }).detach();
                // What it waits for another worker has to run; it calls once more inside.
                blocking(|| blocking(|| done.recv().unwrap()));
                // The worker has a right again when this comes to an end.
                yield_now().await;
            }
        });
        let idle = |metrics: &Metrics| metrics.idle_procs() == metrics.max_procs();
        let metrics = settled(runtime, |metrics| metrics.alive() == 0 && idle(metrics));
        assert_eq!(metrics.blocking_handoffs(), CALLS);
        assert!(metrics.threads() >= metrics.max_procs().max(2));
        assert!(metrics.spares() < metrics.threads());
    });
}

/// Has one worker spawn `count` goroutines and not give way until all of them have run elsewhere.
fn have_stolen(runtime: &Runtime, count: usize) {
    runtime.run(async move {
        let left = Arc::new(AtomicUsize::new(count));
        for _ in 0..count {
            let left = Arc::clone(&left);
            spawn(async move { left.fetch_sub(1, Ordering::SeqCst) }).detach();
        }
        while left.load(Ordering::SeqCst) > 0 {
            std::hint::spin_loop();
        }
    });
}

#[test]
fn what_a_worker_has_that_does_not_give_way_others_steal() {
    for workers in [2, 8] {
        let runtime = runtime(workers);
        let begun = Instant::now();
        loop {
            let before = runtime.handle().metrics();
            have_stolen(&runtime, 100);
            let after = runtime.handle().metrics();
            // If the thief was slow to wake, `sysmon` has put all into the global queue.
            if after.sysmon_handoffs() == before.sysmon_handoffs() {
                let stolen = after.steals() - before.steals();
                // With more than one thief, one may steal from another.
                assert!(stolen == 100 || workers > 2 && stolen > 100, "{stolen}");
                break;
            }
            assert!(begun.elapsed() < HANGS);
        }
    }
    let alone = runtime(1);
    alone.run(async {
        for _ in 0..100 {
            spawn(yield_now()).await.unwrap();
        }
    });
    assert_eq!(alone.handle().metrics().steals(), 0);
}

#[test]
fn a_worker_that_does_nothing_parks_and_stays_so() {
    with_workers(|runtime| {
        let idle = |metrics: &Metrics| metrics.idle_procs() == metrics.max_procs();
        settled(runtime, |metrics| {
            idle(metrics) && metrics.parks() as usize >= metrics.max_procs()
        });
        let before = runtime.handle().metrics().parks();
        runtime.run(async {});
        let after = settled(runtime, |metrics| idle(metrics) && metrics.parks() > before);
        assert!(
            after.parks() - before <= 2 * after.max_procs() as u64,
            "{after:?}"
        );
    });
}

#[test]
fn a_full_queue_spills_half_of_it() {
    let runtime = runtime(1);
    let spills = |count| {
        let begun = Instant::now();
        loop {
            let handle = runtime.handle();
            let (before, after) = runtime.run(async move {
                let before = handle.metrics();
                for _ in 0..count {
                    spawn(async {}).detach();
                }
                (before, handle.metrics())
            });
            settled(&runtime, |metrics| metrics.alive() == 0);
            // If this took so long that the right was taken, the queue was emptied meanwhile.
            if after.sysmon_handoffs() == before.sysmon_handoffs() {
                return after.spills() - before.spills();
            }
            assert!(begun.elapsed() < HANGS);
        }
    };
    // 1024 in the queue, and one that runs next.
    assert_eq!(spills(1025), 0);
    assert_eq!(spills(1026), 1);
    assert_eq!(spills(1026 + 512), 1);
    assert_eq!(spills(1026 + 513), 2);
}

#[test]
fn a_hog_loses_its_slice_and_then_its_right() {
    for workers in [1, 2] {
        let runtime = runtime(workers);
        let stop = Arc::new(AtomicBool::new(false));
        for _ in 0..workers {
            let stop = Arc::clone(&stop);
            let hog = async move {
                while !stop.load(Ordering::SeqCst) {
                    std::hint::spin_loop();
                }
            };
            runtime.spawn(hog).detach();
        }
        settled(&runtime, |metrics| metrics.running() == workers as u64);
        // Somebody has to run this one.
        runtime.run(async {});
        let metrics = runtime.handle().metrics();
        stop.store(true, Ordering::SeqCst);
        assert!(metrics.sysmon_handoffs() >= 1);
        assert!(metrics.preemptions() >= metrics.sysmon_handoffs());
        assert!(metrics.away() >= 1);
        assert_eq!(metrics.blocking_handoffs(), 0);
        settled(&runtime, |metrics| {
            metrics.alive() == 0 && metrics.away() == 0
        });
    }
}

#[test]
fn a_slice_that_was_taken_away_is_not_counted_at_each_look() {
    let runtime = runtime(1);
    runtime.run(async { thread::sleep(Duration::from_millis(200)) });
    let metrics = runtime.handle().metrics();
    assert_eq!((metrics.preemptions(), metrics.sysmon_handoffs()), (1, 0));
}

#[test]
fn files_and_timers_are_counted_while_they_are_there_and_when_they_fire() {
    with_workers(|runtime| {
        let handle = runtime.handle();
        runtime.run(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let at = listener.local_addr().unwrap();
            let client = spawn(async move { TcpStream::connect(at).await.unwrap() });
            let (server, _) = listener.accept().await.unwrap();
            let client = client.await.unwrap();
            client.write_all(b"x").await.unwrap();
            server.read(&mut [0; 1]).await.unwrap();
            assert_eq!(handle.metrics().files(), 3);
            // Two of them may be written to, and one was read from: the system says so at the next poll.
            let begun = Instant::now();
            while handle.metrics().file_events() == 0 {
                assert!(begun.elapsed() < HANGS);
                sleep(Duration::from_millis(1)).await;
            }
            drop(client);
            drop(server);
            drop(listener);
            assert_eq!(handle.metrics().files(), 0);

            let before = handle.metrics().timers_fired();
            let nap = Duration::from_millis(500);
            let naps: Vec<_> = (0..10).map(|_| spawn(sleep(nap))).collect();
            let begun = Instant::now();
            while handle.metrics().timers() != 10 {
                assert!(begun.elapsed() < HANGS);
                yield_now().await;
            }
            for nap in naps {
                nap.await.unwrap();
            }
            assert_eq!(
                (handle.metrics().timers(), handle.metrics().timers_fired()),
                (0, before + 10)
            );
            let long = spawn(timeout(Duration::from_secs(3600), pending::<()>()));
            while handle.metrics().timers() == 0 {
                yield_now().await;
            }
            assert_eq!(handle.metrics().timers(), 1);
            long.abort();
            assert!(long.await.is_err());
            assert_eq!(
                (handle.metrics().timers(), handle.metrics().timers_fired()),
                (0, before + 10)
            );
        });
    });
}

#[test]
fn one_in_256_is_timed_wherever_it_was_made_runnable() {
    let runtime = runtime(1);
    runtime.run(async {
        for _ in 0..25_599 {
            yield_now().await;
        }
    });
    let latency = runtime.handle().metrics().scheduling_latency().clone();
    // The main goroutine came from outside, and was the first of 256 there.
    assert_eq!(latency.count(), 99);
    for _ in 0..511 {
        runtime.run(async {});
    }
    let outside = runtime
        .handle()
        .metrics()
        .scheduling_latency()
        .since(&latency);
    assert_eq!(outside.count(), 2);
}

#[test]
fn who_waits_behind_a_long_poll_has_a_long_latency() {
    // No spare can be had, so nobody runs what stands behind.
    let runtime = Builder::new().workers(1).max_threads(1).build().unwrap();
    let nap = Duration::from_millis(30);
    runtime.run(async move {
        for _ in 0..2_560 {
            spawn(async {}).detach();
        }
        thread::sleep(nap);
    });
    settled(&runtime, |metrics| metrics.alive() == 0);
    let latency = runtime.handle().metrics().scheduling_latency().clone();
    // Some of the ten may have found another one in their slot.
    assert!(latency.count() >= 5);
    assert!(
        latency.p50() >= Some(nap) && latency.p99() >= latency.p50(),
        "{latency:?}"
    );
}

#[test]
fn who_is_stolen_while_it_is_timed_is_counted_by_the_thief() {
    for workers in [2, 8] {
        let runtime = runtime(workers);
        for _ in 0..200 {
            have_stolen(&runtime, 200);
        }
        // All of 40,000 spawns by one worker at a time, 156 of them timed, but for those that each
        // worker has not counted up to 256, and those that found another one in their slot.
        let latency = runtime.handle().metrics().scheduling_latency().clone();
        assert!((100..=160).contains(&latency.count()), "{latency:?}");
    }
}

#[test]
fn a_runtime_that_has_ended_still_says_what_was() {
    let runtime = runtime(2);
    let handle = runtime.handle();
    runtime.run(async {});
    drop(runtime);
    let metrics = handle.metrics();
    assert_eq!(
        (metrics.spawned(), metrics.ended(), metrics.threads()),
        (1, 1, 0)
    );
}
