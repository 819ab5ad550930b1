//! The end of what belongs together: cancellation, deadlines, and values. (Go: `context`.)
//!
//! A [`Context`] is handed to everything that is done for one request, one connection, one program. When it
//! ends, by a [`Cancel`], by its deadline or with its parent, all of that can see it: `<-ctx` is a receive,
//! so the end is one more arm of a `select!`, beside channels and sockets.
//!
//! ```
//! use chango::context::{self, Context, ContextError};
//! use chango::prelude::*;
//!
//! async fn count(ctx: Context, numbers: Sender<u64>) {
//!     co! {
//!         for n in 0.. {
//!             select! {
//!                 <-ctx => return,
//!                 numbers <- n => {}
//!             }
//!         }
//!     }
//! }
//!
//! # fn main() {
//! run! {
//!     let (ctx, cancel) = context::with_cancel(&context::background());
//!     let (tx, rx) = bounded(0);
//!     let counting = go!(count(ctx.clone(), tx));
//!     assert_eq!((<-rx, <-rx), (Some(0), Some(1)));
//!     cancel.cancel();
//!     (<-counting).unwrap();
//!     assert_eq!(ctx.err(), Some(ContextError::Canceled));
//! }
//! # }
//! ```
//!
//! # Parents and children
//!
//! [`with_cancel`], [`with_timeout`] and [`with_deadline`] make a child of a context. With a parent its
//! children end, and theirs; a child that ends does nothing to its parent. Once a context has ended it stays
//! so, with the error and the cause that it ended with first.
//!
//! # Cancelling is what happens by itself
//!
//! In Go one writes `defer cancel()`, and `go vet` insists. Here **dropping the last clone of a [`Cancel`]
//! cancels**, so that what is left running for a function that has returned, by `return`, `?` or a panic, is
//! told to stop, and nothing is left of the child in its parent. Three consequences:
//!
//! * keep the handle: `let (ctx, _cancel) = …`. With `let (ctx, _) = …`, or `with_cancel(&parent).0`, it is
//!   dropped at once, and the context has ended before it was used;
//! * hand the handle out together with the context where that outlives the function;
//! * [`Cancel::detach`] where nobody is to cancel: the context then ends at its deadline or with its parent.
//!
//! # What to write into a function
//!
//! * A goroutine that loops: an arm `<-ctx => return` (or `<-ctx.done()`, which is the same).
//! * One future that is to be given up: `ctx.run(future).await?`, a `Result<T, ContextError>`.
//! * A computation that waits for nothing: `if let Some(error) = ctx.err() { return Err(error) }`, one load.
//! * A plain thread: [`Context::done_blocking`].
//!
//! # Costs
//!
//! In bytes, on 64-bit machines: a [`Context`] is 24 and its clone two counts; a child is an allocation of 176,
//! and a place of 16 in its parent; a deadline is 104 more, and one timer, which is no goroutine and no thread,
//! and is gone as soon as the context has ended. Whoever waits allocates nothing. A parent keeps nothing of
//! a child that has ended or that nobody has any more. An end takes time linear in those who end and who wait,
//! holds no lock while it wakes, and neither it nor the drop of a context uses stack by the depth of the tree.
//!
//! # From Go to chango
//!
//! | Go | chango |
//! |---|---|
//! | `context.Background()`, `context.TODO()` | [`background()`] |
//! | `context.WithCancel(ctx)`, `WithCancelCause(ctx)` | [`with_cancel(&ctx)`](with_cancel): one handle for both |
//! | `context.WithTimeout(ctx, d)`, `WithDeadline(ctx, t)` | [`with_timeout(&ctx, d)`](with_timeout), [`with_deadline(&ctx, t)`](with_deadline) |
//! | `cancel()`, `cancel(err)` | [`cancel.cancel()`](Cancel::cancel), [`cancel.cancel_with(err)`](Cancel::cancel_with) |
//! | `defer cancel()` | the drop of the handle |
//! | `<-ctx.Done()` | `<-ctx.done()`, `<-ctx`, or `ctx.done().await` |
//! | `ctx.Err()`, `context.Cause(ctx)` | [`ctx.err()`](Context::err), [`ctx.cause()`](Context::cause) |
//! | `ctx.Deadline()` | [`ctx.deadline()`](Context::deadline) |
//! | `context.WithValue(ctx, key, v)`, `ctx.Value(key)` | [`with_value(&ctx, v)`](with_value), [`ctx.value::<T>()`](Context::value): the type is the key |
//! | `context.WithoutCancel(ctx)` | [`without_cancel(&ctx)`](without_cancel) |
//! | `stop := context.AfterFunc(ctx, f)` | [`after_func(&ctx, future)`](after_func) |

