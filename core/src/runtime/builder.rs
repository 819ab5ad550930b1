//! The options of a runtime. They travel as one [`Config`].

use std::io;

use super::{Deadlock, Runtime, env};
use crate::sched;
use crate::trace::Debug;

/// More workers than this are a mistake: the counts of idle ones are 16 bits wide.
pub(crate) const MAX_WORKERS: usize = 1 << 14;

/// Panics unless a runtime may have so many workers.
#[track_caller]
pub(super) fn check_workers(count: usize) {
    assert!(count > 0, "a runtime needs at least one worker");
    assert!(
        count <= MAX_WORKERS,
        "a runtime has at most {MAX_WORKERS} workers, not {count}"
    );
}

/// So many threads, unless said otherwise. (Go's number.)
const MAX_THREADS: usize = 10_000;

/// What the scheduler is told.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// How many goroutines run at the same time.
    pub(crate) workers: usize,
    /// Says how many they are to be from now on, where nobody has said.
    pub(crate) follows: Option<fn() -> usize>,
    /// How many threads there may be, those included that are blocked.
    pub(crate) max_threads: usize,
    pub(crate) name: String,
    /// What `CHANGO_DEBUG` asks for.
    pub(crate) debug: Debug,
    /// What becomes of a program that can never go on.
    pub(crate) deadlock: Deadlock,
    /// In a test: it need not be certain, a second of silence is enough.
    pub(crate) fails_when_silent: bool,
}

/// Options for a [`Runtime`].
///
/// # Examples
///
/// ```
/// let runtime = chango_core::runtime::Builder::new().workers(2).name("reader").build()?;
/// let thread = runtime.run(async { std::thread::current().name().map(String::from) });
/// assert!(thread.unwrap().starts_with("reader-"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Builder {
    workers: Option<usize>,
    max_threads: Option<usize>,
    name: Option<String>,
    deadlock: Deadlock,
    fails_when_silent: bool,
}

impl Builder {
    /// The defaults: workers from the environment.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().build()?;
    /// assert!(runtime.handle().max_procs() > 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// How many workers run goroutines at the same time. The default is `CHANGO_MAXPROCS`, or
    /// where that is not set, the number of processors that the process may use: those of its affinity
    /// mask, and on Linux no more than the quota of its cgroup and of all ancestors of that lets run at
    /// the same time (rounded up, but two). That default is looked at again while goroutines run, and
    /// followed. [`Handle::set_max_procs`](super::Handle::set_max_procs) changes the number for good.
    ///
    /// # Panics
    ///
    /// If `count` is zero or beyond 16384.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(3).build()?;
    /// assert_eq!(runtime.handle().max_procs(), 3);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn workers(mut self, count: usize) -> Self {
        check_workers(count);
        self.workers = Some(count);
        self
    }

    /// How many threads the runtime may have, those included that a goroutine blocks in
    /// [`blocking`](crate::spawn::blocking). The default is 10000, as in Go. When all are blocked, and
    /// one more is needed, a line on standard error says so once, and the goroutines that are ready
    /// wait until one comes back.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(2).max_threads(64).build()?;
    /// assert_eq!(runtime.handle().max_procs(), 2);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn max_threads(mut self, count: usize) -> Self {
        self.max_threads = Some(count);
        self
    }

    /// The first part of the workers' thread names; the default is `chango`.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().name("db").build()?;
    /// let name = runtime.run(async { std::thread::current().name().map(String::from) });
    /// assert!(name.unwrap().starts_with("db-"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// What becomes of a program of which no goroutine can ever go on. The default is
    /// [`Deadlock::Off`]: a runtime inside a larger program is not all of it.
    ///
    /// The environment has the last word: `CHANGO_DEADLOCK=panic`, `warn` or `off` stands above what is
    /// said here, [`Off`](Deadlock::Off) included, for every runtime of the process, so that whoever has
    /// a program that hangs before him can ask it without building it anew.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_core::runtime::{Builder, Deadlock};
    ///
    /// let runtime = Builder::new().workers(1).deadlock(Deadlock::Warn).build()?;
    /// assert_eq!(runtime.run(async { 1 }), 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn deadlock(mut self, deadlock: Deadlock) -> Self {
        self.deadlock = deadlock;
        self
    }

    /// For `#[chango::test]`: [`Deadlock::Panic`] comes after a second of silence, also where threads
    /// of others, such as those of the test harness, could still wake somebody.
    #[doc(hidden)]
    pub fn fails_when_silent(mut self) -> Self {
        self.fails_when_silent = true;
        self
    }

    /// Starts the workers.
    ///
    /// # Errors
    ///
    /// If a thread or the system's poller cannot be had, or `max_threads` leaves no room for the
    /// workers; those that were started have ended then.
    ///
    /// # Panics
    ///
    /// If no number of workers was given and `CHANGO_MAXPROCS` is not a positive number; if a value in
    /// `CHANGO_DEBUG` is none that its key can have; if `CHANGO_DEADLOCK` is not one of its three words.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// assert_eq!(runtime.run(async { "built" }), "built");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn build(&self) -> io::Result<Runtime> {
        let said = self.workers.map(|workers| (workers, None));
        let (workers, follows) = said.unwrap_or_else(env::max_procs);
        let config = Config {
            workers: workers.min(MAX_WORKERS),
            follows,
            max_threads: self.max_threads.unwrap_or(MAX_THREADS.max(workers)),
            name: self.name.clone().unwrap_or_else(|| String::from("chango")),
            debug: env::debug(),
            deadlock: env::deadlock().unwrap_or(self.deadlock),
            fails_when_silent: self.fails_when_silent,
        };
        sched::start(config).map(Runtime::new_of)
    }
}
