//! The arms of a select that waits: receive, send, future, and the `Some(p)` form of the first and the last.
//!
//! What must hold: an arm that has committed has its output, and no other arm has taken or sent
//! anything; an arm that is dropped has left its queue, and a receive that was handed something
//! gives it back.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use chango_core::coop;

use crate::channel::{Closed, Locked, Sent, wake};
use crate::claim::Right;
use crate::error::SendError;
use crate::future::send::withdraw;
use crate::receive::{Enter, Look, Place, Receive};
use crate::select::early::Slot;
use crate::send_to::SendTo;
use crate::waiter::{Outgoing, State, Waiter, Who};

/// What became of an arm.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It has committed: the select is decided.
    Committed,
    /// It is not ready.
    Waiting,
    /// It gave `None` where `Some(p)` was asked for, now or before: it is out of this select.
    Off,
    /// It could commit, but the goroutine's slice is used up.
    Refused,
    /// It was not tried: others have chosen, this arm or another one.
    Chosen,
}

/// An arm as the driver of a select sees it. In the order of a select's life:
#[doc(hidden)]
pub trait Arm {
    /// The claim is in the select's own hands: commits if that is possible at once.
    fn look(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Step;

    /// The same moment, nothing being ready: has the waker woken when it is worth while to look
    /// again; ready if it is already.
    fn register(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;

    /// The claim is open to others: commits if that is possible at once, else enters the queue.
    fn enter(self: Pin<&mut Self>, place: Place<'_>) -> Step;

    /// Others have chosen this arm: takes what they left. `Committed` or `Off`.
    fn collect(self: Pin<&mut Self>) -> Step;

    /// Another arm has committed: leaves the queue.
    fn withdraw(self: Pin<&mut Self>);
}

/// An arm with the type of what it gives.
#[doc(hidden)]
pub trait Output: Arm {
    /// What it gives.
    type Output;

    /// Takes the output of an arm that has committed.
    fn take(self: Pin<&mut Self>) -> Self::Output;
}

const COMMITTED: &str = "an arm that has committed has an output";

// ---------------------------------------------------------------------------------------------
// Receive

/// A receive, and where it waits.
pub struct RecvNode<R: Receive> {
    /// Before the operand: a node may hang in a list inside of it.
    node: R::Node,
    operand: R,
    output: Option<R::Output>,
}

// SAFETY: a node is `Send` if the output is, by the contract of `Receive`.
unsafe impl<R: Receive + Send> Send for RecvNode<R> where R::Output: Send {}

/// The pinned node of a receive arm, its operand, and where the output goes.
type RecvParts<'a, R> = (
    Pin<&'a mut <R as Receive>::Node>,
    &'a R,
    &'a mut Option<<R as Receive>::Output>,
);

impl<R: Receive> RecvNode<R> {
    #[inline]
    pub(super) fn new(operand: R) -> Self {
        Self {
            node: R::node(),
            operand,
            output: None,
        }
    }

    #[inline]
    fn parts(self: Pin<&mut Self>) -> RecvParts<'_, R> {
        // SAFETY: node and operand are pinned with the arm: nothing here moves them, and the
        // operand is not even handed out for change. The output is not pinned.
        unsafe {
            let this = self.get_unchecked_mut();
            (
                Pin::new_unchecked(&mut this.node),
                &this.operand,
                &mut this.output,
            )
        }
    }
}

impl<R: Receive> Arm for RecvNode<R> {
    #[inline]
    fn look(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Step {
        let (node, operand, output) = self.parts();
        // SAFETY: here and below: the node is this operand's only; the operand is pinned beside it,
        // and goes after the node was released, by `drop`, and dropped.
        match unsafe { operand.look(node, cx) } {
            Look::Ready(received) => {
                *output = Some(received);
                Step::Committed
            }
            Look::NotReady => Step::Waiting,
            Look::Refused => Step::Refused,
        }
    }

    #[inline]
    fn register(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let (node, operand, _) = self.parts();
        // SAFETY: as in `look`.
        unsafe { operand.register(node, cx) }
    }

    #[inline]
    fn enter(self: Pin<&mut Self>, place: Place<'_>) -> Step {
        let (node, operand, output) = self.parts();
        // SAFETY: as in `look`; and the arms of a select go before its claim.
        match unsafe { operand.enter(node, place) } {
            Enter::Ready(received) => {
                *output = Some(received);
                Step::Committed
            }
            Enter::Waiting => Step::Waiting,
            Enter::Chosen => Step::Chosen,
            Enter::Refused => Step::Refused,
        }
    }

    #[inline]
    fn collect(self: Pin<&mut Self>) -> Step {
        let (node, operand, output) = self.parts();
        // SAFETY: as in `look`; and the driver calls this for the chosen arm only.
        *output = Some(unsafe { operand.collect(node) });
        Step::Committed
    }

    #[inline]
    fn withdraw(self: Pin<&mut Self>) {
        let (node, operand, _) = self.parts();
        // SAFETY: as in `look`.
        unsafe { operand.release(node) }
    }
}

impl<R: Receive> Output for RecvNode<R> {
    type Output = R::Output;

