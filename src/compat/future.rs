//! `WithTokio`: a future that has tokio's context around it.
//!
//! What must hold: whenever code of the future runs, its polls and its destructor, the context is entered, and
//! when that returns or unwinds it is left again; and while the future waits the runtime of chango in which it
//! does so is not called dead.

use std::fmt;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::tokio::runtime::{EnterGuard, Handle};
use chango_core::coop;
use chango_core::note::{self, At, Position, Reason};
use chango_core::outside::Awaited;

/// The future of [`with_tokio`](super::with_tokio) and [`on`](super::on).
///
/// # Examples
///
/// ```
/// use chango::compat::{WithTokio, with_tokio};
/// use chango::prelude::*;
/// use tokio::sync::oneshot;
///
/// let (tx, rx) = oneshot::channel();
/// let answer: WithTokio<oneshot::Receiver<i32>> = with_tokio(rx);
/// run! {
///     go! { tx.send(42) };
///     assert_eq!(answer.await, Ok(42));
/// }
/// ```
#[must_use = "a future does nothing unless it is awaited"]
pub struct WithTokio<F> {
    /// Dropped by `Drop`, in the context; pinned with the whole.
    future: ManuallyDrop<F>,
    runtime: Handle,
    /// While it waits.
    awaited: Option<Awaited>,
    at: Position,
}

impl<F> WithTokio<F> {
    pub(super) fn new(
        runtime: Handle,
        future: impl IntoFuture<IntoFuture = F>,
        at: Position,
    ) -> Self {
        let future = {
            let _entered = runtime.enter();
            future.into_future()
        };
        Self {
            future: ManuallyDrop::new(future),
            runtime,
            awaited: None,
            at,
        }
    }
}

impl<F: Future> Future for WithTokio<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // Else a loop over one that is always ready would keep its worker.
        ready!(coop::poll_proceed(cx));
        // SAFETY: `future` is pinned with the whole: it is not moved here, and `Drop` drops it in its place.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: as above.
        let future = unsafe { Pin::new_unchecked(&mut *this.future) };
        let polled = {
            let _entered = this.runtime.enter();
            future.poll(cx)
        };
        if polled.is_ready() {
            this.awaited = None;
            return polled;
        }
        if !this.awaited.as_ref().is_some_and(Awaited::is_here) {
            this.awaited = Awaited::here();
        }
        note::waits_otherwise(Reason::IoWait, At::Here(this.at));
        polled
    }
}

impl<F> Drop for WithTokio<F> {
    fn drop(&mut self) {
        let _entered = enter_if_possible(&self.runtime);
        // SAFETY: it is not used again: this is the only place that drops it, in the destructor of the whole.
        unsafe { ManuallyDrop::drop(&mut self.future) };
    }
}

/// Enters, unless this thread is dropping its thread-locals: then tokio has no context any more.
fn enter_if_possible(runtime: &Handle) -> Option<EnterGuard<'_>> {
    let current = Handle::try_current();
    let is_too_late = current.is_err_and(|error| error.is_thread_local_destroyed());
    (!is_too_late).then(|| runtime.enter())
}

impl<F> fmt::Debug for WithTokio<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WithTokio")
            .field("at", &format_args!("{}", self.at))
            .finish_non_exhaustive()
    }
}
