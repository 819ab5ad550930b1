//! Goroutines, typed channels and `select!` for Rust, on a work-stealing runtime.
//!
//! ```
//! use chango::prelude::*;
//!
//! fn main() {
//!     run! {
//!         let (tx, rx) = bounded::<i32>(10);
//!         go! {
//!             for i in 0..5 { tx <- i; }
//!         }
//!         for v in <-rx { println!("received: {v}"); }
//!     }
//! }
//! ```
//!
//! `run!` starts a runtime and its body is the main goroutine. `go!` starts another one, which owns
//! `tx`; when it ends, `tx` is dropped, and that closes the channel and ends the loop.
//!
//! # A tour
//!
//! **Block macros.** Inside [`go!`], [`co!`] and [`run!`] the two channel operators work: `tx <- v`
//! sends, `<-rx` receives. Everything else is plain Rust, and the bodies compile to async state
//! machines: a goroutine is one small allocation, not a stack.
//!
//! **Channels.** [`chan::bounded`] (with capacity 0 a rendezvous, as in Go) and
//! [`chan::unbounded`]; many senders, many receivers, closed when either end is gone. A dropped
//! receive, send or select loses no message.
//!
//! **Select.** [`select!`] waits on receives, sends and any future at once, picks among the ready
//! ones at random, and exactly one of them happens.
//!
//! ```
//! use chango::prelude::*;
//!
//! # fn main() {
//! run! {
//!     let (tx, rx) = bounded::<&str>(0);
//!     go! {
//!         sleep(Duration::from_millis(1)).await;
//!         tx <- "in time";
//!     }
//!     let got = select! {
//!         v = <-rx => v,
//!         <-after(Duration::from_secs(60)) => None,
//!     };
//!     assert_eq!(got, Some("in time"));
//! }
//! # }
//! ```
//!
//! **Functions** that use the operators are `async fn`s with a `co!` block:
//!
//! ```
//! use chango::prelude::*;
//!
//! async fn double(numbers: Receiver<u64>, doubled: Sender<u64>) {
//!     co! {
//!         for n in <-numbers { doubled <- 2 * n; }
//!     }
//! }
//!
//! #[chango::main]
//! async fn main() {
//!     let (tx, numbers) = bounded(8);
//!     let (doubled, rx) = bounded(8);
//!     go!(double(numbers, doubled));
//!     co! {
//!         tx <- 21;
//!         assert_eq!(<-rx, Some(42));
//!     }
//! }
//! ```
//!
//! # What a Go programmer should know
//!
//! | Go | chango |
//! |---|---|
//! | `go f(x)` | `go!(f(x))`, or `go! { … }`, which gives a [`task::JoinHandle`] |
//! | `make(chan T)`, `make(chan T, n)` | `bounded::<T>(0)`, `bounded::<T>(n)` |
//! | `ch <- v`, `v, ok := <-ch` | `tx <- v`, `<-rx`, which is an `Option` |
//! | `for v := range ch` | `for v in <-rx { … }` |
//! | `close(ch)` | the last `Sender` is dropped, or `tx.close()` |
//! | `select { case … default … }` | `select! { … default => … }` |
//! | `reflect.Select` over receives | [`chan::recv_any`] |
//! | `time.After`, `time.NewTicker` | `after(d)`, `tick(d)` |
//! | `sync.WaitGroup` | [`sync::WaitGroup`] |
//! | `context.WithCancel`, `<-ctx.Done()` | [`context::with_cancel`], `<-ctx.done()` or `<-ctx` |
//! | `sync.Mutex`, `sync.RWMutex` | [`sync::Mutex`], [`sync::RwLock`], with the value inside |
//! | `sync.Once`, `sync.Cond` | [`sync::Once`], [`sync::Cond`] |
//! | `semaphore.NewWeighted(n)` | [`sync::Semaphore`] |
//! | `net/http` | hyper, with the feature `hyper` |
//! | `signal.Notify(ch, …)` | `signal::notify(&[…])` |
//! | `runtime.Gosched`, `runtime.Goexit` | [`task::yield_now`], [`task::exit`] |
//!
//! A send on a channel that nobody will ever receive from ends its goroutine quietly: the leaked
//! producer of Go programs does not exist here.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub use chango_core::{net, runtime};