mod error;
mod handle;
mod tree;
mod value;

#[cfg(test)]
mod tests;

use std::error::Error;
use std::fmt;
use std::future::{Future, IntoFuture, poll_fn};
use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use chango_chan::latch::{Latch, LatchWait};
use chango_core::{note, time};

pub use self::error::ContextError;
pub use self::handle::{Cancel, Stop};
use self::tree::{Call, Ended, Scope, Ticket};
use self::value::{Value, Values};

/// What ends together; and values that belong to it. (Go: `context.Context`.)
///
/// Clones are the same context. It can be used from any thread and on any executor; only
/// [`with_timeout`], [`with_deadline`] and [`after_func`] need a runtime where they are called.
///
/// `<-ctx` and `<-ctx.done()` wait for its end.
///
/// # Examples
///
/// ```
/// use chango::context;
/// use chango::prelude::*;
///
/// run! {
///     let (ctx, _cancel) = context::with_timeout(&context::background(), Duration::from_millis(5));
///     let (_tx, rx) = bounded::<i32>(0);
///     select! {
///         value = <-rx => panic!("nobody sends, and yet {value:?}"),
///         <-ctx => {}
///     }
///     assert_eq!(ctx.err().unwrap().to_string(), "context deadline exceeded");
/// }
/// ```
#[derive(Clone, Default)]
pub struct Context {
    /// The nearest one up the tree that can end; none if none can.
    scope: Option<Arc<Scope>>,
    values: Values,
}

/// The root of all contexts: it never ends, has no deadline and no values. (Go: `context.Background`.)
///
/// # Examples
///
/// ```
/// let ctx = chango::context::background();
/// assert!(ctx.err().is_none() && ctx.deadline().is_none());
/// ```
#[must_use]
pub fn background() -> Context {
    Context::default()
}

/// A child that ends when its [`Cancel`] is called or dropped, or with its parent. (Go:
/// `context.WithCancel`, and `WithCancelCause`.)
///
/// Keep the handle: see [Cancelling](self#cancelling-is-what-happens-by-itself).
///
/// # Examples
///
/// ```
/// use chango::context::{self, ContextError};
///
/// let (parent, _cancel_parent) = context::with_cancel(&context::background());
/// let (child, cancel) = context::with_cancel(&parent);
/// cancel.cancel();
/// assert_eq!(child.err(), Some(ContextError::Canceled));
/// assert_eq!(parent.err(), None);
/// ```
#[must_use = "the context ends at once when its `Cancel` is dropped"]
pub fn with_cancel(parent: &Context) -> (Context, Cancel) {
    let deadline = parent.deadline();
    parent.child(Scope::new(deadline, false))
}

/// A child that also ends when `duration` has passed. (Go: `context.WithTimeout`.)
///
/// A duration that is too long to be added to the present is no deadline.
///
/// # Panics
///
/// As [`with_deadline`].
///
/// # Examples
///
/// ```
/// use chango::context::{self, ContextError};
/// use chango::prelude::*;
///
/// run! {
///     let (ctx, _cancel) = context::with_timeout(&context::background(), Duration::from_millis(1));
///     <-ctx.done();
///     assert_eq!(ctx.err(), Some(ContextError::DeadlineExceeded));
/// }
/// ```
#[must_use = "the context ends at once when its `Cancel` is dropped"]
#[track_caller]
pub fn with_timeout(parent: &Context, duration: Duration) -> (Context, Cancel) {
    match time::now().checked_add(duration) {
        Some(deadline) => with_deadline(parent, deadline),
        None => with_cancel(parent),
    }
}

