//! What [`Handle::metrics`](crate::runtime::Handle::metrics) gives: numbers, read out of the counters
//! of all workers at one moment.
//!
//! The types here only hold what `sched::observe` has read. Their fields are private and their methods
//! are the interface, so numbers may be added. What must hold: `spawned - ended = alive`, and every
//! goroutine that is alive is running, away, runnable or waiting.

mod histogram;

use std::fmt;

pub use self::histogram::Histogram;
pub(crate) use self::histogram::{BUCKETS, bucket_of};

/// What a runtime has counted since its start, and how things stood when it was asked.
///
/// It comes from [`Handle::metrics`](crate::runtime::Handle::metrics). Counts grow for as long as the
/// runtime lives; for what happened between two moments, take two of these and subtract.
///
/// # Examples
///
/// ```
/// use chango_core::{runtime::Builder, spawn};
///
/// let runtime = Builder::new().workers(2).build()?;
/// runtime.run(async {
///     for handle in (0..10).map(|at| spawn::spawn(async move { at })) {
///         handle.await.unwrap();
///     }
/// });
/// let metrics = runtime.handle().metrics();
/// assert_eq!(metrics.ended(), 11);
/// assert!(metrics.polls() >= 11);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Metrics {
    pub(crate) max_procs: usize,
    pub(crate) idle_procs: usize,
    pub(crate) spinning: usize,
    pub(crate) parked: usize,
    pub(crate) threads: usize,
    pub(crate) spares: usize,
    pub(crate) spawned: u64,
    pub(crate) ended: u64,
    pub(crate) global_queue: usize,
    pub(crate) workers: Vec<WorkerMetrics>,
    pub(crate) files: usize,
    pub(crate) file_events: u64,
    pub(crate) timers: usize,
    pub(crate) timers_fired: u64,
    pub(crate) latency: Histogram,
}