    #[inline]
    fn take(self: Pin<&mut Self>) -> R::Output {
        self.parts().2.take().expect(COMMITTED)
    }
}

impl<R: Receive> Drop for RecvNode<R> {
    fn drop(&mut self) {
        // SAFETY: an arm that is dropped does not move any more.
        unsafe { Pin::new_unchecked(self) }.withdraw();
    }
}

impl<R: Receive> fmt::Debug for RecvNode<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvNode").finish_non_exhaustive()
    }
}

// ---------------------------------------------------------------------------------------------
// Some(p)

/// An arm that goes off when it would give `None`.
pub struct SomeNode<A: Output> {
    arm: A,
    off: bool,
    output: Option<A::Output>,
}

impl<A: Output<Output = Option<T>>, T> SomeNode<A> {
    #[inline]
    pub(super) fn new(arm: A, off: bool) -> Self {
        Self {
            arm,
            off,
            output: None,
        }
    }

    #[inline]
    fn arm(self: Pin<&mut Self>) -> Pin<&mut A> {
        // SAFETY: the inner arm is pinned with this one: nothing here moves it.
        unsafe { self.map_unchecked_mut(|this| &mut this.arm) }
    }

    /// Looks at what the inner arm gave, if it has committed.
    #[inline]
    fn judge(mut self: Pin<&mut Self>, step: Step) -> Step {
        if step != Step::Committed {
            return step;
        }
        let output = self.as_mut().arm().take();
        // SAFETY: neither of the fields written is pinned.
        let this = unsafe { self.get_unchecked_mut() };
        this.off = output.is_none();
        this.output = Some(output);
        if this.off { Step::Off } else { Step::Committed }
    }
}

impl<A: Output<Output = Option<T>>, T> Arm for SomeNode<A> {
    #[inline]
    fn look(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Step {
        if self.off {
            return Step::Off;
        }
        let step = self.as_mut().arm().look(cx);
        self.judge(step)
    }

    #[inline]
    fn register(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.off {
            Poll::Pending
        } else {
            self.arm().register(cx)
        }
    }

    #[inline]
    fn enter(mut self: Pin<&mut Self>, place: Place<'_>) -> Step {
        if self.off {
            return Step::Waiting;
        }
        let step = self.as_mut().arm().enter(place);
        self.judge(step)
    }

    #[inline]
    fn collect(mut self: Pin<&mut Self>) -> Step {
        let step = self.as_mut().arm().collect();
        self.judge(step)
    }

    #[inline]
    fn withdraw(self: Pin<&mut Self>) {
        self.arm().withdraw();
    }
}

impl<A: Output<Output = Option<T>>, T> Output for SomeNode<A> {
    type Output = T;