/// A child that also ends at `deadline`. (Go: `context.WithDeadline`.)
///
/// Its timer belongs to the runtime in which this is called; the end of that runtime cancels what still waits
/// for its deadline, since nothing else would end it. The parent's deadline, if it is earlier, stays the
/// deadline.
///
/// # Panics
///
/// Outside every runtime, if a timer has to be set: the deadline is to come, and before the parent's.
///
/// # Examples
///
/// ```
/// use chango::context;
/// use chango::prelude::*;
///
/// run! {
///     let soon = Instant::now() + Duration::from_secs(60);
///     let (parent, _cancel) = context::with_deadline(&context::background(), soon);
///     let later = soon + Duration::from_secs(60);
///     let (child, _cancel_child) = context::with_deadline(&parent, later);
///     assert_eq!(child.deadline(), Some(soon));
/// }
/// ```
#[must_use = "the context ends at once when its `Cancel` is dropped"]
#[track_caller]
pub fn with_deadline(parent: &Context, deadline: Instant) -> (Context, Cancel) {
    if parent.deadline().is_some_and(|earlier| earlier <= deadline) {
        return with_cancel(parent);
    }
    let is_over = deadline <= time::now();
    let (child, cancel) = parent.child(Scope::new(Some(deadline), !is_over));
    match &child.scope {
        Some(scope) if is_over => scope.end(&Ended::plain(ContextError::DeadlineExceeded)),
        Some(scope) => scope.start_timer(deadline),
        None => unreachable!("a child has a scope"),
    }
    (child, cancel)
}

/// The same context with a value, which is found by its type. (Go: `context.WithValue`.)
///
/// A value of the same type further up is hidden, not changed. As in Go, these are for what crosses
/// every function of a request, such as its number or who asked, and not for their arguments. A type of
/// one's own, such as `struct RequestId(u64)`, is a key that nobody else uses.
///
/// # Examples
///
/// ```
/// use chango::context;
///
/// struct RequestId(u64);
///
/// let ctx = context::with_value(&context::background(), RequestId(7));
/// assert_eq!(ctx.value::<RequestId>().map(|id| id.0), Some(7));
/// assert!(ctx.value::<String>().is_none());
/// ```
#[must_use]
pub fn with_value<T: Send + Sync + 'static>(parent: &Context, value: T) -> Context {
    Context {
        scope: parent.scope.clone(),
        values: Value::before(&parent.values, value),
    }
}

/// A context with the values of `parent`, which does not end with it and has no deadline. (Go:
/// `context.WithoutCancel`.)
///
/// # Examples
///
/// ```
/// use chango::context;
///
/// let (parent, cancel) = context::with_cancel(&context::with_value(&context::background(), 7_u32));
/// let tidy_up = context::without_cancel(&parent);
/// cancel.cancel();
/// assert_eq!((tidy_up.err(), tidy_up.value::<u32>()), (None, Some(&7)));
/// ```
#[must_use]
pub fn without_cancel(parent: &Context) -> Context {
    Context {
        scope: None,
        values: parent.values.clone(),
    }
}

/// Runs `future` in a goroutine of its own once `ctx` has ended; at once if it has already. (Go:
/// `context.AfterFunc`.)
///
/// Until then there is no goroutine, and the future is not polled. Dropping the [`Stop`] changes nothing;
/// [`Stop::stop`] calls it off. It runs also if nobody has `ctx` any more when it ends, and on the runtime in
/// which this was called. A context that never ends never runs it, nor drops it.
///
/// # Panics
///
/// Outside every runtime.
///
/// # Examples
///
/// ```
/// use chango::context;
/// use chango::prelude::*;
///
/// run! {
///     let (ctx, cancel) = context::with_cancel(&context::background());
///     let (tx, rx) = bounded(1);
///     context::after_func(&ctx, async move { co! { tx <- "tidied up"; } });
///     cancel.cancel();
///     assert_eq!(<-rx, Some("tidied up"));
/// }
/// ```
#[track_caller]
pub fn after_func<F>(ctx: &Context, future: F) -> Stop
where
    F: Future<Output = ()> + Send + 'static,
{
    let call = Call::new(Box::pin(future), Location::caller());
    Stop(match &ctx.scope {
        Some(scope) => scope.after(call),
        None => Ticket::never(),
    })
}

