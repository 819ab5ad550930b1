//! What the lock of a channel guards: the stored values, the two queues of who waits, and whether it is
//! closed. All that decides who gets which value is here, for plain operations and for arms of selects alike.
//!
//! What must hold whenever the lock is free, and is checked in debug builds. "Plain" is an operation
//! that is not an arm of a select; a select that is just looking at its arms stays in the queues,
//! is passed over by others, and looks at every channel under its lock before it goes to sleep
//! (`select::run`), so it makes good by itself what it misses meanwhile.
//!
//! * At most one of the two queues is headed by a plain operation.
//! * Values are stored → no plain receive waits at the head.
//! * There is room → no plain send waits at the head.
//! * Closed → nobody plain waits.
//!
//! From these follow two rules that keep values and waiters in order: a send hands over to a
//! waiting receive only if nothing is stored (a receive that waits beside stored values is about to
//! look, and takes the oldest), and nobody overtakes a plain operation on its own side.
//!
//! Values that came back, because the `recv` they had been handed to was dropped, are stored before
//! everything else, in the order in which they were handed over.
//!
//! Everything here runs under the lock, so nothing is woken here, and nothing of a user's dropped: both are
//! handed to the caller.

use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};

use chango_core::util::foreign_waker::ForeignWaker;
use chango_core::util::wake_list::WakeList;

use super::{CALM, Channel, HAS_VALUE, MAY_RECEIVE, MAY_SEND, UNBOUNDED};
use crate::buffer::Buffer;
use crate::claim::Right;
use crate::primitive::MutexGuard;
use crate::wait_queue::{Claimed, WaitQueue};
use crate::waiter::{Incoming, Outgoing};

/// What the lock guards.
#[repr(C)]
pub(crate) struct State<T> {
    pub(super) buffer: Buffer<T>,
    pub(crate) senders: WaitQueue<Outgoing<T>>,
    pub(crate) receivers: WaitQueue<Incoming<T>>,
    /// What came back, with its number, in order. Most channels never see one.
    returned: VecDeque<(u64, T)>,
    /// How many values were handed over to waiting receives.
    handed_over: u64,
    pub(super) closed: Option<Closed>,
}

/// From which side a channel was closed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closed {
    /// A sender closed it, or there are no senders any more.
    BySender,
    /// A receiver closed it, or there are no receivers any more.
    ByReceiver,
}

/// How an attempt to send ended.
#[must_use]
pub(crate) enum Sent {
    /// The value is gone; somebody may have to be woken.
    Done(Option<ForeignWaker>),
    Closed(Closed),
    /// There is neither room nor a receive that waits.
    Full,
    /// It could complete, but the goroutine's slice is used up.
    Refused,
    /// The sending select was chosen by somebody else meanwhile.
    OwnLost,
}

/// How an attempt to receive ended.
#[must_use]
pub(crate) enum Received<T> {
    /// A value; and somebody may have to be woken.
    Value(T, Option<ForeignWaker>),
    /// Closed and drained.
    Closed,
    Empty,
    /// It could complete, but the goroutine's slice is used up.
    Refused,
    /// The receiving select was chosen by somebody else meanwhile.
    OwnLost,
}

/// The locked state of a channel.
pub(crate) struct Locked<'a, T> {
    pub(super) channel: &'a Channel<T>,
    pub(super) state: MutexGuard<'a, State<T>>,
}

impl<T> Deref for Locked<'_, T> {
    type Target = State<T>;

    #[inline]
    fn deref(&self) -> &State<T> {
        &self.state
    }
}

impl<T> DerefMut for Locked<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut State<T> {
        &mut self.state
    }
}

impl<T> Drop for Locked<'_, T> {
    #[inline]
    fn drop(&mut self) {
        let hint = self.state.hint(self.channel.capacity);
        self.channel.leave(&self.state, hint);
    }
}

impl<T> Locked<'_, T> {
    /// Sends what is in `slot`, in the name of `right`, if that is possible at once and `permit`
    /// is given. On success `slot` is empty; otherwise nothing was changed.
    #[inline]
    pub(crate) fn send(
        &mut self,
        slot: &mut Option<T>,
        right: Right<'_>,
        permit: impl FnOnce() -> bool,
    ) -> Sent {
        let state = &mut *self.state;
        let has_room = state.len() < self.channel.capacity;
        let has_peer = !state.receivers.is_empty()
            && !state.has_stored()
            && !state.senders.is_headed_by_plain();
        if !(has_room || has_peer || state.closed.is_some()) {
            return Sent::Full;
        }
        if !permit() {
            return Sent::Refused;
        }
        if let Some(closed) = state.closed {
            return if right.win() {
                Sent::Closed(closed)
            } else {
                Sent::OwnLost
            };
        }
        if has_peer {
            match state.receivers.claim(right) {
                Claimed::Won(winner) => {
                    let value = slot.take().expect(HAS_VALUE);
                    state.handed_over += 1;
                    return Sent::Done(winner.give(value, state.handed_over));
                }
                Claimed::OwnLost => return Sent::OwnLost,
                Claimed::Nobody => {}
            }
        }
        if !has_room {
            return Sent::Full;
        }
        if !right.win() {
            return Sent::OwnLost;
        }
        state.buffer.push(slot.take().expect(HAS_VALUE));
        Sent::Done(None)
    }

    /// Receives the oldest value, in the name of `right`, if there is one and `permit` is given.
    #[inline]
    pub(crate) fn receive(
        &mut self,
        right: Right<'_>,
        permit: impl FnOnce() -> bool,
    ) -> Received<T> {
        let state = &mut *self.state;
        let has_stored = state.has_stored();
        let has_peer = !state.senders.is_empty() && !state.receivers.is_headed_by_plain();
        if !(has_stored || has_peer || state.closed.is_some()) {
            return Received::Empty;
        }
        if !permit() {
            return Received::Refused;
        }
        if has_stored {
            if !right.win() {
                return Received::OwnLost;
            }
            let value = state.pop().expect("something is stored");
            return Received::Value(value, state.admit(self.channel.capacity));
        }
        if has_peer {
            match state.senders.claim(right) {
                Claimed::Won(winner) => {
                    let (value, waker) = winner.take();
                    return Received::Value(value, waker);
                }
                Claimed::OwnLost => return Received::OwnLost,
                Claimed::Nobody => {}
            }
        }
        if state.closed.is_none() {
            return Received::Empty;
        }
        if right.win() {
            Received::Closed
        } else {
            Received::OwnLost
        }
    }

    /// Receives up to `batch` values into `values`, which has room for them, so that nothing is
    /// allocated under the lock; how many there were.
    pub(super) fn receive_into(
        &mut self,
        values: &mut Vec<T>,
        batch: usize,
        senders: &mut WakeList,
    ) -> usize {
        debug_assert!(values.capacity() - values.len() >= batch);
        for taken in 0..batch {
            let Received::Value(value, sender) = self.receive(Right::Free, || true) else {
                return taken;
            };
            values.push(value);
            senders.extend(sender);
        }
        batch
    }
}

