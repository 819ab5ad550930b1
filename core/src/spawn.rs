//! Starting goroutines and acting on the running one: what `chango::task` offers.
//!
//! What must hold: a spawn outside every runtime is a panic with a way out in its message, never a
//! goroutine that nobody runs; `exit` ends the goroutine when the current poll returns, whatever a
//! combinator around it made of the pending future.

use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::task::Poll;

use crate::coop;
use crate::sched::{Shared, current, handoff, locked};
use crate::task::{Header, JoinHandle, TaskId};

/// Starts a goroutine on the current runtime: what `go!` calls.
///
/// The handle gives the result; dropping it detaches the goroutine, which goes on by itself. A
/// panic ends that goroutine only: it is printed, and is what the handle gives.
///
/// # Panics
///
/// Outside every runtime.
///
/// # Examples
///
/// ```
/// use chango_core::{runtime::Runtime, spawn::spawn};
///
/// let answer = Runtime::new()?.run(async {
///     let handle = spawn(async { 6 * 7 });
///     handle.await
/// });
/// assert_eq!(answer?, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[track_caller]
pub fn spawn<F, T>(future: F) -> JoinHandle<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    spawn_named(future, None, Location::caller())
}

/// As [`spawn`], for those who start a goroutine on behalf of the code at `spawned_at`.
///
/// # Panics
///
/// Outside every runtime.
///
/// # Examples
///
/// ```
/// use std::panic::Location;
///
/// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
/// #[track_caller]
/// fn start() -> chango_core::task::JoinHandle<u32> {
///     chango_core::spawn::spawn_at(Location::caller(), async { 7 })
/// }
/// assert_eq!(runtime.run(async { start().await.unwrap() }), 7);
/// # Ok::<(), std::io::Error>(())
/// ```
#[track_caller]
pub fn spawn_at<F>(spawned_at: &'static Location<'static>, future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    spawn_named(future, None, spawned_at)
}

#[track_caller]
fn spawn_named<F>(
    future: F,
    name: Option<String>,
    spawned_at: &'static Location<'static>,
) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let spawned = current::with_shared(|shared| match shared {
        Some(shared) => Ok(Shared::spawn(shared, future, name, spawned_at, false)),
        // The future goes out of the closure before its destructor runs.
        None => Err(future),
    });
    spawned.unwrap_or_else(|_| no_runtime("a goroutine"))
}

/// Starts a goroutine whose future need not be `Send`: it is born locked to an OS thread. (Go: a goroutine of
/// which `runtime.LockOSThread` is the first statement.)
///
/// `make` is called on that thread and makes the future there. From then on nobody else runs there: `make` is
/// called, and the future is made, polled and dropped, on this one thread, whatever ends the goroutine: its
/// return, a panic of `make` or of the future, [`exit`], [`JoinHandle::abort`], or the end of the runtime. So
/// the future may keep an [`Rc`](std::rc::Rc), a thread-local's value or the guard of a lock across an
/// `.await`. `make` itself comes from here, so what it captures is `Send`; if the goroutine ends before `make`
/// was called, or the runtime has ended, it is dropped on any thread. The output is `Send`: it is joined like
/// every other goroutine's. All else is as for [`lock_os_thread`], what it costs included: use it for what
/// cannot travel, not for speed.
///
/// # Threads
///
/// The worker that comes to the goroutine first gives it its thread, and gets it back when the future is gone
/// (unless the goroutine has leaked a guard of [`lock_os_thread`]; then the thread ends). While the goroutine
/// waits its thread has no right to run, so others need another thread: each living local goroutine counts
/// in [`max_threads`](crate::runtime::Builder::max_threads). If the system or that limit allows no more, a line
/// on standard error says so once; nothing is lost, the goroutines that are ready wait for a thread that comes
/// back, and the runtime tries again and again to start one. Timers and sockets are seen to meanwhile.
///
/// # Shutdown
///
/// A runtime that ends waits for all polls that are under way, and then each local goroutine that is left is
/// dropped by its thread. If [`shutdown_timeout`](crate::runtime::Runtime::shutdown_timeout) gives up, because
/// some goroutine blocks its thread in a poll, they are dropped when that poll is over. Their threads keep
/// waiting for it, since no other thread may drop them: if the process ends first they are leaked, that is,
/// never dropped.
///
/// # Panics
///
/// Outside every runtime.
///
/// # Examples
///
/// ```
/// use std::cell::RefCell;
/// use std::rc::Rc;
///
/// use chango_core::{runtime::Runtime, spawn};
///
/// let seen = Runtime::new()?.run(async {
///     let local = spawn::spawn_local(|| async {
///         let seen = Rc::new(RefCell::new(Vec::new()));
///         for number in 1..=3 {
///             let other = spawn::spawn(async move { 10 * number });
///             // Across this await: in `spawn` it would not compile.
///             seen.borrow_mut().push(other.await.unwrap());
///         }
///         seen.take()
///     });
///     local.await
/// });
/// assert_eq!(seen?, [10, 20, 30]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[track_caller]
pub fn spawn_local<M, F>(make: M) -> JoinHandle<F::Output>
where
    M: FnOnce() -> F + Send + 'static,
    F: Future + 'static,
    F::Output: Send + 'static,
{
    spawn_local_named(make, None, Location::caller())
}

