//! Goroutines that do not give way: however one keeps its worker, the others go on.

use std::collections::BTreeMap;
use std::fs;
use std::future::poll_fn;
use std::hint::black_box;
use std::io::{Read, Write};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use chango_core::coop;
use chango_core::net::TcpListener;
use chango_core::runtime::{Builder, Runtime};
use chango_core::spawn::{spawn, yield_now};
use chango_core::time::sleep;

/// Whatever is not done by then never will be.
const HANGS: Duration = Duration::from_secs(60);

fn runtime(workers: usize) -> Runtime {
    Builder::new().workers(workers).build().expect("a runtime")
}

/// What a hog waits for.
#[derive(Default)]
struct Stop {
    now: AtomicBool,
    lock: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    fn stop(&self) {
        self.now.store(true, Ordering::Relaxed);
        *self.lock.lock().unwrap() = true;
        self.changed.notify_all();
    }
}

/// A way to keep a worker, and what it is called.
type Kind = (&'static str, fn(&Stop));

const KINDS: [Kind; 3] = [
    ("computes", |stop| {
        while !stop.now.load(Ordering::Relaxed) {
            black_box(());
        }
    }),
    ("sleeps", |stop| {
        while !stop.now.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(50));
        }
    }),
    ("waits for a thread", |stop| {
        let stopped = stop.lock.lock().unwrap();
        drop(
            stop.changed
                .wait_while(stopped, |stopped| !*stopped)
                .unwrap(),
        );
    }),
];

/// Runs `test` on runtimes with 1 and 2 workers, all of which are kept by hogs of each kind.
fn beside_hogs<F: Future<Output = ()> + Send + 'static>(test: fn() -> F) {
    for workers in [1, 2] {
        for (kind, hog) in KINDS {
            let runtime = runtime(workers);
            let stop = Arc::new(Stop::default());
            let hogs: Vec<_> = (0..2 * workers)
                .map(|_| {
                    let stop = Arc::clone(&stop);
                    runtime.spawn(async move { hog(&stop) })
                })
                .collect();
            let (done_tx, done) = mpsc::channel();
            runtime
                .spawn(async move {
                    test().await;
                    done_tx.send(()).unwrap();
                })
                .detach();
            let ended = done.recv_timeout(HANGS);
            stop.stop();
            assert!(
                ended.is_ok(),
                "with {workers} workers, beside a hog that {kind}"
            );
            for hog in hogs {
                runtime.block_on(hog).unwrap();
            }
        }
    }
}

#[test]
fn goroutines_run_beside_hogs() {
    beside_hogs(|| async {
        for turn in 0..100 {
            let child = spawn(async move {
                yield_now().await;
                turn
            });
            assert_eq!(child.await.unwrap(), turn);
        }
    });
}

#[test]
fn timers_fire_beside_hogs() {
    beside_hogs(|| async {
        for _ in 0..20 {
            sleep(Duration::from_millis(1)).await;
        }
    });
}

#[test]
fn sockets_are_served_beside_hogs() {
    beside_hogs(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let client = thread::spawn(move || {
            let mut client = std::net::TcpStream::connect(at).unwrap();
            for sent in 0..50 {
                client.write_all(&[sent]).unwrap();
                let mut byte = [0];
                client.read_exact(&mut byte).unwrap();
                assert_eq!(byte, [sent]);
            }
        });
        let (stream, _) = listener.accept().await.unwrap();
        let mut byte = [0];
        while stream.read(&mut byte).await.unwrap() > 0 {
            stream.write_all(&byte).await.unwrap();
        }
        client.join().unwrap();
    });
}

#[test]
fn what_a_hog_has_woken_and_spawned_before_is_run() {
    for workers in [1, 2] {
        let runtime = runtime(workers);
        let stop = Arc::new(Stop::default());
        let (tx, rx) = mpsc::channel();
        let hog_stop = Arc::clone(&stop);
        runtime
            .spawn(async move {
                let (waits, woken) = (tx.clone(), Arc::new(Mutex::new(None::<Waker>)));
                let slot = Arc::clone(&woken);
                spawn(async move {
                    let mut first = true;
                    poll_fn(|cx| {
                        *slot.lock().unwrap() = Some(cx.waker().clone());
                        match std::mem::take(&mut first) {
                            true => Poll::Pending,
                            false => Poll::Ready(()),
                        }
                    })
                    .await;
                    waits.send("woken").unwrap();
                })
                .detach();
                while woken.lock().unwrap().is_none() {
                    yield_now().await;
                }
                let waker = woken.lock().unwrap().take().unwrap();
                for _ in 0..300 {
                    let tx = tx.clone();
                    spawn(async move { tx.send("spawned").unwrap() }).detach();
                }
                waker.wake();
                KINDS[0].1(&hog_stop);
            })
            .detach();
        let mut got = BTreeMap::new();
        for _ in 0..301 {
            let who = rx.recv_timeout(HANGS).expect("all of them run");
            *got.entry(who).or_insert(0) += 1;
        }
        assert_eq!(got, BTreeMap::from([("spawned", 300), ("woken", 1)]));
        stop.stop();
    }
}

