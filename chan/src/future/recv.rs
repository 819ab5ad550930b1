//! A receive that waits.
//!
//! What must hold: a value that was handed over is either returned or given back to the channel;
//! a node is out of the queue before the future around it goes.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use chango_core::coop;
use chango_core::note::{At, Position};
use chango_core::util::foreign_waker::ForeignWaker;

use super::send::is_waiting;
use crate::channel::{Channel, Received, wake};
use crate::claim::Right;
use crate::waiter::{Incoming, State, Waiter, Who};

/// The future of [`Receiver::recv`](crate::Receiver::recv).
///
/// Dropped before it is done it has received nothing: a value that it was handed goes to the next
/// receiver.
#[must_use = "a future does nothing unless it is awaited"]
pub struct RecvFuture<'a, T> {
    channel: &'a Channel<T>,
    at: Position,
    waiter: Waiter<Incoming<T>>,
}

impl<'a, T> RecvFuture<'a, T> {
    #[inline]
    #[track_caller]
    pub(crate) fn new(channel: &'a Channel<T>) -> Self {
        Self::begun_at(channel, Location::caller())
    }

    /// The same for an operation that began elsewhere.
    #[inline]
    pub(crate) fn begun_at(channel: &'a Channel<T>, at: Position) -> Self {
        Self {
            channel,
            at,
            waiter: Waiter::receive(),
        }
    }

    /// Stops a receive that has begun to wait: what it was handed meanwhile, or whether the channel
    /// is closed.
    pub(crate) fn stop(self: Pin<&mut Self>) -> Result<T, bool> {
        let this = self.as_ref().get_ref();
        unlink(this.channel, &this.waiter);
        let state = this.waiter.state();
        // SAFETY: the node is in no queue any more, so it is the owner's.
        unsafe { this.waiter.finish(state) }.ok_or(state == State::Closed)
    }
}

impl<T> Future for RecvFuture<'_, T> {
    type Output = Option<T>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let this = self.as_ref().get_ref();
        // SAFETY: the node is pinned with the future, belongs to it, is used with this channel
        // only, and is withdrawn by `drop`.
        unsafe { poll_recv(this.channel, &this.waiter, At::Here(this.at), cx) }
    }
}

impl<T> Drop for RecvFuture<'_, T> {
    fn drop(&mut self) {
        withdraw(self.channel, &self.waiter);
    }
}

impl<T> fmt::Debug for RecvFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvFuture")
            .field("waiter", &self.waiter)
            .finish_non_exhaustive()
    }
}

/// Goes on with a receive; if it has to wait, it notes that it does at `at`.
///
/// # Safety
///
/// The node is a receive's, belongs to the caller, is pinned, is used with this channel only, and is
/// withdrawn before it goes.
pub(crate) unsafe fn poll_recv<T>(
    channel: &Channel<T>,
    waiter: &Waiter<Incoming<T>>,
    at: At,
    cx: &mut Context<'_>,
) -> Poll<Option<T>> {
    loop {
        match waiter.state() {
            State::Idle => {
                let received = channel.receive(coop::take);
                if received.is_ready() {
                    waiter.set_state(State::Finished);
                    return received;
                }
                // If it was for want of a permit, that is found again.
                waiter.set_state(State::Tried);
            }
            // SAFETY: what the caller promises.
            State::Tried => match unsafe { receive_or_wait(channel, waiter, cx) } {
                Some(received) => return Poll::Ready(received),
                None if waiter.state() == State::Tried => ready!(coop::poll_proceed(cx)),
                None => {
                    channel.note_receive(at);
                    return Poll::Pending;
                }
            },
            State::Queued => {
                if is_waiting(channel, waiter, cx) {
                    channel.note_receive(at);
                    return Poll::Pending;
                }
            }
            state @ (State::Done | State::Closed) => {
                // SAFETY: a node that was completed is the owner's.
                return Poll::Ready(unsafe { waiter.finish(state) });
            }
            State::Finished => panic!("the future of a receive was polled after it was done"),
        }
    }
}

/// Receives, or else enters the queue. None, in state `Tried`: it was refused by `coop`.
///
/// # Safety
///
/// As for [`poll_recv`], and the node is in no queue.
unsafe fn receive_or_wait<T>(
    channel: &Channel<T>,
    waiter: &Waiter<Incoming<T>>,
    cx: &mut Context<'_>,
) -> Option<Option<T>> {
    // A waker is cloned and dropped outside the lock only: before it, and after it, since it was there
    // first.
    let waker = ForeignWaker::of(cx.waker());
    let mut locked = channel.lock();
    let received = match channel.may_receive() {
        true => locked.receive(Right::Free, coop::take),
        false => Received::Empty,
    };
    match received {
        Received::Value(value, peer) => {
            drop(locked);
            waiter.set_state(State::Finished);
            wake(peer);
            Some(Some(value))
        }
        Received::Closed => {
            drop(locked);
            waiter.set_state(State::Finished);
            Some(None)
        }
        Received::Empty => {
            // SAFETY: the node is in no queue, pinned, and is withdrawn before it goes.
            unsafe { locked.receivers.push(waiter, Who::Plain(waker), 0) };
            None
        }
        Received::Refused | Received::OwnLost => {
            drop(locked);
            None
        }
    }
}

/// Ends the waiting of a receive: its node leaves the queue, and what it was handed goes back.
#[inline]
pub(crate) fn withdraw<T>(channel: &Channel<T>, waiter: &Waiter<Incoming<T>>) {
    // Most have received, and nothing is left to be done.
    if matches!(waiter.state(), State::Queued | State::Done) {
        withdraw_waiting(channel, waiter);
    }
}

#[inline(never)]
fn withdraw_waiting<T>(channel: &Channel<T>, waiter: &Waiter<Incoming<T>>) {
    unlink(channel, waiter);
    if waiter.state() != State::Done {
        return;
    }
    // SAFETY: a node that was completed is the owner's, and has a number with its value.
    let (number, value) = unsafe { (waiter.number(), waiter.finish(State::Done)) };
    if let Some(value) = value {
        channel.give_back(value, number);
    }
}

/// Takes the node of a receive out of its queue, if it is in one.
fn unlink<T>(channel: &Channel<T>, waiter: &Waiter<Incoming<T>>) {
    if waiter.state() != State::Queued {
        return;
    }
    let mut locked = channel.lock();
    if waiter.state() != State::Queued {
        return;
    }
    // SAFETY: queued, as a receive of this channel.
    let who = unsafe { locked.receivers.remove(waiter) };
    waiter.set_state(State::Tried);
    drop(locked);
    drop(who);
}