#[track_caller]
fn spawn_local_named<M, F>(
    make: M,
    name: Option<String>,
    spawned_at: &'static Location<'static>,
) -> JoinHandle<F::Output>
where
    M: FnOnce() -> F + Send + 'static,
    F: Future + 'static,
    F::Output: Send + 'static,
{
    let spawned = current::with_shared(|shared| match shared {
        Some(shared) => Ok(Shared::spawn_local(shared, make, name, spawned_at)),
        // As in `spawn_named`.
        None => Err(make),
    });
    spawned.unwrap_or_else(|_| no_runtime("a goroutine"))
}

/// Options for one goroutine.
///
/// # Examples
///
/// ```
/// use chango_core::{runtime::Runtime, spawn::Builder};
///
/// Runtime::new()?.run(async {
///     let reader = Builder::new().name("reader").spawn(async { 1 });
///     assert_eq!(reader.await.unwrap(), 1);
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Builder {
    name: Option<String>,
}

impl Builder {
    /// The defaults: no name.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// let one = runtime.run(async { chango_core::spawn::Builder::new().spawn(async { 1 }).await });
    /// assert_eq!(one.unwrap(), 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// The name that panic messages and dumps call the goroutine by.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// runtime.run(async {
    ///     let named = chango_core::spawn::Builder::new().name("parser");
    ///     named.spawn(async {}).await.unwrap();
    /// });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Starts the goroutine on the current runtime, as [`spawn`] does.
    ///
    /// # Panics
    ///
    /// Outside every runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// let two = runtime.run(async { chango_core::spawn::Builder::new().spawn(async { 2 }).await });
    /// assert_eq!(two.unwrap(), 2);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn spawn<F>(self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        spawn_named(future, self.name, Location::caller())
    }

    /// Starts the goroutine on the current runtime and on a thread of its own, as [`spawn_local`] does.
    ///
    /// # Panics
    ///
    /// Outside every runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::rc::Rc;
    ///
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// let two = runtime.run(async {
    ///     let named = chango_core::spawn::Builder::new().name("counter");
    ///     named.spawn_local(|| async {
    ///         let one = Rc::new(1);
    ///         chango_core::spawn::yield_now().await;
    ///         *one + 1
    ///     })
    ///     .await
    /// });
    /// assert_eq!(two.unwrap(), 2);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn spawn_local<M, F>(self, make: M) -> JoinHandle<F::Output>
    where
        M: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        spawn_local_named(make, self.name, Location::caller())
    }
}

/// Lets other goroutines of this worker run first. (Go: `runtime.Gosched`.)
///
/// Outside a goroutine it lets the executor poll others first. Dropped before it is done, it has
/// no effect.
///
/// # Examples
///
/// ```
/// chango_core::runtime::Runtime::new()?.run(async {
///     for _ in 0..3 {
///         chango_core::spawn::yield_now().await;
///     }
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
pub async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Ends the running goroutine here. (Go: `runtime.Goexit`.)
///
/// Its future is dropped when the current poll returns, so destructors run; its handle then gives
/// an error for which `is_exited` is true. That holds whatever a combinator around this call
/// returns in the same poll.
///
/// # Panics
///
/// Outside a goroutine.
///
/// # Examples
///
/// ```
/// use chango_core::{runtime::Runtime, spawn};
///
/// let result = Runtime::new()?.run(async { spawn::spawn(spawn::exit()).await });
/// assert!(result.unwrap_err().is_exited());
/// # Ok::<(), std::io::Error>(())
/// ```
pub async fn exit() -> ! {
    assert!(
        in_goroutine(),
        "exit ends a goroutine where it waits, and none waits here"
    );
    poll_fn(|_| {
        coop::request_exit();
        Poll::<std::convert::Infallible>::Pending
    })
    .await;
    unreachable!("a goroutine that exits is not polled again")
}

