//! What the arrows in chango's block macros call: a fast path inline, and a future behind it.
//!
//! Not for calling by hand, though nothing speaks against it: the macros only put the arrow's
//! position there. What must hold: the fast path asks `coop` as the future does; a lowering has a
//! single `.await`, so everything that is not done at once is left to the one future; methods that
//! an expansion calls take `self`, since before any other the compiler would call a method that takes
//! `self` and that a trait of the user's gives to every type.

use std::any::type_name;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use chango_core::{coop, note, spawn};

use crate::channel::{Channel, Sending};
use crate::error::SendError;
use crate::future::SendFuture;
use crate::receive::Receive;
use crate::send_to::SendTo;

/// `<-operand`: [`now`](ReceiveOp::now), and if that is pending, [`wait`](ReceiveOp::wait).
///
/// # Examples
///
/// ```
/// use std::task::Poll;
///
/// let (tx, rx) = chango_chan::bounded(1);
/// tx.try_send(1)?;
/// assert_eq!(chango_chan::ops::receive(&rx).now(), Poll::Ready(Some(1)));
/// # Ok::<(), chango_chan::TrySendError<i32>>(())
/// ```
#[inline]
pub fn receive<R: Receive + ?Sized>(operand: &R) -> ReceiveOp<'_, R> {
    ReceiveOp { operand }
}

/// The operation of [`receive`].
pub struct ReceiveOp<'a, R: ?Sized> {
    operand: &'a R,
}

impl<'a, R: Receive + ?Sized> ReceiveOp<'a, R> {
    /// Receives if that is possible at once.
    #[inline]
    pub fn now(self) -> Poll<R::Output> {
        self.operand.now()
    }

    /// Receives or waits.
    #[inline]
    #[track_caller]
    pub fn wait(self) -> ReceiveWait<'a, R> {
        note::begins(Location::caller());
        ReceiveWait {
            node: R::node(),
            operand: self.operand,
        }
    }
}

impl<R: ?Sized> Clone for ReceiveOp<'_, R> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<R: ?Sized> Copy for ReceiveOp<'_, R> {}

impl<R: ?Sized> fmt::Debug for ReceiveOp<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceiveOp").finish_non_exhaustive()
    }
}

/// The future of [`ReceiveOp::wait`].
///
/// Dropped before it is done it has received nothing.
#[must_use = "a future does nothing unless it is awaited"]
pub struct ReceiveWait<'a, R: Receive + ?Sized> {
    node: R::Node,
    operand: &'a R,
}

// SAFETY: the operand is shared, and a node is `Send` if the output is, by the contract of `Receive`.
unsafe impl<R> Send for ReceiveWait<'_, R>
where
    R: Receive + Sync + ?Sized,
    R::Output: Send,
{
}

impl<'a, R: Receive + ?Sized> ReceiveWait<'a, R> {
    /// The pinned node, and what it waits for.
    fn project(self: Pin<&mut Self>) -> (Pin<&mut R::Node>, &'a R) {
        let operand = self.operand;
        // SAFETY: the node is pinned with the future: nothing here moves it.
        let node = unsafe { self.map_unchecked_mut(|this| &mut this.node) };
        (node, operand)
    }
}

impl<R: Receive + ?Sized> Future for ReceiveWait<'_, R> {
    type Output = R::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<R::Output> {
        let (node, operand) = self.project();
        // SAFETY: the node is this operand's only, which is borrowed for longer than the node lives,
        // and is released by `drop`.
        unsafe { operand.poll_receive(node, cx) }
    }
}

impl<R: Receive + ?Sized> Drop for ReceiveWait<'_, R> {
    fn drop(&mut self) {
        // SAFETY: a future that is dropped does not move any more.
        let (node, operand) = unsafe { Pin::new_unchecked(self) }.project();
        // SAFETY: the node is this operand's only, and is dropped next.
        unsafe { operand.release(node) }
    }
}

impl<R: Receive + ?Sized> fmt::Debug for ReceiveWait<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceiveWait").finish_non_exhaustive()
    }
}

/// `for value in <-operand`: each turn as [`receive`], and an end.
///
/// # Examples
///
/// ```
/// use futures_lite::future::block_on;
///
/// let (tx, rx) = chango_chan::unbounded();
/// tx.try_send(1)?;
/// drop(tx);
/// let each = chango_chan::ops::receive_each(&rx);
/// assert_eq!(block_on(each.wait()), Some(1));
/// assert_eq!(block_on(each.wait()), None);
/// # Ok::<(), chango_chan::TrySendError<i32>>(())
/// ```
#[inline]
pub fn receive_each<R: Receive + ?Sized>(operand: &R) -> ReceiveEach<'_, R> {
    ReceiveEach { operand }
}

/// The loop of [`receive_each`].
pub struct ReceiveEach<'a, R: ?Sized> {
    operand: &'a R,
}

impl<'a, R: Receive + ?Sized> ReceiveEach<'a, R> {
    /// The next turn, if it is there at once; `None` inside ends the loop.
    #[inline]
    pub fn now(self) -> Poll<Option<R::Each>> {
        self.operand.now().map(R::each)
    }

    /// The next turn; `None` ends the loop.
    #[inline]
    #[track_caller]
    pub fn wait(self) -> EachWait<'a, R> {
        EachWait {
            wait: receive(self.operand).wait(),
        }
    }
}

impl<R: ?Sized> Clone for ReceiveEach<'_, R> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<R: ?Sized> Copy for ReceiveEach<'_, R> {}

