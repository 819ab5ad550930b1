//! Runtimes: made, entered, used to run a future to its end, and shut down.
//!
//! What must hold: a [`Runtime`] that is gone has dropped every goroutine's future exactly once
//! (unless a worker was given up by [`Runtime::shutdown_timeout`]: then that worker's last poll
//! comes first); a [`Handle`] does not keep the workers alive.

mod builder;
mod dump;
mod env;

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::{Location, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub use self::builder::Builder;
pub(crate) use self::builder::{Config, MAX_WORKERS};
pub use self::dump::{Dump, Goroutine, GoroutineState, Reason, Wait};
pub use crate::metrics::{Histogram, Metrics, WorkerMetrics};
use crate::primitive::sync::Arc;
use crate::sched::{Shared, current, deadlock};
use crate::spawn;
use crate::task::JoinHandle;

/// What becomes of a program of which no goroutine can ever go on: all wait, and nothing is left that
/// could wake one of them. There is no timer, nobody waits for a socket, listens to a signal or is in a
/// blocking call, and the process has no threads but the runtime's own and those inside `run` and
/// `block_on`.
///
/// # Examples
///
/// A goroutine that waits for itself:
///
/// ```no_run
/// use chango_core::runtime::{Builder, Deadlock};
///
/// let runtime = Builder::new().deadlock(Deadlock::Panic).build().unwrap();
/// runtime.run(std::future::pending::<()>());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Deadlock {
    /// A report on standard error, as Go prints it, and a panic in the threads inside `run` and
    /// `block_on`. (So the exit status of such a program is 101, as after every panic; Go's is 2.)
    ///
    /// Only where it is certain. While the process has other threads, one of which might wake
    /// somebody, nothing is said; nor on systems other than Linux, where their number is not known.
    Panic,
    /// After a second of silence the report is printed, once, and the program goes on. It is
    /// printed also while the process has other threads, so it need not be true.
    Warn,
    /// Nothing.
    #[default]
    Off,
}

/// Workers, their queues, the netpoller and the timers: what goroutines run on.
///
/// Most programs never name it: `run!` and `#[chango::main]` make one. Dropping it shuts it down:
/// the workers end after their current polls, which is waited for, and every goroutine that is
/// left is dropped.
///
/// # Examples
///
/// ```
/// use chango_core::runtime::Runtime;
///
/// let runtime = Runtime::new()?;
/// assert_eq!(runtime.run(async { 6 * 7 }), 42);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Runtime {
    handle: Handle,
    /// Whether it was told to end.
    over: AtomicBool,
}