/// Runs `f`, which may block its thread, without keeping other goroutines waiting. (Go:
/// `entersyscall` and `exitsyscall`, which surround every call of Go's that may block.)
///
/// `f` runs here, at once, on this thread, so it may borrow; meanwhile another thread runs the other
/// goroutines. If there is something for it to do it is given the right to run at once, else when there
/// is. Threads are started as they are needed, up to [`max_threads`](crate::runtime::Builder::max_threads),
/// and end when they have been idle for ten seconds. A call while nothing else is to be done costs
/// some tens of nanoseconds.
///
/// Inside `f` no goroutine can be waited for by `.await`, so there are no preemption points, an
/// [`exit`] panics, and [`Runtime::block_on`](crate::runtime::Runtime::block_on) is allowed. An abort
/// takes effect after `f` has returned. Outside a goroutine, and inside another call of this, it only
/// runs `f`; a panic of `f` goes on in the caller.
///
/// # Examples
///
/// ```
/// use chango_core::{runtime::Builder, spawn};
///
/// let runtime = Builder::new().workers(1).build()?;
/// runtime.run(async {
///     let (tx, rx) = std::sync::mpsc::channel();
///     spawn::spawn(async move { tx.send("from another goroutine") });
///     // With one worker: without the hand-off nobody would ever send.
///     let received = spawn::blocking(|| rx.recv());
///     assert_eq!(received, Ok("from another goroutine"));
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn blocking<R>(f: impl FnOnce() -> R) -> R {
    handoff::blocking(f)
}

/// Locks the running goroutine to the OS thread on which it runs, until the guard is dropped. (Go:
/// `runtime.LockOSThread`.)
///
/// Until then it is polled by this thread only, and the thread runs no other goroutine: for libraries
/// that keep their state in thread-locals, or that want to be called from one thread. The other goroutines
/// of the worker go on elsewhere. Each time it is woken it is passed on from thread to thread, so it is
/// slower than others; goroutines that share much with others should not be locked.
///
/// Locks nest: the goroutine is unlocked when its last guard is dropped, wherever that happens. If it ends
/// with a guard that was leaked or given away, its thread ends too, as in Go. When the runtime ends, the future
/// of a goroutine that is still locked is dropped by its thread. One that is locked from its beginning need not
/// be `Send`: see [`spawn_local`].
///
/// # Panics
///
/// Outside a goroutine.
///
/// # Examples
///
/// ```
/// use chango_core::{runtime::Runtime, spawn};
///
/// Runtime::new()?.run(async {
///     let lock = spawn::lock_os_thread().await;
///     let thread = std::thread::current().id();
///     for _ in 0..10 {
///         spawn::yield_now().await;
///         assert_eq!(std::thread::current().id(), thread);
///     }
///     drop(lock);
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
pub async fn lock_os_thread() -> OsThreadLock {
    assert!(
        in_goroutine(),
        "lock_os_thread locks a goroutine to its thread, and none waits here"
    );
    let lock = locked::lock();
    OsThreadLock(lock.unwrap_or_else(|| unreachable!("a goroutine runs here")))
}

/// Keeps a goroutine on its OS thread until it is dropped; made by [`lock_os_thread`].
///
/// It may be given to another goroutine or thread, which then is who unlocks.
///
/// # Examples
///
/// ```
/// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
/// runtime.run(async {
///     let _lock = chango_core::spawn::lock_os_thread().await;
///     // From here to the end of the block on one thread.
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "the goroutine is unlocked when the guard is dropped"]
pub struct OsThreadLock(#[expect(dead_code, reason = "held for its drop")] locked::Lock);

impl fmt::Debug for OsThreadLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OsThreadLock").finish_non_exhaustive()
    }
}

/// The number of the running goroutine; none outside a goroutine.
///
/// # Examples
///
/// ```
/// use chango_core::{runtime::Runtime, spawn};
///
/// assert_eq!(spawn::id(), None);
/// assert!(Runtime::new()?.run(async { spawn::id() }).is_some());
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn id() -> Option<TaskId> {
    current::with_goroutine(|goroutine| goroutine.map(|header| header.meta.id))
}

/// Whether a goroutine runs on this thread, and could wait here. In [`blocking`] it could not.
///
/// # Examples
///
/// ```
/// assert!(!chango_core::spawn::in_goroutine());
/// ```
pub fn in_goroutine() -> bool {
    !current::is_blocking() && current::with_goroutine(|goroutine| goroutine.is_some())
}

/// Whether the main goroutine, the one of `run`, runs on this thread.
///
/// # Examples
///
/// ```
/// use chango_core::{runtime::Runtime, spawn};
///
/// assert!(Runtime::new()?.run(async { spawn::in_main_goroutine() }));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn in_main_goroutine() -> bool {
    current::with_goroutine(|goroutine| goroutine.is_some_and(Header::is_main))
}

/// The panic of everything that needs a runtime and finds none.
#[track_caller]
#[cold]
pub(crate) fn no_runtime(what: impl fmt::Display) -> ! {
    panic!(
        "{what} needs a runtime, and there is none here: call it inside run! (or #[chango::main]), \
         or enter a runtime with Handle::enter first"
    )
}