impl<T> State<T> {
    /// That of an open channel which nobody used yet.
    pub(super) fn new(capacity: usize) -> Self {
        let buffer = match capacity {
            UNBOUNDED => Buffer::unbounded(),
            _ => Buffer::bounded(capacity),
        };
        Self {
            buffer,
            returned: VecDeque::new(),
            senders: WaitQueue::new(),
            receivers: WaitQueue::new(),
            closed: None,
            handed_over: 0,
        }
    }

    /// How many values are stored, those that came back included.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.buffer.len() + self.returned.len()
    }

    #[inline]
    fn has_stored(&self) -> bool {
        self.len() > 0
    }

    /// How many values a receive could take now, one after the other; counts no further than `limit`.
    pub(super) fn available(&self, limit: usize) -> usize {
        match limit.checked_sub(self.len()) {
            Some(left) => self.len() + self.senders.count(left),
            None => limit,
        }
    }

    /// Takes the oldest value out.
    #[inline]
    fn pop(&mut self) -> Option<T> {
        if self.returned.is_empty() {
            self.buffer.pop()
        } else {
            self.pop_returned()
        }
    }

    #[cold]
    fn pop_returned(&mut self) -> Option<T> {
        let (_, value) = self.returned.pop_front()?;
        Some(value)
    }

    /// Moves the first waiting send's value in, if there is room now.
    #[inline]
    fn admit(&mut self, capacity: usize) -> Option<ForeignWaker> {
        if self.senders.is_empty() || self.len() >= capacity {
            return None;
        }
        match self.senders.claim(Right::Free) {
            Claimed::Won(winner) => {
                let (value, waker) = winner.take();
                self.buffer.push(value);
                waker
            }
            Claimed::Nobody | Claimed::OwnLost => None,
        }
    }

    /// Hands a value on that came back: to the next receive that waits, else into the store.
    pub(super) fn give_back(&mut self, value: T, number: u64) -> Option<ForeignWaker> {
        // What came back before goes first, and whoever waits beside it is about to look.
        if self.returned.is_empty()
            && let Claimed::Won(winner) = self.receivers.claim(Right::Free)
        {
            return winner.give(value, number);
        }
        let at = self
            .returned
            .partition_point(|&(earlier, _)| earlier < number);
        self.returned.insert(at, (number, value));
        None
    }

    pub(super) fn close(&mut self, closed: Closed, waiting: &mut WakeList) -> bool {
        if self.closed.is_some() {
            return false;
        }
        self.closed = Some(closed);
        self.senders.close(waiting);
        // Who waits beside stored values is about to look, and has to find them first.
        if !self.has_stored() {
            self.receivers.close(waiting);
        }
        true
    }

    /// Takes out everything that is stored, to be dropped after the lock.
    pub(super) fn take_stored(&mut self) -> impl Sized + use<T> {
        (std::mem::take(&mut self.returned), self.buffer.take())
    }

    #[inline]
    pub(super) fn hint(&self, capacity: usize) -> u8 {
        let (len, closed) = (self.len(), self.closed.is_some());
        let (sends, receives) = (!self.senders.is_empty(), !self.receivers.is_empty());
        let may_receive = closed || len > 0 || sends;
        let may_send = closed || len < capacity || receives;
        let calm = !(closed || sends || receives) && self.returned.is_empty();
        (u8::from(may_receive) * MAY_RECEIVE)
            | (u8::from(may_send) * MAY_SEND)
            | (u8::from(calm) * CALM)
    }

    /// The invariants of the top of this file.
    pub(super) fn check(&self, capacity: usize) {
        let receives = self.receivers.is_headed_by_plain();
        let sends = self.senders.is_headed_by_plain();
        debug_assert!(
            !(receives && sends),
            "a send and a receive wait for each other"
        );
        debug_assert!(
            !(receives && self.has_stored()),
            "a receive waits beside stored values"
        );
        debug_assert!(
            !(sends && self.len() < capacity),
            "a send waits beside room"
        );
        debug_assert!(
            !((receives || sends) && self.closed.is_some()),
            "waiting for ever"
        );
    }
}
