//! Libraries that are written for tokio, in goroutines. Feature `tokio-compat`.
//!
//! A future that opens a socket or sets a timer of tokio's panics where no tokio runtime is around it.
//! [`with_tokio`] gives it one, in any goroutine:
//!
//! ```
//! use chango::compat::with_tokio;
//! use chango::prelude::*;
//!
//! run! {
//!     let (tx, rx) = bounded(0);
//!     go! {
//!         let slow = async {
//!             tokio::time::sleep(Duration::from_millis(5)).await;
//!             "by tokio's clock"
//!         };
//!         tx <- with_tokio(slow).await;
//!     }
//!     assert_eq!(<-rx, Some("by tokio's clock"));
//! }
//! ```
//!
//! The goroutine stays a goroutine: it runs on chango's workers, its panic is its own, it may be aborted,
//! given a [`timeout`](crate::time::timeout), be an arm of a `select!`, and use channels and arrows inside.
//! A dump shows it as in `IO wait` at the line of `with_tokio`, or as what the future says of itself. What is
//! to be wrapped is a whole conversation: `with_tokio(async { client.get(url).send().await?.text().await })`.
//!
//! # Which tokio
//!
//! The one in whose context [`with_tokio`] is called, if there is one. So a nested one is in the runtime of
//! the outer one; and in a program under `#[tokio::main]`, `chango::go(with_tokio(future))` runs the future in a
//! goroutine, and its sockets in that program's runtime. [`on`] takes the runtime by its handle. (A runtime
//! with one thread only works while that thread is in its `block_on`.)
//!
//! Where there is none, it is one that the whole process shares, the one of [`handle`]. It is started by the
//! first call that needs it, and costs nothing before: no thread, no memory. Then it is one thread more,
//! `chango-tokio`, which sleeps while there is nothing to do. It has all drivers of tokio that the program's
//! features of `tokio` ask for, and it stays until the process ends, whichever runtimes of chango come and go.
//!
//! The future has that context in each poll, whichever worker polls, and when it is dropped. So
//! `tokio::spawn` and `spawn_blocking` in it go to that tokio: the tasks run on its thread, not on chango's
//! workers, so what computes or blocks belongs into a goroutine, or into `spawn_blocking`. They are not the
//! goroutine's: it may end before them, and they do not end with it. Their `JoinHandle` can be awaited anywhere,
//! as can all of `tokio::sync`; and channels of chango's can be used in them, `send` and `recv`.
//!
//! # What does not work
//!
//! * **What is made before.** `with_tokio(tokio::time::sleep(d))` panics: its argument is evaluated first, and
//!   that call needs the context already. `with_tokio(async { tokio::time::sleep(d).await })` has it. So does
//!   a client whose `send` sets a timer. What
//!   comes out of the future has no context either: what must be awaited or dropped in it is best kept inside.
//! * **`tokio::task::spawn_local`** panics, as it does everywhere outside a `LocalSet`. A `LocalSet` is not
//!   `Send`, so it needs a goroutine of [`spawn_local`](crate::task::spawn_local).
//! * **`tokio::task::block_in_place`** only calls its closure: no worker of tokio's is here to be replaced. The
//!   goroutine may block all the same, since [chango gives its worker another
//!   thread](crate::task::blocking). The same holds for `Handle::block_on`.
//! * **tokio's budget.** Where a tokio task is made to yield after so many operations that are ready, a
//!   goroutine is not, unless these operations are chango's. One that only finds things ready keeps its thread;
//!   after 10 ms another thread takes the worker's place, so no other goroutine waits for it.
//!   `tokio::task::yield_now` yields.
//! * **Deadlocks are told less often.** While one of these futures waits something can still wake somebody, so
//!   the runtime is not called dead. `run!` says nothing any more from the moment when tokio has its
//!   thread, as beside every thread of a program's own; `#[chango::test]` and `deadlock = "warn"` go on to
//!   report after a second of silence. Of what is awaited outside `with_tokio`, such as the handle of a task of tokio's,
//!   they know nothing: await it inside.
//!
//! # Streams
//!
//! [`Io`] makes chango's streams readable and writable for tokio's libraries, and tokio's for those that take
//! the traits of `futures`.

mod future;
mod io;
mod shared;

use std::panic::Location;

use ::tokio::runtime::Handle;

pub use self::future::WithTokio;
pub use self::io::Io;

/// Runs `future` in the context of a tokio runtime: the caller's, if there is one here, else one that the
/// process shares.
///
/// The [module](self) has the rules.
///
/// # Panics
///
/// If the system has no thread or poller for the first call.
///
/// # Examples
///
/// ```
/// use chango::compat::with_tokio;
/// use chango::prelude::*;
///
/// run! {
///     let product = with_tokio(async { tokio::spawn(async { 6 * 7 }).await });
///     assert_eq!(product.await.unwrap(), 42);
/// }
/// ```
#[track_caller]
pub fn with_tokio<F: IntoFuture>(future: F) -> WithTokio<F::IntoFuture> {
    let at = Location::caller();
    match Handle::try_current() {
        Ok(current) => WithTokio::new(current, future, at),
        Err(_) => WithTokio::new(handle().clone(), future, at),
    }
}

/// Runs `future` in the context of this tokio runtime; else as [`with_tokio`].
///
/// # Examples
///
/// ```
/// use chango::compat;
/// use chango::prelude::*;
///
/// let tokio = tokio::runtime::Runtime::new()?;
/// let handle = tokio.handle().clone();
/// run! {
///     let task = async { tokio::spawn(async { "a task of that runtime" }).await };
///     assert_eq!(compat::on(&handle, task).await.unwrap(), "a task of that runtime");
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
#[track_caller]
pub fn on<F: IntoFuture>(runtime: &Handle, future: F) -> WithTokio<F::IntoFuture> {
    WithTokio::new(runtime.clone(), future, Location::caller())
}

/// The tokio runtime that the process shares, which this starts if nobody has: to enter it where something is
/// made that needs its context, or to spawn a task there.
///
/// # Panics
///
/// If the system has no thread or poller for it.
///
/// # Examples
///
/// ```
/// use chango::compat;
///
/// let entered = compat::handle().enter();
/// let asleep = tokio::time::sleep(std::time::Duration::from_millis(1));
/// drop(entered);
/// chango::prelude::run! { compat::with_tokio(asleep).await };
/// ```
pub fn handle() -> &'static Handle {
    shared::handle()
}