impl Context {
    fn child(&self, scope: Scope) -> (Self, Cancel) {
        let scope = Arc::new(scope);
        if let Some(parent) = &self.scope {
            parent.adopt(&scope);
        }
        let child = Self {
            scope: Some(Arc::clone(&scope)),
            values: self.values.clone(),
        };
        (child, Cancel::new(scope))
    }

    fn latch(&self) -> Option<&Latch> {
        self.scope.as_deref().map(Scope::latch)
    }

    fn ended(&self) -> Option<&Ended> {
        self.scope.as_deref().and_then(Scope::ended)
    }

    /// What stands behind `<-` to wait for the end; it can also be awaited. (Go: `ctx.Done()`.)
    ///
    /// # Examples
    ///
    /// ```
    /// use chango::context;
    /// use chango::prelude::*;
    ///
    /// run! {
    ///     let (ctx, cancel) = context::with_cancel(&context::background());
    ///     let waiting = go! { <-ctx.done(); };
    ///     cancel.cancel();
    ///     (<-waiting).unwrap();
    /// }
    /// ```
    pub fn done(&self) -> Done<'_> {
        Done(self.latch())
    }

    /// Blocks this thread until the context has ended: for plain threads. In a goroutine another thread
    /// runs the worker's other goroutines meanwhile.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango::context;
    ///
    /// let (ctx, cancel) = context::with_cancel(&context::background());
    /// let thread = std::thread::spawn(move || ctx.done_blocking());
    /// cancel.cancel();
    /// thread.join().unwrap();
    /// ```
    #[track_caller]
    pub fn done_blocking(&self) {
        match self.latch() {
            Some(latch) => latch.wait_blocking(),
            // Nothing comes of it, but it is said in the same way where one waits.
            None => chango_chan::never::<()>().recv_blocking().unwrap_or(()),
        }
    }

    /// Why the context has ended; none while it has not. Whoever sees an error finds `done` ready. (Go:
    /// `ctx.Err()`.)
    ///
    /// # Examples
    ///
    /// ```
    /// use chango::context::{self, ContextError};
    ///
    /// let (ctx, cancel) = context::with_cancel(&context::background());
    /// assert_eq!(ctx.err(), None);
    /// drop(cancel);
    /// assert_eq!(ctx.err(), Some(ContextError::Canceled));
    /// ```
    pub fn err(&self) -> Option<ContextError> {
        Some(self.ended()?.error)
    }

    /// What [`Cancel::cancel_with`] was given, here or further up; else [`err`](Self::err) itself. (Go:
    /// `context.Cause`.)
    ///
    /// # Examples
    ///
    /// ```
    /// use chango::context::{self, ContextError};
    ///
    /// let (parent, cancel) = context::with_cancel(&context::background());
    /// let (ctx, _cancel) = context::with_cancel(&parent);
    /// cancel.cancel_with("the disk is full");
    /// assert_eq!(ctx.err(), Some(ContextError::Canceled));
    /// assert_eq!(ctx.cause().unwrap().to_string(), "the disk is full");
    /// ```
    pub fn cause(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        Some(self.ended()?.cause())
    }

    /// When the context ends at the latest, if it has a deadline. (Go: `ctx.Deadline()`.)
    ///
    /// # Examples
    ///
    /// ```
    /// use chango::context;
    /// use chango::prelude::*;
    ///
    /// run! {
    ///     let (ctx, _cancel) = context::with_timeout(&context::background(), Duration::from_secs(1));
    ///     let left = ctx.deadline().unwrap() - Instant::now();
    ///     assert!(left <= Duration::from_secs(1));
    /// }
    /// ```
    pub fn deadline(&self) -> Option<Instant> {
        self.scope.as_deref().and_then(Scope::deadline)
    }

    /// The value of this type that was put in last. (Go: `ctx.Value(key)`.) It looks through the values one
    /// by one.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango::context;
    ///
    /// let outer = context::with_value(&context::background(), "outer");
    /// let inner = context::with_value(&outer, "inner");
    /// assert_eq!(inner.value::<&str>(), Some(&"inner"));
    /// assert_eq!(outer.value::<&str>(), Some(&"outer"));
    /// ```
    pub fn value<T: 'static>(&self) -> Option<&T> {
        value::find(&self.values)
    }

    /// Runs `future` until it is done or the context has ended; then it is dropped.
    ///
    /// A context that has ended already does not even begin. Afterwards the future comes first: what is
    /// ready together with the end is given.
    ///
    /// # Errors
    ///
    /// That of [`err`](Self::err), if the context has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango::context::{self, ContextError};
    /// use chango::prelude::*;
    ///
    /// run! {
    ///     let (ctx, _cancel) = context::with_timeout(&context::background(), Duration::from_millis(5));
    ///     assert_eq!(ctx.run(async { 7 }).await, Ok(7));
    ///     let hung = ctx.run(std::future::pending::<()>()).await;
    ///     assert_eq!(hung, Err(ContextError::DeadlineExceeded));
    /// }
    /// ```
    #[track_caller]
    pub fn run<F: Future>(
        &self,
        future: F,
    ) -> impl Future<Output = Result<F::Output, ContextError>> {
        let at = Location::caller();
        let wait = self.latch().map(|latch| latch.wait_at(at));
        self.run_until(wait, future)
    }

    async fn run_until<F: Future>(
        &self,
        wait: Option<LatchWait<'_>>,
        future: F,
    ) -> Result<F::Output, ContextError> {
        if let Some(error) = self.err() {
            return Err(error);
        }
        let Some(wait) = wait else {
            return Ok(future.await);
        };
        let (mut wait, mut future) = (pin!(wait), pin!(future));
        poll_fn(|cx| {
            // First, so that what the future says of its waiting is what a dump shows.
            let ended = self.err().or_else(|| match wait.as_mut().poll(cx) {
                Poll::Ready(()) => self.err(),
                Poll::Pending => None,
            });
            match (future.as_mut().poll(cx), ended) {
                (Poll::Ready(output), _) => Poll::Ready(Ok(output)),
                (Poll::Pending, Some(error)) => {
                    note::gives_up();
                    Poll::Ready(Err(error))
                }
                (Poll::Pending, None) => Poll::Pending,
            }
        })
        .await
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("err", &self.err())
            .field("deadline", &self.deadline())
            .finish_non_exhaustive()
    }
}