    #[inline]
    fn take(self: Pin<&mut Self>) -> T {
        // SAFETY: the output is not pinned.
        unsafe { self.get_unchecked_mut() }
            .output
            .take()
            .flatten()
            .expect(COMMITTED)
    }
}

impl<A: Output> fmt::Debug for SomeNode<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SomeNode")
            .field("off", &self.off)
            .finish_non_exhaustive()
    }
}

// ---------------------------------------------------------------------------------------------
// Future

/// A future that lives in the select.
pub struct FutureNode<F: Future> {
    future: F,
    output: Option<F::Output>,
}

impl<F: Future> FutureNode<F> {
    #[inline]
    pub(super) fn new(future: F) -> Self {
        Self {
            future,
            output: None,
        }
    }
}

impl<F: Future> Arm for FutureNode<F> {
    /// Polled here only, where nobody else can choose, so that a ready future's output is the
    /// select's.
    #[inline]
    fn look(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Step {
        // SAFETY: the future is pinned with the arm: nothing here moves it. The output is not
        // pinned.
        let (future, output) = unsafe {
            let this = self.get_unchecked_mut();
            (Pin::new_unchecked(&mut this.future), &mut this.output)
        };
        match future.poll(cx) {
            Poll::Ready(ready) => {
                *output = Some(ready);
                Step::Committed
            }
            Poll::Pending => Step::Waiting,
        }
    }

    #[inline]
    fn register(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }

    #[inline]
    fn enter(self: Pin<&mut Self>, _place: Place<'_>) -> Step {
        Step::Waiting
    }

    fn collect(self: Pin<&mut Self>) -> Step {
        unreachable!("nobody chooses an arm that is in no queue")
    }

    #[inline]
    fn withdraw(self: Pin<&mut Self>) {}
}

impl<F: Future> Output for FutureNode<F> {
    type Output = F::Output;

    #[inline]
    fn take(self: Pin<&mut Self>) -> F::Output {
        // SAFETY: the output is not pinned.
        unsafe { self.get_unchecked_mut() }
            .output
            .take()
            .expect(COMMITTED)
    }
}

impl<F: Future> fmt::Debug for FutureNode<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FutureNode").finish_non_exhaustive()
    }
}

// ---------------------------------------------------------------------------------------------
// Send

/// A send, and where it waits. It gives a `Result<(), SendError<T>>`.
pub struct SendNode<'s, S: SendTo> {
    waiter: Waiter<Outgoing<S::Item>>,
    operand: S,
    slot: Option<&'s mut Slot<S::Item>>,
    output: Option<Result<(), SendError<S::Item>>>,
}

impl<'s, S: SendTo> SendNode<'s, S> {
    #[inline]
    pub(super) fn new(operand: S, value: S::Item, slot: Option<&'s mut Slot<S::Item>>) -> Self {
        Self {
            waiter: Waiter::send(value),
            operand,
            slot,
            output: None,
        }
    }

    /// Notes the output of an arm that has committed, or been refused. The node is in no queue.
    fn settle(self: Pin<&mut Self>, closed: Option<Closed>) -> Step {
        // SAFETY: nothing pinned is moved: the node stays, and is the owner's, since it is in no
        // queue.
        let (this, value) = unsafe {
            let this = self.get_unchecked_mut();
            let value = this.waiter.take();
            (this, value)
        };
        this.waiter.set_state(State::Finished);
        this.output = Some(match (value, closed) {
            (Some(value), closed) => Err(SendError::new(value, closed == Some(Closed::ByReceiver))),
            (None, _) => Ok(()),
        });
        Step::Committed
    }

