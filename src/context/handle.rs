//! What ends a context, and what calls off that something comes after.
//!
//! What must hold: the last clone of a `Cancel` that is dropped cancels, unless one was detached; dropping a
//! `Stop` does nothing.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::ContextError;
use super::tree::{Ended, Scope, Ticket};

/// Ends a context; so does dropping the last clone of it. (Go: `CancelFunc` and `CancelCauseFunc`.)
///
/// # Examples
///
/// ```
/// use chango::context;
///
/// let (ctx, cancel) = context::with_cancel(&context::background());
/// let other = cancel.clone();
/// drop(cancel);
/// assert!(ctx.err().is_none());
/// drop(other);
/// assert!(ctx.err().is_some());
/// ```
#[must_use = "the context ends when its last `Cancel` is dropped"]
pub struct Cancel {
    scope: Arc<Scope>,
}

impl Cancel {
    /// The first handle of a scope.
    pub(super) fn new(scope: Arc<Scope>) -> Self {
        Self { scope }
    }

    /// Ends the context and all its children, as canceled. After the first time nothing happens.
    ///
    /// When it returns they have ended, unless another thread is just about to end them; whoever waits was
    /// woken, and has not yet gone on.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango::context::{self, ContextError};
    ///
    /// let (ctx, cancel) = context::with_cancel(&context::background());
    /// cancel.cancel();
    /// cancel.cancel();
    /// assert_eq!(ctx.err(), Some(ContextError::Canceled));
    /// ```
    pub fn cancel(&self) {
        self.scope.end(&Ended::plain(ContextError::Canceled));
    }

    /// The same, for a reason, which [`Context::cause`](super::Context::cause) gives. [`Context::err`](super::Context::err) is `Canceled` all the same.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io;
    ///
    /// use chango::context;
    ///
    /// let (ctx, cancel) = context::with_cancel(&context::background());
    /// cancel.cancel_with(io::Error::from(io::ErrorKind::BrokenPipe));
    /// let cause = ctx.cause().and_then(|cause| cause.downcast_ref::<io::Error>());
    /// assert_eq!(cause.unwrap().kind(), io::ErrorKind::BrokenPipe);
    /// ```
    pub fn cancel_with(&self, cause: impl Into<Box<dyn Error + Send + Sync>>) {
        self.scope.end(&Ended::because(cause.into()));
    }

    /// Gives the right to cancel up, this clone's: the context then ends at its deadline, with its parent,
    /// or by another clone of this.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango::context;
    ///
    /// let (parent, cancel) = context::with_cancel(&context::background());
    /// let (ctx, cancel_child) = context::with_cancel(&parent);
    /// cancel_child.detach();
    /// assert!(ctx.err().is_none());
    /// cancel.cancel();
    /// assert!(ctx.err().is_some());
    /// ```
    pub fn detach(self) {
        // One count more than there are clones, so that none is the last.
        self.scope.add_cancel();
    }
}

impl Clone for Cancel {
    fn clone(&self) -> Self {
        self.scope.add_cancel();
        Self {
            scope: Arc::clone(&self.scope),
        }
    }
}

impl Drop for Cancel {
    fn drop(&mut self) {
        if self.scope.remove_cancel() {
            self.cancel();
        }
    }
}

impl fmt::Debug for Cancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancel").finish_non_exhaustive()
    }
}

/// Calls off what [`after_func`](super::after_func) was given. Dropping it does not.
///
/// # Examples
///
/// ```
/// use chango::context;
/// use chango::prelude::*;
///
/// run! {
///     let (ctx, _cancel) = context::with_cancel(&context::background());
///     let stop = context::after_func(&ctx, async { unreachable!() });
///     assert!(stop.stop());
/// }
/// ```
#[derive(Debug)]
pub struct Stop(pub(super) Ticket);

impl Stop {
    /// Whether the future was dropped before it was started: it will not run. False if the context has
    /// ended, and its goroutine was started; it may not have run yet.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango::context;
    /// use chango::prelude::*;
    ///
    /// run! {
    ///     let (ctx, cancel) = context::with_cancel(&context::background());
    ///     let stop = context::after_func(&ctx, async {});
    ///     cancel.cancel();
    ///     assert!(!stop.stop());
    /// }
    /// ```
    pub fn stop(self) -> bool {
        self.0.take_back()
    }
}