/// The end of a [`Context`], to be received: `<-ctx.done()`. Made by [`Context::done`].
///
/// It can be received again and again. That of a context that never ends is Go's nil channel.
///
/// # Examples
///
/// ```
/// use chango::context;
/// use chango::prelude::*;
///
/// run! {
///     let (ctx, cancel) = context::with_cancel(&context::background());
///     let done = ctx.done();
///     let ended = select! { <-done => true, default => false };
///     assert!(!ended);
///     cancel.cancel();
///     <-done;
///     done.await;
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Done<'a>(Option<&'a Latch>);

chango_chan::receive_through!([] Context => Latch, |context| context.latch());
chango_chan::receive_through!(['a] Done<'a> => Latch, |done| done.0);

impl<'a> IntoFuture for Done<'a> {
    type Output = ();
    type IntoFuture = DoneFuture<'a>;

    #[track_caller]
    fn into_future(self) -> DoneFuture<'a> {
        let at = Location::caller();
        DoneFuture(self.0.map(|latch| latch.wait_at(at)))
    }
}

/// The future of [`Done`]. It may be dropped at any time.
///
/// # Examples
///
/// ```
/// use chango::context;
/// use std::future::IntoFuture;
///
/// let (ctx, cancel) = context::with_cancel(&context::background());
/// cancel.cancel();
/// futures_lite::future::block_on(ctx.done().into_future());
/// ```
#[must_use = "a future does nothing unless it is awaited"]
#[derive(Debug)]
pub struct DoneFuture<'a>(Option<LatchWait<'a>>);

impl Future for DoneFuture<'_> {
    type Output = ();

    fn poll(self: std::pin::Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<()> {
        // SAFETY: the wait is pinned with this: nothing moves it.
        match unsafe { self.map_unchecked_mut(|this| &mut this.0) }.as_pin_mut() {
            Some(wait) => wait.poll(cx),
            None => Poll::Pending,
        }
    }
}

const fn is_shared<T: Send + Sync>() {}
const _: () = {
    is_shared::<Context>();
    is_shared::<Cancel>();
    is_shared::<Stop>();
    is_shared::<Done<'_>>();
    is_shared::<DoneFuture<'_>>();
};