impl Runtime {
    /// A runtime configured from the environment, as `run!` makes it.
    ///
    /// `CHANGO_MAXPROCS` is the number of workers; without it, as many as the process may use
    /// processors ([`Builder::workers`] has the rules).
    ///
    /// # Errors
    ///
    /// If a thread or the system's poller cannot be had.
    ///
    /// # Panics
    ///
    /// If `CHANGO_MAXPROCS` is set to anything but a positive number, or `CHANGO_DEBUG` to something that
    /// has no meaning.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Runtime::new()?;
    /// assert_eq!(runtime.run(async { 1 + 1 }), 2);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new() -> std::io::Result<Self> {
        Builder::new().build()
    }

    fn new_of(shared: Arc<Shared>) -> Self {
        Self {
            handle: Handle { shared },
            over: AtomicBool::new(false),
        }
    }

    /// Runs `future` as the main goroutine, on the workers, and waits for its end.
    ///
    /// The other goroutines go on when it has ended, until the runtime is shut down.
    ///
    /// # Panics
    ///
    /// With the panic of the future. Also inside a goroutine, whose worker would be blocked, and if
    /// the main goroutine ends itself by `task::exit`, for then there is no value to return; and if
    /// no goroutine can ever go on and the runtime was built with [`Deadlock::Panic`].
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Runtime::new()?;
    /// let sum = runtime.run(async {
    ///     let one = chango_core::spawn::spawn(async { 1 });
    ///     one.await.unwrap() + 1
    /// });
    /// assert_eq!(sum, 2);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn run<F>(&self, future: F) -> F::Output
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        refuse_in_goroutine("run");
        let shared = &self.handle.shared;
        let mut main = Shared::spawn(shared, future, None, Location::caller(), true);
        let ended = match deadlock::block_on(shared, &mut main) {
            Ok(ended) => ended,
            Err(dead) => {
                main.abort();
                dead.panic()
            }
        };
        match ended {
            Ok(value) => value,
            Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
            Err(error) if error.is_exited() => {
                panic!("the main goroutine ended itself, so it has no value to return")
            }
            Err(_) => panic!("the runtime was shut down while its main goroutine ran"),
        }
    }

    /// Polls `future` on this thread until it is ready; it may borrow and need not be `Send`.
    ///
    /// What it spawns runs on the workers, and its timers and sockets are theirs.
    ///
    /// # Panics
    ///
    /// Inside a goroutine, whose worker would be blocked; with the panic of the future; and if
    /// nothing can ever wake it and the runtime was built with [`Deadlock::Panic`].
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Runtime::new()?;
    /// let mut words = vec!["borrowed"];
    /// runtime.block_on(async { words.push("here") });
    /// assert_eq!(words, ["borrowed", "here"]);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        refuse_in_goroutine("block_on");
        let _entered = self.handle.enter();
        deadlock::block_on(&self.handle.shared, future).unwrap_or_else(|dead| dead.panic())
    }

    /// Starts a goroutine on this runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Runtime::new()?;
    /// let handle = runtime.spawn(async { "from a worker" });
    /// assert_eq!(runtime.block_on(handle)?, "from a worker");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle.spawn(future)
    }

    /// Starts a goroutine on this runtime whose future need not be `Send`, on a thread of its own; see
    /// [`spawn::spawn_local`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::rc::Rc;
    ///
    /// let runtime = chango_core::runtime::Runtime::new()?;
    /// let handle = runtime.spawn_local(|| async {
    ///     let here = Rc::new("from one thread");
    ///     chango_core::spawn::yield_now().await;
    ///     *here
    /// });
    /// assert_eq!(runtime.block_on(handle)?, "from one thread");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn spawn_local<M, F>(&self, make: M) -> JoinHandle<F::Output>
    where
        M: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        self.handle.spawn_local(make)
    }

    /// A handle for spawning and entering from elsewhere.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// let handle = runtime.handle();
    /// handle.spawn(async { println!("from the handle") }).detach();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Shuts down, and waits at most `limit` for the polls that are under way.
    ///
    /// False if a goroutine was still being polled then. Its worker ends after that poll, and
    /// drops what is left.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let runtime = chango_core::runtime::Runtime::new()?;
    /// runtime.spawn(std::future::pending::<()>());
    /// assert!(runtime.shutdown_timeout(Duration::from_secs(5)));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn shutdown_timeout(self, limit: Duration) -> bool {
        self.shut_down(Some(limit))
    }

    fn shut_down(&self, limit: Option<Duration>) -> bool {
        let shared = &self.handle.shared;
        if self.over.swap(true, Ordering::Relaxed) {
            return true;
        }
        shared.stop();
        if current::with_shared_worker(|worker| worker.is_some_and(|own| Arc::ptr_eq(own, shared)))
        {
            // A goroutine drops the runtime that it runs on: it cannot wait for itself to end.
            return false;
        }
        shared.join(limit)
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.shut_down(None);
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("shared", &self.handle.shared)
            .finish_non_exhaustive()
    }
}

/// A way to a runtime that does not own it: spawns on it, or enters it.
///
/// It may outlive the [`Runtime`]: what is spawned after its end is dropped at once, and its
/// `JoinHandle` says aborted.
///
/// # Examples
///
/// ```
/// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
/// let handle = runtime.handle();
/// drop(runtime);
/// let late = handle.spawn(async { 1 });
/// assert!(futures_lite::future::block_on(late).unwrap_err().is_aborted());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