/// Channels: made by [`bounded`](chan::bounded) and [`unbounded`](chan::unbounded), and one to which
/// nothing ever comes by [`never`](chan::never).
pub mod chan {
    pub use chango_chan::{
        Receive, Receiver, RecvFuture, RecvTimeoutError, SendError, SendFuture, SendTimeoutError,
        SendTo, Sender, TryRecvError, TrySendError, WeakReceiver, WeakSender, bounded, never,
        recv_any, unbounded,
    };

    // The futures of arrows, which the compiler names where one is not `Send`.
    #[doc(hidden)]
    pub use chango_chan::ops::{EachWait, ReceiveWait, SendStatement};

    // The compiler's messages about operands name these; in short, since they are found here.
    #[doc(hidden)]
    pub use crate::__private::{
        FutureOperand, OwnedReceiveOperand, OwnedSomeReceiveOperand, ReceiveOperand, SendOperand,
        SomeFutureOperand, SomeReceiveOperand,
    };
}

/// What goroutines wait for each other with, besides channels.
pub mod sync {
    pub use chango_chan::sync::{
        Barrier, BarrierWaitResult, Cond, Mutex, MutexGuard, Once, OwnedMutexGuard,
        OwnedSemaphorePermit, RwLock, RwLockReadGuard, RwLockWriteGuard, Semaphore,
        SemaphorePermit, WaitGroup,
    };
}

/// Goroutines: started, named, joined, stopped.
pub mod task {
    pub use chango_core::spawn::{
        Builder, OsThreadLock, blocking, exit, id, lock_os_thread, spawn, spawn_local, yield_now,
    };
    pub use chango_core::task::{JoinError, JoinHandle, TaskId};

    #[doc(hidden)]
    pub use crate::__private::{MainResult, run_main_goroutine, start_main_goroutine};
}

/// Sleeping, timers, tickers and timeouts.
pub mod time {
    pub use chango_core::time::{
        Elapsed, Sleep, Ticker, Timeout, Timer, after, now, sleep, sleep_until, tick, timeout,
    };
    pub use std::time::{Duration, Instant};
}

pub mod context;

#[cfg(feature = "tokio-compat")]
#[cfg_attr(docsrs, doc(cfg(feature = "tokio-compat")))]
pub mod compat;
#[cfg(feature = "hyper")]
#[cfg_attr(docsrs, doc(cfg(feature = "hyper")))]
pub mod hyper;

#[cfg(unix)]
pub mod signal;

pub mod prelude;

#[macro_use]
mod macros;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use self::macros::{main, test};

// The programs of these pages run with the other documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/blocking.md")]
struct Blocking;

#[cfg(doctest)]
#[doc = include_str!("../docs/channels.md")]
struct Channels;

#[cfg(doctest)]
#[doc = include_str!("../docs/observability.md")]
struct Observability;

#[cfg(all(doctest, feature = "tokio-compat"))]
#[doc = include_str!("../docs/tokio.md")]
struct Tokio;

use task::JoinHandle;

/// Starts a goroutine from a future: [`go!`] without a macro, and [`task::spawn`] by its short name.
///
/// # Panics
///
/// Outside every runtime. A panic in the goroutine is what its handle gives.
///
/// # Examples
///
/// ```
/// use chango::prelude::*;
///
/// run! {
///     let handle = chango::go(async { 6 * 7 });
///     assert_eq!(handle.await.unwrap(), 42);
/// }
/// ```
#[track_caller]
pub fn go<F, T>(future: F) -> JoinHandle<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    task::spawn(future)
}
