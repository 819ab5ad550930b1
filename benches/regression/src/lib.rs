//! What one operation of chango costs: scenarios for criterion, which times them, and for `count.sh`, which
//! counts their instructions. Only the public API is used, so that another revision can be built with them.
//!
//! What must hold: a scenario does nothing but what is said of it, checks its result, and makes exactly as
//! many operations as it is told, down to one; what it sets up before and puts away after is not timed, and
//! does not grow with the operations, so that it cancels where instructions are counted.

pub mod chan;
pub mod hop;
pub mod net;
pub mod select;
pub mod spawn;
pub mod steal;
pub mod timer;
pub mod yields;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use chango::runtime::{Builder, Runtime, max_procs};
use chango::task;

type Timed = Pin<Box<dyn Future<Output = Duration> + Send>>;

/// Something that is done any number of times, and says how long that took.
pub struct Scenario {
    name: String,
    workers: &'static [usize],
    counted: u64,
    run: Box<dyn Fn(u64) -> Timed>,
}

impl Scenario {
    /// A scenario on one worker, whose instructions are not counted. `run` makes as many operations as it is
    /// told.
    fn new<F>(name: impl Into<String>, run: impl Fn(u64) -> F + 'static) -> Self
    where
        F: Future<Output = Duration> + Send + 'static,
    {
        Self {
            name: name.into(),
            workers: &[1],
            counted: 0,
            run: Box::new(move |operations| Box::pin(run(operations))),
        }
    }

    /// With one worker and with two.
    fn on_both(mut self) -> Self {
        self.workers = &[1, 2];
        self
    }

    /// With two workers only.
    fn on_two(mut self) -> Self {
        self.workers = &[2];
        self
    }

    /// Instructions may be counted, over so many operations and twice as many.
    fn counted(mut self, operations: u64) -> Self {
        self.counted = operations;
        self
    }

    /// Its group and its own name, `hop/rendezvous`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The numbers of workers that it is timed with.
    pub fn workers(&self) -> &'static [usize] {
        self.workers
    }

    /// Over how many operations its instructions are counted; 0 where they say nothing.
    pub fn operations(&self) -> u64 {
        self.counted
    }
}

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenario")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Every scenario there is.
pub fn all() -> Vec<Scenario> {
    let groups = [
        hop::scenarios(),
        spawn::scenarios(),
        yields::scenarios(),
        chan::scenarios(),
        select::scenarios(),
        timer::scenarios(),
        steal::scenarios(),
        net::scenarios(),
    ];
    groups.into_iter().flatten().collect()
}

/// A runtime that scenarios are run on, one after the other.
#[derive(Debug)]
pub struct Goroutines(Runtime);

impl Goroutines {
    /// Starts so many workers.
    ///
    /// # Panics
    ///
    /// If there is no thread or poller to be had.
    pub fn on(workers: usize) -> Self {
        let runtime = Builder::new().workers(workers).build();
        Self(runtime.expect("no runtime"))
    }

    /// Makes the scenario's operations in a main goroutine, and says how long they took.
    ///
    /// # Panics
    ///
    /// If the scenario finds a result that is wrong.
    pub fn time(&self, scenario: &Scenario, operations: u64) -> Duration {
        self.0.run((scenario.run)(operations))
    }
}

/// Goes through `body` once on as many goroutines as there are workers, each with its share of the
/// operations. (Go: `b.RunParallel`.)
async fn parallel<F>(operations: u64, body: impl Fn(u64) -> F) -> Duration
where
    F: Future<Output = ()> + Send + 'static,
{
    let began = Instant::now();
    let start = |share| task::spawn(body(share));
    let handles: Vec<_> = shares(operations, max_procs() as u64).map(start).collect();
    for handle in handles {
        handle.await.expect("a goroutine panicked");
    }
    began.elapsed()
}

/// `operations` in shares as equal as can be, one for each `among`.
fn shares(operations: u64, among: u64) -> impl Iterator<Item = u64> {
    (0..among).map(move |at| operations / among + u64::from(at < operations % among))
}

/// The sum of all numbers below `count`.
fn sum_below(count: u64) -> u64 {
    count * count.saturating_sub(1) / 2
}
