//! What is to be done once. (Go: `sync.Once`.)
//!
//! What must hold: one at a time runs it, by the one permit; it is done when it returned or panicked, and
//! whoever sees that sees what it did.

use std::fmt;
use std::future::{Future, poll_fn};
use std::mem;
use std::panic::Location;
use std::pin::pin;
use std::task::Poll;

use chango_core::coop;
use chango_core::note::{Position, Reason};

use super::line::Ask;
use super::sema::{Acquire, Home, Sema};
use crate::blocking::block_on;
use crate::primitive::atomic::{AtomicBool, Ordering};
use crate::primitive::const_fn;

/// Something that is done exactly once, whoever comes first. (Go: `sync.Once`.)
///
/// All others wait until it is done. If it panics it is done, as in Go: the panic is the first caller's,
/// and nobody tries again. If the call that runs it is dropped half-way (its goroutine was aborted, a
/// `timeout` ended it), it is not done: the next caller runs its own, from the beginning.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// use chango_chan::sync::{Once, WaitGroup};
///
/// chango_core::runtime::Runtime::new()?.run(async {
///     let (once, ran) = (Arc::new(Once::new()), Arc::new(AtomicUsize::new(0)));
///     let group = WaitGroup::new();
///     for _ in 0..10 {
///         let (once, ran) = (Arc::clone(&once), Arc::clone(&ran));
///         group.go(async move {
///             once.call_once(async || {
///                 chango_core::spawn::yield_now().await;
///                 ran.fetch_add(1, Ordering::Relaxed);
///             })
///             .await;
///             assert_eq!(ran.load(Ordering::Relaxed), 1);
///         });
///     }
///     group.wait().await;
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Once {
    done: AtomicBool,
    sema: Sema,
}

impl Once {
    const_fn! {
        /// Nothing is done yet. It may be a `static`.
        ///
        /// # Examples
        ///
        /// ```
        /// use chango_chan::sync::Once;
        ///
        /// static GREETING: Once = Once::new();
        /// assert!(!GREETING.is_completed());
        /// GREETING.call_once_blocking(|| println!("hello"));
        /// assert!(GREETING.is_completed());
        /// ```
        pub fn new() -> Self {
            Self {
                done: AtomicBool::new(false),
                sema: Sema::new(1),
            }
        }
    }

    /// Whether it is done.
    ///
    /// # Examples
    ///
    /// ```
    /// let once = chango_chan::sync::Once::new();
    /// once.call_once_blocking(|| {});
    /// assert!(once.is_completed());
    /// ```
    pub fn is_completed(&self) -> bool {
        // Acquire: what was done is seen; pairs with the drop of `Ran`.
        self.done.load(Ordering::Acquire)
    }

    /// Runs `f` if nobody has done so, and returns when it is done.
    ///
    /// The future may be dropped at any time: one that waits leaves the queue, and of one that runs `f` the
    /// next caller takes over.
    ///
    /// An `f` that calls the same `Once` waits for itself, as in Go.
    ///
    /// # Panics
    ///
    /// If `f` does. It then counts as done.
    ///
    /// # Examples
    ///
    /// ```
    /// let once = chango_chan::sync::Once::new();
    /// futures_lite::future::block_on(async {
    ///     let mut ran = 0;
    ///     once.call_once(async || ran += 1).await;
    ///     once.call_once(async || unreachable!("it is done")).await;
    ///     assert_eq!(ran, 1);
    /// });
    /// ```
    #[track_caller]
    pub fn call_once<F, R>(&self, f: F) -> impl Future<Output = ()>
    where
        F: FnOnce() -> R,
        R: Future<Output = ()>,
    {
        self.call_from(f, Location::caller())
    }

    async fn call_from<F, R>(&self, f: F, at: Position)
    where
        F: FnOnce() -> R,
        R: Future<Output = ()>,
    {
        if self.is_completed() {
            return poll_fn(coop::poll_proceed).await;
        }
        let _permit = Acquire::begun_at(self, at).await;
        if self.is_completed() {
            return;
        }
        let mut running = pin!(self.finish(|| Some(f())).expect("it was called"));
        poll_fn(|cx| {
            self.finish(|| match running.as_mut().poll(cx) {
                Poll::Ready(()) => None,
                Poll::Pending => Some(()),
            })
            .map_or(Poll::Ready(()), |()| Poll::Pending)
        })
        .await;
    }

    /// Runs a part of it. Where that is the last part, which gives nothing more, or panics, it is done.
    fn finish<T>(&self, part: impl FnOnce() -> Option<T>) -> Option<T> {
        let ran = Ran(self);
        let more = part()?;
        mem::forget(ran);
        Some(more)
    }

    /// [`call_once`](Once::call_once) from a plain thread, which blocks while another one runs its `f`; in a
    /// goroutine another thread runs the other goroutines of the worker meanwhile.
    ///
    /// # Panics
    ///
    /// If `f` does. It then counts as done.
    ///
    /// # Examples
    ///
    /// ```
    /// let once = chango_chan::sync::Once::new();
    /// let mut ran = 0;
    /// once.call_once_blocking(|| ran += 1);
    /// once.call_once_blocking(|| unreachable!("it is done"));
    /// assert_eq!(ran, 1);
    /// ```
    #[track_caller]
    pub fn call_once_blocking(&self, f: impl FnOnce()) {
        block_on(self.call_once(async || f()));
    }
}

/// It is done when this goes.
struct Ran<'a>(&'a Once);

impl Drop for Ran<'_> {
    fn drop(&mut self) {
        // Release: pairs with `is_completed`.
        self.0.done.store(true, Ordering::Release);
        self.0.sema.open();
    }
}

impl<'a> Home for &'a Once {
    type Guard = Permit<'a>;

    const REASON: Reason = Reason::OnceCall;

    fn sema(&self) -> &Sema {
        &self.sema
    }

    fn ask(&self) -> Ask {
        Ask::ONE
    }

    fn guard(&self) -> Permit<'a> {
        Permit(self)
    }
}

/// The right to run it.
pub(super) struct Permit<'a>(&'a Once);

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.sema.release(1, false);
    }
}

impl Default for Once {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once")
            .field("completed", &self.is_completed())
            .finish_non_exhaustive()
    }
}