#[test]
fn the_only_goroutine_behind_a_hog_is_run() {
    let runtime = runtime(1);
    let (ran_tx, ran) = mpsc::channel();
    let hog = runtime.spawn(async move {
        // It stands in no queue, but is to run next.
        spawn(async move { ran_tx.send(()).unwrap() }).detach();
        ran.recv_timeout(HANGS)
    });
    assert_eq!(runtime.block_on(hog).unwrap(), Ok(()));
}

#[test]
fn a_goroutine_that_was_woken_last_runs_beside_a_long_poll_if_a_worker_is_idle() {
    let runtime = runtime(2);
    let ran = Arc::new(AtomicUsize::new(0));
    let waker = Arc::new(Mutex::new(None::<Waker>));
    let (counts, slot) = (Arc::clone(&ran), Arc::clone(&waker));
    runtime
        .spawn(poll_fn(move |cx| {
            *slot.lock().unwrap() = Some(cx.waker().clone());
            counts.fetch_add(1, Ordering::SeqCst);
            Poll::<()>::Pending
        }))
        .detach();
    let hog = runtime.spawn(async move {
        for turn in 1..=50 {
            while ran.load(Ordering::SeqCst) < turn {
                yield_now().await;
            }
            // It stands in `runnext` now, and this poll does not end before it has run.
            let begun = Instant::now();
            waker.lock().unwrap().take().unwrap().wake();
            while ran.load(Ordering::SeqCst) == turn {
                assert!(begun.elapsed() < HANGS);
                black_box(());
            }
        }
    });
    runtime.block_on(hog).unwrap();
}

/// Gives way again and again until `there` says another thread than the one that it last said `here` itself.
async fn runs_until_apart(here: &Mutex<Option<ThreadId>>, there: &Mutex<Option<ThreadId>>) {
    let begun = Instant::now();
    loop {
        let thread = thread::current().id();
        *here.lock().unwrap() = Some(thread);
        if there.lock().unwrap().is_some_and(|other| other != thread) {
            return;
        }
        assert!(begun.elapsed() < HANGS, "they share a worker");
        yield_now().await;
    }
}

#[test]
fn two_that_only_give_way_to_each_other_come_to_run_side_by_side_if_a_worker_is_idle() {
    let runtime = runtime(2);
    let threads = Arc::new([const { Mutex::new(None) }; 2]);
    for _ in 0..20 {
        *threads[0].lock().unwrap() = None;
        *threads[1].lock().unwrap() = None;
        let waits = Arc::new(Mutex::new(None::<Waker>));
        let (slot, seen) = (Arc::clone(&waits), Arc::clone(&threads));
        let woken = runtime.spawn(async move {
            let mut waited = false;
            poll_fn(|cx| {
                if std::mem::replace(&mut waited, true) {
                    return Poll::Ready(());
                }
                *slot.lock().unwrap() = Some(cx.waker().clone());
                Poll::Pending
            })
            .await;
            runs_until_apart(&seen[1], &seen[0]).await;
        });
        let seen = Arc::clone(&threads);
        let wakes = runtime.spawn(async move {
            let waker = loop {
                if let Some(waker) = waits.lock().unwrap().take() {
                    break waker;
                }
                yield_now().await;
            };
            // By then the other worker sleeps.
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_millis(1) {
                yield_now().await;
            }
            // It comes to stand behind this one, and nobody is called.
            waker.wake();
            runs_until_apart(&seen[0], &seen[1]).await;
        });
        runtime.block_on(woken).unwrap();
        runtime.block_on(wakes).unwrap();
    }
}