impl Handle {
    /// Starts a goroutine on this runtime, from anywhere.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Runtime::new()?;
    /// let handle = runtime.handle();
    /// let joined = std::thread::spawn(move || handle.spawn(async { 1 })).join().unwrap();
    /// assert_eq!(runtime.block_on(joined)?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Shared::spawn(&self.shared, future, None, Location::caller(), false)
    }

    /// The same on behalf of the code at `spawned_at`.
    #[doc(hidden)]
    pub fn spawn_at<F>(
        &self,
        spawned_at: &'static Location<'static>,
        future: F,
    ) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Shared::spawn(&self.shared, future, None, spawned_at, false)
    }

    /// Starts a goroutine on this runtime whose future need not be `Send`, from anywhere; see
    /// [`spawn::spawn_local`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::rc::Rc;
    ///
    /// let runtime = chango_core::runtime::Runtime::new()?;
    /// let local = runtime.handle().spawn_local(|| async {
    ///     let one = Rc::new(1);
    ///     chango_core::spawn::yield_now().await;
    ///     *one
    /// });
    /// assert_eq!(runtime.block_on(local)?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn spawn_local<M, F>(&self, make: M) -> JoinHandle<F::Output>
    where
        M: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        Shared::spawn_local(&self.shared, make, None, Location::caller())
    }

    /// Makes this the runtime that `go!`, `sleep` and sockets use on this thread, until the guard
    /// is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Runtime::new()?;
    /// let handle = runtime.handle();
    /// let entered = handle.enter();
    /// let spawned = chango_core::spawn::spawn(async { "by a plain thread" });
    /// drop(entered);
    /// assert_eq!(runtime.block_on(spawned)?, "by a plain thread");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn enter(&self) -> EnterGuard<'_> {
        EnterGuard {
            number: current::enter(Arc::clone(&self.shared)),
            of: PhantomData,
        }
    }

    /// What all goroutines of this runtime do, and what those wait for that wait.
    ///
    /// Nothing is stopped for it, so it is no picture of one moment. What it says of a wait is what
    /// the goroutine knew when it began to: the number of senders, for example, may have changed. And
    /// where nothing is known, nothing is said: a future that is not of this runtime has no reason, and
    /// [`docs/observability.md`](https://github.com/chango-rs/chango/blob/main/docs/observability.md)
    /// says which waits have no place.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// runtime.spawn(std::future::pending::<()>());
    /// println!("{}", runtime.handle().dump());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn dump(&self) -> Dump {
        self.shared.dump()
    }

    /// How many workers run goroutines at the same time.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// assert_eq!(runtime.handle().max_procs(), 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn max_procs(&self) -> usize {
        self.shared.max_procs()
    }

    /// Sets how many workers run goroutines at the same time, while they do.
    ///
    /// Nobody is interrupted: with fewer workers than before, more goroutines run until the polls end
    /// that are under way. A default is not followed any more from here on.
    ///
    /// # Panics
    ///
    /// If `count` is zero or beyond 16384.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// let handle = runtime.handle();
    /// handle.set_max_procs(4);
    /// assert_eq!(handle.max_procs(), 4);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn set_max_procs(&self, count: usize) {
        builder::check_workers(count);
        Shared::set_max_procs(&self.shared, count);
    }

    /// What the runtime has counted so far, and how things stand at this moment.
    ///
    /// It stops nobody. Each number is as it was at some moment during the call, and is exact if nothing
    /// happens meanwhile. Take two and subtract for what happened between.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// runtime.run(async {});
    /// let metrics = runtime.handle().metrics();
    /// assert_eq!((metrics.spawned(), metrics.ended(), metrics.alive()), (1, 1, 0));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn metrics(&self) -> Metrics {
        self.shared.metrics()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("shared", &self.shared)
            .finish()
    }
}

/// While it lives, its thread is inside a runtime; see [`Handle::enter`].
///
/// # Examples
///
/// ```
/// use chango_core::runtime::{self, EnterGuard};
///
/// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
/// let handle = runtime.handle();
/// let entered: EnterGuard<'_> = handle.enter();
/// assert_eq!(runtime::max_procs(), 1);
/// drop(entered);
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "the runtime is left when the guard is dropped"]
pub struct EnterGuard<'a> {
    number: u64,
    /// Bound to its thread, so not `Send`.
    of: PhantomData<(&'a Handle, *const ())>,
}

impl Drop for EnterGuard<'_> {
    fn drop(&mut self) {
        current::leave(self.number);
    }
}

impl fmt::Debug for EnterGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnterGuard").finish_non_exhaustive()
    }
}