    /// Tries to send under the lock; the value is in the node again unless it was sent.
    fn attempt(&self, locked: &mut Locked<'_, S::Item>, right: Right<'_>) -> Sent {
        let waiter = &self.waiter;
        if matches!(waiter.state(), State::Done | State::Closed) {
            // Somebody was faster, for this very arm.
            return Sent::OwnLost;
        }
        // SAFETY: the node is queued, and the lock held, or in no queue and the owner's; here and
        // below.
        let mut slot = unsafe { waiter.take() };
        let sent = locked.send(&mut slot, right, coop::take);
        // SAFETY: as above.
        unsafe { waiter.put(slot) };
        if matches!(sent, Sent::Done(_) | Sent::Closed(_)) && waiter.state() == State::Queued {
            // SAFETY: queued, as a send of this channel. A select's node has no waker to be
            // dropped.
            let _ = unsafe { locked.senders.remove(waiter) };
            waiter.set_state(State::Tried);
        }
        sent
    }
}

impl<S: SendTo> Arm for SendNode<'_, S> {
    #[inline]
    fn look(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Step {
        let Some(channel) = self.operand.target().0 else {
            return Step::Waiting;
        };
        if !channel.may_send() {
            return Step::Waiting;
        }
        let sent = self.attempt(&mut channel.lock(), Right::Free);
        match sent {
            Sent::Done(peer) => {
                let step = self.settle(None);
                wake(peer);
                step
            }
            Sent::Closed(closed) => self.settle(Some(closed)),
            Sent::Refused => Step::Refused,
            Sent::Full | Sent::OwnLost => Step::Waiting,
        }
    }

    #[inline]
    fn register(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }

    #[inline]
    fn enter(self: Pin<&mut Self>, place: Place<'_>) -> Step {
        let Some(channel) = self.operand.target().0 else {
            return Step::Waiting;
        };
        let mut locked = channel.lock();
        let sent = self.attempt(&mut locked, place.right());
        match sent {
            Sent::Full => {
                if self.waiter.state() != State::Queued {
                    let who = Who::Select(place.claim);
                    // SAFETY: in no queue and pinned, and `drop` takes it out; the arms of a select
                    // go before its claim.
                    unsafe { locked.senders.push(&self.waiter, who, place.arm) };
                }
                Step::Waiting
            }
            Sent::Done(peer) => {
                drop(locked);
                let step = self.settle(None);
                wake(peer);
                step
            }
            Sent::Closed(closed) => {
                drop(locked);
                self.settle(Some(closed))
            }
            Sent::Refused => Step::Refused,
            Sent::OwnLost => Step::Chosen,
        }
    }

    fn collect(self: Pin<&mut Self>) -> Step {
        let target = self.operand.target().0;
        let channel = target.expect("nobody chooses an arm that is in no queue");
        // Whoever chose is about to complete the node, and holds the lock until then.
        let closed = channel.closed();
        debug_assert!(matches!(self.waiter.state(), State::Done | State::Closed));
        self.settle(closed)
    }

    #[inline]
    fn withdraw(self: Pin<&mut Self>) {
        if let Some(channel) = self.operand.target().0 {
            withdraw(channel, &self.waiter);
        }
    }
}

impl<S: SendTo> Output for SendNode<'_, S> {
    type Output = Result<(), SendError<S::Item>>;

    #[inline]
    fn take(self: Pin<&mut Self>) -> Self::Output {
        // SAFETY: the output is not pinned.
        unsafe { self.get_unchecked_mut() }
            .output
            .take()
            .expect(COMMITTED)
    }
}

impl<S: SendTo> Drop for SendNode<'_, S> {
    fn drop(&mut self) {
        // SAFETY: an arm that is dropped does not move any more.
        unsafe { Pin::new_unchecked(&mut *self) }.withdraw();
        if let Some(slot) = &mut self.slot {
            // SAFETY: the node is in no queue any more, so it is the owner's.
            slot.put(unsafe { self.waiter.take() });
        }
    }
}

impl<S: SendTo> fmt::Debug for SendNode<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendNode").finish_non_exhaustive()
    }
}