#[test]
fn a_long_slice_ends_at_the_next_operation() {
    // No spare can be had, so the other one runs only if this one gives way.
    let runtime = Builder::new().workers(1).max_threads(1).build().unwrap();
    let ran = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&ran);
    let turns = runtime.run(async move {
        spawn(async move { ran.store(true, Ordering::SeqCst) }).detach();
        let mut turns = 0;
        while !seen.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(20));
            poll_fn(coop::poll_proceed).await;
            turns += 1;
        }
        turns
    });
    assert!(
        turns < coop::SLICE,
        "it gave way after its last operation only"
    );
}

#[test]
fn a_goroutine_that_gives_way_when_its_worker_was_given_up_is_not_forgotten() {
    let runtime = runtime(1);
    // Somebody has to watch the timer, so the worker's right is taken although nobody else can run.
    runtime.spawn(sleep(Duration::from_secs(3600))).detach();
    let (done_tx, done) = mpsc::channel();
    runtime
        .spawn(async move {
            for _ in 0..5 {
                thread::sleep(Duration::from_millis(30));
                // Its slice was taken away meanwhile, so it gives way.
                poll_fn(coop::poll_proceed).await;
            }
            done_tx.send(()).unwrap();
        })
        .detach();
    done.recv_timeout(HANGS).expect("it goes on");
}

#[test]
fn reading_from_a_fifo_without_a_writer_keeps_nobody_waiting() {
    let path = std::env::temp_dir().join(format!("chango-fifo-{}", std::process::id()));
    let made = Command::new("mkfifo").arg(&path).status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("skipped: no mkfifo here");
        return;
    }
    for workers in [1, 2] {
        let runtime = runtime(workers);
        let readers: Vec<_> = (0..workers)
            .map(|_| {
                let path = path.clone();
                runtime.spawn(async move { fs::read(path).unwrap().len() })
            })
            .collect();
        runtime.run(async {
            for _ in 0..10 {
                sleep(Duration::from_millis(1)).await;
            }
        });
        // Who opens it for reading goes on when somebody has it open for writing, and comes to its end
        // when nobody has. Open for both, it never blocks.
        while !readers.iter().all(|reader| reader.is_finished()) {
            let both = fs::OpenOptions::new().read(true).write(true).open(&path);
            drop(both.unwrap());
            thread::yield_now();
        }
        for reader in readers {
            assert_eq!(runtime.block_on(reader).unwrap(), 0);
        }
    }
    fs::remove_file(path).unwrap();
}

#[test]
fn hogs_come_and_go_and_all_goroutines_come_to_their_end() {
    for workers in [1, 2, 8] {
        let runtime = runtime(workers);
        let handles: Vec<_> = (0..40_u64)
            .map(|me| {
                runtime.spawn(async move {
                    for turn in 0..20 {
                        match (me + turn) % 4 {
                            0 => thread::sleep(Duration::from_millis(12)),
                            1 => sleep(Duration::from_micros(100)).await,
                            2 => assert_eq!(spawn(async move { turn }).await.unwrap(), turn),
                            _ => yield_now().await,
                        }
                    }
                    me
                })
            })
            .collect();
        for (me, handle) in (0..).zip(handles) {
            assert_eq!(runtime.block_on(handle).unwrap(), me);
        }
        assert_eq!(
            runtime.run(async { chango_core::runtime::num_goroutines() }),
            1
        );
    }
}

/// How often the threads of a runtime have been switched to; none where the system does not say.
fn switches(name: &str) -> Option<u64> {
    let mut sum = 0;
    for task in fs::read_dir("/proc/self/task").ok()? {
        let path = task.ok()?.path();
        if !fs::read_to_string(path.join("comm"))
            .ok()?
            .starts_with(name)
        {
            continue;
        }
        let status = fs::read_to_string(path.join("status")).ok()?;
        let counts = status.lines().filter(|line| line.contains("ctxt_switches"));
        let counts = counts.filter_map(|line| line.split_whitespace().last()?.parse::<u64>().ok());
        sum += counts.sum::<u64>();
    }
    Some(sum)
}

#[test]
fn an_idle_runtime_comes_to_rest() {
    let runtime = Builder::new().workers(2).name("restful").build().unwrap();
    for _ in 0..1_000 {
        runtime.spawn(std::future::pending::<()>()).detach();
    }
    runtime.run(async { sleep(Duration::from_millis(1)).await });
    let begun = Instant::now();
    let mut before = switches("restful");
    loop {
        thread::sleep(Duration::from_millis(300));
        let now = switches("restful");
        if now == before {
            break;
        }
        assert!(begun.elapsed() < HANGS, "its threads are still woken");
        before = now;
    }
}