/// The runtime that `spawn` means here, for those who will spawn elsewhere.
///
/// # Panics
///
/// Outside every runtime; `what` needs one.
#[doc(hidden)]
pub fn current(what: &str) -> Handle {
    let shared = current::with_shared(|shared| shared.cloned());
    let shared = shared.unwrap_or_else(|| spawn::no_runtime(what));
    Handle { shared }
}

/// How many goroutines of the current runtime are alive: running, runnable or waiting.
///
/// # Panics
///
/// Outside every runtime.
///
/// # Examples
///
/// ```
/// use chango_core::{runtime, spawn};
///
/// let runtime = runtime::Runtime::new()?;
/// let count = runtime.run(async {
///     spawn::spawn(std::future::pending::<()>());
///     runtime::num_goroutines()
/// });
/// assert_eq!(count, 2);
/// # Ok::<(), std::io::Error>(())
/// ```
#[track_caller]
pub fn num_goroutines() -> usize {
    current::with_shared(|shared| shared.map(|shared| shared.goroutines()))
        .unwrap_or_else(|| spawn::no_runtime("runtime::num_goroutines"))
}

/// How many workers of the current runtime run goroutines at the same time.
///
/// # Panics
///
/// Outside every runtime.
///
/// # Examples
///
/// ```
/// use chango_core::runtime;
///
/// let runtime = runtime::Builder::new().workers(3).build()?;
/// assert_eq!(runtime.run(async { runtime::max_procs() }), 3);
/// # Ok::<(), std::io::Error>(())
/// ```
#[track_caller]
pub fn max_procs() -> usize {
    current::with_shared(|shared| shared.map(|shared| shared.max_procs()))
        .unwrap_or_else(|| spawn::no_runtime("runtime::max_procs"))
}

/// Sets how many workers of the current runtime run goroutines at the same time; see
/// [`Handle::set_max_procs`].
///
/// # Panics
///
/// Outside every runtime, and if `count` is zero or beyond 16384.
///
/// # Examples
///
/// ```
/// use chango_core::runtime;
///
/// let runtime = runtime::Builder::new().workers(3).build()?;
/// let procs = runtime.run(async {
///     runtime::set_max_procs(2);
///     runtime::max_procs()
/// });
/// assert_eq!(procs, 2);
/// # Ok::<(), std::io::Error>(())
/// ```
#[track_caller]
pub fn set_max_procs(count: usize) {
    builder::check_workers(count);
    current::with_shared(|shared| shared.map(|shared| Shared::set_max_procs(shared, count)))
        .unwrap_or_else(|| spawn::no_runtime("runtime::set_max_procs"));
}

/// How long the end of `run!` waits for goroutines that are in the middle of a poll.
const GRACE: Duration = Duration::from_secs(1);

/// A fresh runtime for one main goroutine: what `run!` and `#[chango::main]` do.
///
/// When the main goroutine has ended the runtime is shut down, as a Go program ends with `main`.
/// A goroutine that is then in a long poll (a blocking call, say) is waited for one second and
/// left to itself after that.
///
/// # Panics
///
/// With the panic of the future; if the runtime cannot be built; inside a goroutine.
///
/// # Examples
///
/// ```
/// use chango_core::runtime::{self, Builder};
///
/// assert_eq!(runtime::run_once(&Builder::new(), async { 1 + 1 }), 2);
/// ```
#[track_caller]
pub fn run_once<F>(builder: &Builder, future: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    /// Shuts down within the grace, also when the main goroutine's panic comes through here.
    struct Graceful(Option<Runtime>);
    impl Drop for Graceful {
        fn drop(&mut self) {
            if let Some(runtime) = self.0.take() {
                runtime.shutdown_timeout(GRACE);
            }
        }
    }

    refuse_in_goroutine("run!");
    let runtime = match builder.build() {
        Ok(runtime) => Graceful(Some(runtime)),
        Err(error) => panic!("chango's runtime cannot be started: {error}"),
    };
    match &runtime.0 {
        Some(runtime) => runtime.run(future),
        None => unreachable!("it is taken out by the drop only"),
    }
}

#[track_caller]
fn refuse_in_goroutine(what: &str) {
    assert!(
        !spawn::in_goroutine(),
        "{what} inside a goroutine would block its worker: await the future, or spawn it with go!"
    );
}
