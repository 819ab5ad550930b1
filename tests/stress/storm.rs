//! Runs a storm round after round, and watches that it moves.

use std::collections::hash_map::RandomState;
use std::env;
use std::fmt;
use std::future::Future;
use std::hash::{BuildHasher, Hasher};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use chango::runtime::{Builder, Runtime};

use crate::ledger::Tally;
use crate::rng::Rng;

/// A storm that moves nothing for so long hangs.
const HANGS: Duration = Duration::from_secs(30);

/// How often a long storm says that it is still there.
const REPORT: Duration = Duration::from_secs(20);

/// How far a storm is. Whatever has happened to a message counts as a move.
#[derive(Debug, Default)]
pub(crate) struct Pulse(AtomicU64);

impl Pulse {
    pub(crate) fn beat(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What one round of a storm is made of.
pub(crate) struct Round {
    pub(crate) workers: usize,
    pub(crate) rng: Rng,
    pub(crate) pulse: Arc<Pulse>,
}

impl Round {
    pub(crate) fn runtime(&self) -> Runtime {
        Builder::new()
            .workers(self.workers)
            .build()
            .expect("a runtime")
    }

    /// Runs `main` as the main goroutine of a runtime of its own.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        main: impl Future<Output = T> + Send + 'static,
    ) -> T {
        self.runtime().run(main)
    }
}

/// Where a storm is, for whoever has to find out what went wrong in it.
#[derive(Clone, Copy)]
struct Place {
    name: &'static str,
    seed: u64,
    workers: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            seed,
            workers,
        } = self;
        write!(
            f,
            "{name} with {workers} workers and CHANGO_STRESS_SEED={seed}"
        )
    }
}

fn number_from_env(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is {text:?}, and should be a number")),
    )
}

/// Runs rounds of a storm with 1, 2 and 8 workers until its time is over: at least one with each.
/// Says at the end what became of its messages.
pub(crate) fn storm(name: &'static str, one_round: impl Fn(Round) -> Tally) {
    let seconds = number_from_env("CHANGO_STRESS_SECONDS").unwrap_or(1) as u32;
    let random = || RandomState::new().build_hasher().finish();
    let seed = number_from_env("CHANGO_STRESS_SEED").unwrap_or_else(random);
    let pulse = Arc::new(Pulse::default());
    let (began, mut rounds, mut tally) = (Instant::now(), 0, Tally::default());
    for workers in [1, 2, 8] {
        let place = Place {
            name,
            seed,
            workers,
        };
        println!("{place}");
        let _watch = Watch::start(place, Arc::clone(&pulse));
        let mut rng = Rng::new(seed);
        let start = Instant::now();
        loop {
            tally += one_round(Round {
                workers,
                rng: rng.fork(),
                pulse: Arc::clone(&pulse),
            });
            rounds += 1;
            pulse.beat();
            if start.elapsed() >= Duration::from_secs(seconds.into()) / 3 {
                break;
            }
        }
    }
    let seconds = began.elapsed().as_secs_f32();
    println!("{name}: {tally}; {rounds} rounds, {seconds:.0} seconds");
}

/// A thread that ends the process when the pulse stands still.
struct Watch {
    stop: Option<Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Watch {
    fn start(place: Place, pulse: Arc<Pulse>) -> Self {
        let (stop, stopped) = channel();
        let watch = move || {
            let start = Instant::now();
            let (mut last, mut moved, mut reported) = (pulse.count(), start, start);
            while stopped.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
                let (count, now) = (pulse.count(), Instant::now());
                if count != last {
                    (last, moved) = (count, now);
                }
                if now - moved >= HANGS {
                    say(format_args!("HANGS: {place}"));
                    std::process::abort();
                }
                if now - reported >= REPORT {
                    say(format_args!(
                        "{place}: {count} moves, {} s",
                        (now - start).as_secs()
                    ));
                    reported = now;
                }
            }
        };
        Self {
            stop: Some(stop),
            thread: Some(thread::spawn(watch)),
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the watch does not panic");
        }
    }
}

/// Writes past the capture of the test harness, which would keep the line until the end.
fn say(line: fmt::Arguments<'_>) {
    writeln!(std::io::stderr(), "{line}").expect("a line on standard error");
}
