//! The options of a runtime. They travel as one [`Config`].

use std::io;

use super::{Runtime, env};
use crate::sched;

/// More workers than this are a mistake: the counts of idle ones are 16 bits wide.
const MAX_WORKERS: usize = 1 << 14;

/// What the scheduler is told.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) workers: usize,
    pub(crate) name: String,
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
    name: Option<String>,
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
    /// where that is not set, the number of processors that the process may use.
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
        assert!(count > 0, "a runtime needs at least one worker");
        assert!(
            count <= MAX_WORKERS,
            "a runtime has at most {MAX_WORKERS} workers, not {count}"
        );
        self.workers = Some(count);
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

    /// Starts the workers.
    ///
    /// # Errors
    ///
    /// If a thread or the system's poller cannot be had; those that were started have ended then.
    ///
    /// # Panics
    ///
    /// If no number of workers was given and `CHANGO_MAXPROCS` is not a positive number.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// assert_eq!(runtime.run(async { "built" }), "built");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn build(&self) -> io::Result<Runtime> {
        let config = Config {
            workers: self
                .workers
                .unwrap_or_else(|| env::max_procs().min(MAX_WORKERS)),
            name: self.name.clone().unwrap_or_else(|| String::from("chango")),
        };
        let (shared, threads) = sched::start(&config)?;
        Ok(Runtime::from_parts(shared, threads))
    }
}