impl<R: ?Sized> fmt::Debug for ReceiveEach<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceiveEach").finish_non_exhaustive()
    }
}

/// The future of [`ReceiveEach::wait`].
#[must_use = "a future does nothing unless it is awaited"]
pub struct EachWait<'a, R: Receive + ?Sized> {
    wait: ReceiveWait<'a, R>,
}

impl<R: Receive + ?Sized> Future for EachWait<'_, R> {
    type Output = Option<R::Each>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<R::Each>> {
        // SAFETY: the inner future is pinned with this one: nothing here moves it.
        unsafe { self.map_unchecked_mut(|this| &mut this.wait) }
            .poll(cx)
            .map(R::each)
    }
}

impl<R: Receive + ?Sized> fmt::Debug for EachWait<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EachWait").finish_non_exhaustive()
    }
}

/// `channel <- value`: [`start`](SendOp::start), and if that has to wait, its future.
///
/// # Examples
///
/// ```
/// use chango_chan::ops::{Started, send_to};
///
/// let (tx, rx) = chango_chan::bounded(1);
/// assert!(matches!(send_to(&tx).start(1), Started::Sent));
/// assert!(matches!(send_to(&tx).start(2), Started::Waiting(_)));
/// assert_eq!(rx.try_recv(), Ok(1));
/// ```
#[inline]
pub fn send_to<S: SendTo + ?Sized>(operand: &S) -> SendOp<'_, S::Item> {
    SendOp {
        channel: operand.target().0,
    }
}

/// The operation of [`send_to`].
pub struct SendOp<'a, T> {
    channel: Option<&'a Channel<T>>,
}

impl<'a, T> SendOp<'a, T> {
    /// Sends if that is possible at once; if not, also because the channel is closed, the rest has
    /// to be awaited.
    #[inline]
    #[track_caller]
    pub fn start(self, value: T) -> Started<'a, T> {
        let mut slot = Some(value);
        if let Some(channel) = self.channel
            && let Sending::Done = channel.send(&mut slot, coop::take)
        {
            return Started::Sent;
        }
        match slot {
            Some(value) => Started::Waiting(SendWait {
                channel: self.channel,
                value,
                at: Location::caller(),
            }),
            None => Started::Sent,
        }
    }
}

impl<T> fmt::Debug for SendOp<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendOp").finish_non_exhaustive()
    }
}

/// What came of [`SendOp::start`].
#[derive(Debug)]
#[must_use = "a send that waits has to be awaited"]
pub enum Started<'a, T> {
    /// The value is gone.
    Sent,
    /// There is something to be awaited.
    Waiting(SendWait<'a, T>),
}

/// A send that could not be done at once.
#[must_use = "a send that waits has to be awaited"]
pub struct SendWait<'a, T> {
    channel: Option<&'a Channel<T>>,
    value: T,
    at: &'static Location<'static>,
}

impl<'a, T> SendWait<'a, T> {
    /// As a statement, Go's send: if the channel is closed it panics, or ends the goroutine.
    #[inline]
    pub fn statement(self) -> SendStatement<'a, T> {
        SendStatement {
            send: SendFuture::tried(self.channel, self.value, self.at),
            ended: false,
        }
    }

    /// As a value, which neither panics nor ends anything.
    #[inline]
    pub fn value(self) -> SendFuture<'a, T> {
        SendFuture::tried(self.channel, self.value, self.at)
    }
}

impl<T> fmt::Debug for SendWait<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendWait")
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// The future of [`SendWait::statement`].
#[must_use = "a future does nothing unless it is awaited"]
pub struct SendStatement<'a, T> {
    send: SendFuture<'a, T>,
    /// Whether the goroutine ends here. A combinator may poll again before it does.
    ended: bool,
}

impl<T> Future for SendStatement<'_, T> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // SAFETY: of the fields only the send is pinned, and nothing here moves it.
        let (at, send, ended) = unsafe {
            let this = self.get_unchecked_mut();
            (
                this.send.at(),
                Pin::new_unchecked(&mut this.send),
                &mut this.ended,
            )
        };
        if !*ended {
            let Err(error) = ready!(send.poll(cx)) else {
                return Poll::Ready(());
            };
            *ended = true;
            refuse(error, at);
        }
        poll_exit(cx);
        Poll::Pending
    }
}

impl<T> fmt::Debug for SendStatement<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendStatement")
            .field("at", &self.send.at())
            .finish_non_exhaustive()
    }
}

/// What becomes of a send statement whose channel is closed: returns where the goroutine ends
/// quietly, and panics otherwise.
#[cold]
fn refuse<T>(error: SendError<T>, at: &'static Location<'static>) {
    let quietly = error.is_disconnected();
    // The value goes first, so that its destructor runs before the goroutine is on its way out.
    drop(error);
    let value = type_name::<T>();
    assert!(quietly, "send of a `{value}` on a closed channel, at {at}");
    assert!(
        spawn::in_goroutine() && !spawn::in_main_goroutine(),
        "send of a `{value}` that nobody receives any more, at {at}"
    );
}

/// Asks for the end of the running goroutine.
fn poll_exit(cx: &mut Context<'_>) {
    let _ = pin!(spawn::exit()).poll(cx);
}

/// A send arm of a select without a binding, that won on a closed channel: ends as a send statement
/// at `at` does.
///
/// # Panics
///
/// If the channel was closed by a sender, in the main goroutine, and outside a goroutine.
pub async fn settle<T>(error: SendError<T>, at: &'static Location<'static>) {
    refuse(error, at);
    spawn::exit().await
}
