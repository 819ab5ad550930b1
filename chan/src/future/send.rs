//! A send that waits.
//!
//! What must hold: the value is either handed over or goes down with the future, never both; a node
//! is out of the queue before the future around it goes.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use chango_core::coop;
use chango_core::note::{self, At, Position, Reason};
use chango_core::util::foreign_waker::ForeignWaker;

use crate::channel::{Channel, Closed, Sending, Sent, wake};
use crate::claim::Right;
use crate::error::SendError;
use crate::waiter::{Content, Outgoing, State, Waiter, Who};

/// The future of [`Sender::send`](crate::Sender::send).
///
/// Dropped before it is done it takes its value with it, unless a receiver has it already.
#[must_use = "a future does nothing unless it is awaited"]
pub struct SendFuture<'a, T> {
    /// None for a nil channel, on which a send never completes.
    channel: Option<&'a Channel<T>>,
    at: Position,
    waiter: Waiter<Outgoing<T>>,
}

impl<'a, T> SendFuture<'a, T> {
    /// A send that has not been tried.
    #[inline]
    #[track_caller]
    pub(crate) fn new(channel: &'a Channel<T>, value: T) -> Self {
        Self::begun_at(channel, value, Location::caller())
    }

    /// The same for an operation that began elsewhere.
    #[inline]
    pub(crate) fn begun_at(channel: &'a Channel<T>, value: T, at: Position) -> Self {
        Self {
            channel: Some(channel),
            at,
            waiter: Waiter::send(value),
        }
    }

    /// A send that was just tried in vain.
    #[inline]
    pub(crate) fn tried(channel: Option<&'a Channel<T>>, value: T, at: Position) -> Self {
        Self {
            channel,
            at,
            waiter: Waiter::send(value).tried(),
        }
    }

    /// Where it was begun.
    #[inline]
    pub(crate) fn at(&self) -> Position {
        self.at
    }

    /// Stops a send that has begun to wait: `Ok` if it was handed over meanwhile, else the value,
    /// and whether the channel is closed.
    pub(crate) fn stop(self: Pin<&mut Self>) -> Result<(), (T, bool)> {
        let this = self.as_ref().get_ref();
        if let Some(channel) = this.channel {
            withdraw(channel, &this.waiter);
        }
        let state = this.waiter.state();
        this.waiter.set_state(State::Finished);
        // SAFETY: the node is in no queue any more, so it is the owner's.
        match unsafe { this.waiter.take() } {
            Some(value) => Err((value, state == State::Closed)),
            None => Ok(()),
        }
    }
}

impl<T> Future for SendFuture<'_, T> {
    type Output = Result<(), SendError<T>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.as_ref().get_ref();
        match this.channel {
            // SAFETY: the node is pinned with the future, belongs to it, is used with this channel
            // only, and is withdrawn by `drop`.
            Some(channel) => unsafe { poll_send(channel, &this.waiter, this.at, cx) },
            None => {
                note::waits(Reason::ChanSendNilChan, At::Here(this.at));
                Poll::Pending
            }
        }
    }
}

impl<T> Drop for SendFuture<'_, T> {
    fn drop(&mut self) {
        if let Some(channel) = self.channel {
            withdraw(channel, &self.waiter);
        }
    }
}

impl<T> fmt::Debug for SendFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendFuture")
            .field("waiter", &self.waiter)
            .finish_non_exhaustive()
    }
}

/// Goes on with a send.
///
/// # Safety
///
/// The node is a send's, belongs to the caller, is pinned, is used with this channel only, and is
/// withdrawn before it goes.
unsafe fn poll_send<T>(
    channel: &Channel<T>,
    waiter: &Waiter<Outgoing<T>>,
    at: Position,
    cx: &mut Context<'_>,
) -> Poll<Result<(), SendError<T>>> {
    loop {
        match waiter.state() {
            State::Idle => {
                // SAFETY: the node is in no queue.
                let mut slot = unsafe { waiter.take() };
                match channel.send(&mut slot, coop::take) {
                    Sending::Done => {
                        waiter.set_state(State::Finished);
                        return Poll::Ready(Ok(()));
                    }
                    Sending::Closed(closed) => {
                        return Poll::Ready(Err(refuse(waiter, slot, closed)));
                    }
                    Sending::Full => waiter.set_state(State::Tried),
                    Sending::Refused => {
                        // SAFETY: as above.
                        unsafe { waiter.put(slot) };
                        ready!(coop::poll_proceed(cx));
                        continue;
                    }
                }
                // SAFETY: as above.
                unsafe { waiter.put(slot) };
            }
            // SAFETY: what the caller promises.
            State::Tried => match unsafe { send_or_wait(channel, waiter, cx) } {
                Some(result) => return Poll::Ready(result),
                None if waiter.state() == State::Tried => ready!(coop::poll_proceed(cx)),
                None => {
                    channel.note_send(at);
                    return Poll::Pending;
                }
            },
            State::Queued => {
                if is_waiting(channel, waiter, cx) {
                    channel.note_send(at);
                    return Poll::Pending;
                }
            }
            State::Done => {
                waiter.set_state(State::Finished);
                return Poll::Ready(Ok(()));
            }
            State::Closed => {
                // SAFETY: a node that was completed is the owner's.
                let slot = unsafe { waiter.take() };
                let closed = channel.closed().unwrap_or(Closed::BySender);
                return Poll::Ready(Err(refuse(waiter, slot, closed)));
            }
            State::Finished => panic!("the future of a send was polled after it was done"),
        }
    }
}