impl Metrics {
    /// How many goroutines may run at the same time.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(2).build()?;
    /// assert_eq!(runtime.handle().metrics().max_procs(), 2);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn max_procs(&self) -> usize {
        self.max_procs
    }

    /// How many rights to run are in use by nobody: those of workers that sleep, and those that were
    /// given up and that no other worker has taken.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(2).build()?;
    /// assert!(runtime.handle().metrics().idle_procs() <= 2);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn idle_procs(&self) -> usize {
        self.idle_procs
    }

    /// How many workers look for something to do in the queues of others.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(2).build()?;
    /// assert!(runtime.handle().metrics().spinning() <= 2);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn spinning(&self) -> usize {
        self.spinning
    }

    /// How many threads there are for goroutines, those included that are blocked and the spares.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(2).build()?;
    /// assert_eq!(runtime.handle().metrics().threads(), 2);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// How many of the threads are spares: they wait for a right to run.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(2).build()?;
    /// assert_eq!(runtime.handle().metrics().spares(), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn spares(&self) -> usize {
        self.spares
    }

    /// How many goroutines have been spawned.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// runtime.spawn(std::future::pending::<()>()).detach();
    /// assert_eq!(runtime.handle().metrics().spawned(), 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn spawned(&self) -> u64 {
        self.spawned
    }

    /// How many goroutines have ended, in whichever way.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// runtime.run(async {});
    /// assert_eq!(runtime.handle().metrics().ended(), 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn ended(&self) -> u64 {
        self.ended
    }

    /// How many goroutines have been spawned and have not ended.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// runtime.spawn(std::future::pending::<()>()).detach();
    /// assert_eq!(runtime.handle().metrics().alive(), 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn alive(&self) -> u64 {
        self.spawned - self.ended
    }

    /// How many goroutines are polled by a worker with a right to run.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// let handle = runtime.handle();
    /// assert_eq!(runtime.run(async move { handle.metrics().running() }), 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn running(&self) -> u64 {
        self.workers.iter().filter(|worker| worker.running).count() as u64
    }

    /// How many goroutines block their thread, which has given up its right to run: in `task::blocking`, or
    /// in a poll that takes so long that others run in its place.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// let handle = runtime.handle();
    /// let away = runtime.run(async move { chango_core::spawn::blocking(|| handle.metrics().away()) });
    /// assert_eq!(away, 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn away(&self) -> u64 {
        self.workers.iter().filter(|worker| worker.away).count() as u64
    }

    /// How many goroutines stand in a queue: the global one, a worker's, or as the next that it runs.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// let handle = runtime.handle();
    /// let runnable = runtime.run(async move {
    ///     for _ in 0..3 {
    ///         chango_core::spawn::spawn(async {}).detach();
    ///     }
    ///     handle.metrics().runnable()
    /// });
    /// assert_eq!(runnable, 3);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn runnable(&self) -> u64 {
        (self.global_queue
            + self
                .workers
                .iter()
                .map(|worker| worker.queue)
                .sum::<usize>()) as u64
    }

    /// How many goroutines wait for somebody to wake them: those alive that are neither running, nor away,
    /// nor runnable.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// runtime.spawn(std::future::pending::<()>()).detach();
    /// while runtime.handle().metrics().waiting() != 1 {
    ///     std::thread::yield_now();
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn waiting(&self) -> u64 {
        let others = self.running() + self.away() + self.runnable();
        self.alive().saturating_sub(others)
    }

    /// How many goroutines stand in the global queue.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// assert_eq!(runtime.handle().metrics().global_queue_len(), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn global_queue_len(&self) -> usize {
        self.global_queue
    }

    /// How many polls of goroutines have begun.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// runtime.run(async {});
    /// assert_eq!(runtime.handle().metrics().polls(), 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn polls(&self) -> u64 {
        self.sum(|worker| worker.polls)
    }

    /// How many goroutines a worker has taken out of another one's queue.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// runtime.run(async {});
    /// assert_eq!(runtime.handle().metrics().steals(), 0, "there is nobody to steal from");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn steals(&self) -> u64 {
        self.sum(|worker| worker.steals)
    }

    /// How often a worker went to sleep because it found nothing to do.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// println!("{}", runtime.handle().metrics().parks());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn parks(&self) -> u64 {
        self.sum(|worker| worker.parks)
    }

    /// How often a worker's queue was full, so that half of it went to the global queue.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// let handle = runtime.handle();
    /// let spills = runtime.run(async move {
    ///     for _ in 0..5_000 {
    ///         chango_core::spawn::spawn(async {}).detach();
    ///     }
    ///     handle.metrics().spills()
    /// });
    /// assert!(spills > 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn spills(&self) -> u64 {
        self.sum(|worker| worker.spills)
    }

    /// How often a worker gave up its right to run because of `task::blocking`.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// runtime.run(async { chango_core::spawn::blocking(|| {}) });
    /// assert_eq!(runtime.handle().metrics().blocking_handoffs(), 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn blocking_handoffs(&self) -> u64 {
        self.sum(|worker| worker.handoffs)
    }

    /// How often the right of a worker was taken because one poll took longer than 10 ms and something else
    /// was to be done.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// println!("{}", runtime.handle().metrics().sysmon_handoffs());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn sysmon_handoffs(&self) -> u64 {
        self.sum(|worker| worker.retakes)
    }

    /// How often a slice was taken away because one poll took longer than 10 ms, so that its goroutine gives
    /// way at its next operation. (Slices that are used up are not counted.)
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// println!("{}", runtime.handle().metrics().preemptions());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn preemptions(&self) -> u64 {
        self.sum(|worker| worker.preemptions)
    }

    /// How many files are registered: sockets, most of them.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// assert_eq!(runtime.handle().metrics().files(), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn files(&self) -> usize {
        self.files
    }

    /// How many events the system has reported for files.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// assert_eq!(runtime.handle().metrics().file_events(), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn file_events(&self) -> u64 {
        self.file_events
    }

    /// How many timers are running: goroutines that sleep, and timeouts.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// assert_eq!(runtime.handle().metrics().timers(), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn timers(&self) -> usize {
        self.timers
    }

    /// How many timers have come to their time. Those that were given up before are not counted.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// let nap = std::time::Duration::from_millis(1);
    /// runtime.run(async move { chango_core::time::sleep(nap).await });
    /// assert_eq!(runtime.handle().metrics().timers_fired(), 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn timers_fired(&self) -> u64 {
        self.timers_fired
    }
}

impl Metrics {
    fn sum(&self, of: impl Fn(&WorkerMetrics) -> u64) -> u64 {
        self.workers.iter().map(of).sum()
    }

    /// What each worker has counted: one for each that there has ever been at the same time, spares and
    /// those included whose thread has retired. (A new thread goes on with the counts of such a one.)
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(3).build()?;
    /// let metrics = runtime.handle().metrics();
    /// assert!(metrics.workers().len() >= 3);
    /// let polls: u64 = metrics.workers().iter().map(|worker| worker.polls()).sum();
    /// assert_eq!(polls, metrics.polls());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn workers(&self) -> &[WorkerMetrics] {
        &self.workers
    }

    /// How long goroutines waited for a worker, from the moment at which they became runnable to their
    /// poll.
    ///
    /// This is a sample. Of the goroutines that a worker makes runnable (it spawns them, wakes them, its
    /// timers and files do, or they gave way on it) one in 256 is timed, whoever runs it then; and one in
    /// 256 of those that other threads make runnable. At most 256 are timed at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_core::{runtime::Builder, spawn};
    ///
    /// let runtime = Builder::new().workers(1).build()?;
    /// runtime.run(async {
    ///     for _ in 0..10_000 {
    ///         spawn::yield_now().await;
    ///     }
    /// });
    /// let metrics = runtime.handle().metrics();
    /// let latency = metrics.scheduling_latency();
    /// assert!(latency.count() > 10 && latency.p50() <= latency.p99());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn scheduling_latency(&self) -> &Histogram {
        &self.latency
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics")
            .field("alive", &self.alive())
            .field("runnable", &self.runnable())
            .field("running", &self.running())
            .field("away", &self.away())
            .field("waiting", &self.waiting())
            .field("polls", &self.polls())
            .field("scheduling_latency", &self.latency)
            .finish_non_exhaustive()
    }
}

/// What one worker has counted, and how it stood when it was asked.
///
/// # Examples
///
/// ```
/// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
/// runtime.run(async {});
/// assert_eq!(runtime.handle().metrics().workers()[0].polls(), 1);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WorkerMetrics {
    pub(crate) running: bool,
    pub(crate) away: bool,
    /// Whether its thread has a right to run.
    pub(crate) has_right: bool,
    pub(crate) queue: usize,
    pub(crate) polls: u64,
    pub(crate) steals: u64,
    pub(crate) parks: u64,
    pub(crate) spills: u64,
    pub(crate) handoffs: u64,
    pub(crate) retakes: u64,
    pub(crate) preemptions: u64,
}

impl WorkerMetrics {
    /// Whether it polls a goroutine, and has a right to run.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// let handle = runtime.handle();
    /// assert!(runtime.run(async move { handle.metrics().workers()[0].is_running() }));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn is_running(&self) -> bool {
        self.running
    }

    /// Whether it is in a poll, and has given its right to run up.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// assert!(!runtime.handle().metrics().workers()[0].is_away());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn is_away(&self) -> bool {
        self.away
    }

    /// How many goroutines stand in its queue, the one that it runs next included.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// assert_eq!(runtime.handle().metrics().workers()[0].queue_len(), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn queue_len(&self) -> usize {
        self.queue
    }

    /// How many polls of goroutines have begun here.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// let metrics = runtime.handle().metrics();
    /// println!("{}", metrics.workers()[0].polls());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn polls(&self) -> u64 {
        self.polls
    }

    /// How many goroutines it has taken out of other workers' queues.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// let metrics = runtime.handle().metrics();
    /// println!("{}", metrics.workers()[0].steals());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn steals(&self) -> u64 {
        self.steals
    }

    /// How often it went to sleep because it found nothing to do.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// let metrics = runtime.handle().metrics();
    /// println!("{}", metrics.workers()[0].parks());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn parks(&self) -> u64 {
        self.parks
    }

    /// How often its queue was full, so that half of it went to the global queue.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// let metrics = runtime.handle().metrics();
    /// println!("{}", metrics.workers()[0].spills());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn spills(&self) -> u64 {
        self.spills
    }

    /// How often it gave up its right to run because of `task::blocking`.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// let metrics = runtime.handle().metrics();
    /// println!("{}", metrics.workers()[0].blocking_handoffs());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn blocking_handoffs(&self) -> u64 {
        self.handoffs
    }

    /// How often its right was taken because of a poll that took longer than 10 ms.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// let metrics = runtime.handle().metrics();
    /// println!("{}", metrics.workers()[0].sysmon_handoffs());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn sysmon_handoffs(&self) -> u64 {
        self.retakes
    }

    /// How often the slice of its goroutine was taken away because of a poll that took longer than 10 ms.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// let metrics = runtime.handle().metrics();
    /// println!("{}", metrics.workers()[0].preemptions());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn preemptions(&self) -> u64 {
        self.preemptions
    }
}