/// Sends, or else enters the queue. None, in state `Tried`: it was refused by `coop`.
///
/// # Safety
///
/// As for [`poll_send`], and the node is in no queue.
unsafe fn send_or_wait<T>(
    channel: &Channel<T>,
    waiter: &Waiter<Outgoing<T>>,
    cx: &mut Context<'_>,
) -> Option<Result<(), SendError<T>>> {
    // A waker is cloned and dropped outside the lock only: before it, and after it, since it was there
    // first.
    let waker = ForeignWaker::of(cx.waker());
    // SAFETY: the node is in no queue, so it is the caller's.
    let mut slot = unsafe { waiter.take() };
    let mut locked = channel.lock();
    let sent = match channel.may_send() {
        true => locked.send(&mut slot, Right::Free, coop::take),
        false => Sent::Full,
    };
    match sent {
        Sent::Done(peer) => {
            drop(locked);
            waiter.set_state(State::Finished);
            wake(peer);
            Some(Ok(()))
        }
        Sent::Closed(closed) => {
            drop(locked);
            Some(Err(refuse(waiter, slot, closed)))
        }
        Sent::Full => {
            // SAFETY: the node is in no queue, pinned, and is withdrawn before it goes.
            unsafe {
                waiter.put(slot);
                locked.senders.push(waiter, Who::Plain(waker), 0);
            }
            None
        }
        Sent::Refused | Sent::OwnLost => {
            drop(locked);
            // SAFETY: the node is in no queue.
            unsafe { waiter.put(slot) };
            None
        }
    }
}

/// The result of a send on a closed channel.
fn refuse<T>(waiter: &Waiter<Outgoing<T>>, slot: Option<T>, closed: Closed) -> SendError<T> {
    waiter.set_state(State::Finished);
    let value = slot.expect("a send that was refused has its value");
    SendError::new(value, closed == Closed::ByReceiver)
}

/// Whether a queued node is queued still; its waker is then this context's.
pub(super) fn is_waiting<T, C: Content>(
    channel: &Channel<T>,
    waiter: &Waiter<C>,
    cx: &mut Context<'_>,
) -> bool {
    {
        let _locked = channel.lock();
        if waiter.state() != State::Queued {
            return false;
        }
        // SAFETY: queued, and the lock is held.
        if unsafe { waiter.will_wake(cx.waker()) } {
            return true;
        }
    }
    // Not used, it goes after the lock, since it was there first.
    let waker = ForeignWaker::of(cx.waker());
    let locked = channel.lock();
    if waiter.state() != State::Queued {
        return false;
    }
    // SAFETY: queued, and the lock is held.
    let old = unsafe { waiter.set_waker(waker) };
    drop(locked);
    drop(old);
    true
}

/// Takes the node of a send out of its queue, if it is in one.
#[inline]
pub(crate) fn withdraw<T>(channel: &Channel<T>, waiter: &Waiter<Outgoing<T>>) {
    if waiter.state() == State::Queued {
        withdraw_queued(channel, waiter);
    }
}

#[inline(never)]
fn withdraw_queued<T>(channel: &Channel<T>, waiter: &Waiter<Outgoing<T>>) {
    let mut locked = channel.lock();
    if waiter.state() != State::Queued {
        return;
    }
    // SAFETY: queued, as a send of this channel.
    let who = unsafe { locked.senders.remove(waiter) };
    waiter.set_state(State::Tried);
    drop(locked);
    drop(who);
}
