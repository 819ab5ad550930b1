//! The core of every channel: one state behind one lock. (Go: `hchan`, `runtime/chan.go`.) Here is what the
//! ends share, and the ways in and out: the short ones, and those that take the lock and wake when it is
//! free. What is done to the state, and in which order values and waiters go, is in `state`.
//!
//! What must hold whenever the lock is free: the hint is what [`State::hint`] says of the state. So a
//! bit that is not set is certain, and an operation that cannot complete turns back without the lock.
//! Debug builds check it, and the invariants of the state, each time the lock is let go.
//!
//! Nothing of a user's runs under the lock, no `Drop`, no `Clone`, no waker: what has to be dropped
//! or woken is handed out, and goes after the lock. There a waker that panics is nobody's business:
//! it is a [`ForeignWaker`], so that no unwinding takes down a value that was just received, or lets
//! a send look as if it had failed. A waker is cloned before anything is taken.

mod state;

use std::fmt;
use std::panic::Location;
use std::task::Poll;

use chango_core::note::{self, At, Reason};
use chango_core::util::foreign_waker::ForeignWaker;
use chango_core::util::wake_list::WakeList;

use crate::buffer::Buffer;
use crate::claim::Right;
use crate::primitive::atomic::{AtomicU8, AtomicUsize, Ordering};
use crate::primitive::{MODELLED, Mutex, MutexGuard, Rank};

use self::state::State;
pub(crate) use self::state::{Closed, Locked, Received, Sent};

/// The capacity of an unbounded channel.
pub(crate) const UNBOUNDED: usize = usize::MAX;

/// How many values a batch takes with one hold of the lock.
const BATCH: usize = if MODELLED { 1 } else { 32 };

/// In `hint`: the channel is open, nobody waits, and nothing came back. So an operation has to do with the
/// buffer only; mostly it is so.
const CALM: u8 = 4;
/// In `hint`: a receive may complete at once.
const MAY_RECEIVE: u8 = 1;
/// In `hint`: a send may complete at once.
const MAY_SEND: u8 = 2;

const HAS_VALUE: &str = "a send has its value until it is done";

/// What the two ends share.
///
/// In this order: what the short way needs is together, two lines of the cache from the hint to the buffer. Of
/// a channel between two workers they go from one to the other.
#[repr(C)]
pub(crate) struct Channel<T> {
    capacity: usize,
    /// What the last holder of the lock left: of the two operations a bit that is not set says that it cannot
    /// complete now. Written under the lock.
    hint: AtomicU8,
    /// The capacity, for dumps.
    noted: note::Capacity,
    state: Mutex<State<T>>,
    senders: AtomicUsize,
    receivers: AtomicUsize,
    made_at: &'static Location<'static>,
}

impl<T> Channel<T> {
    /// An open channel with one sender and one receiver.
    #[track_caller]
    pub(crate) fn new(capacity: usize) -> Self {
        let state = State::new(capacity);
        Self {
            made_at: Location::caller(),
            capacity,
            senders: AtomicUsize::new(1),
            receivers: AtomicUsize::new(1),
            noted: note::Capacity::of(capacity),
            hint: AtomicU8::new(state.hint(capacity)),
            state: Mutex::new(Rank::Channel, state),
        }
    }

    /// An open channel with one receiver, to which nobody sends and nobody ever can.
    #[track_caller]
    pub(crate) fn without_senders() -> Self {
        Self {
            senders: AtomicUsize::new(0),
            ..Self::new(0)
        }
    }

    /// Takes the lock.
    #[inline]
    pub(crate) fn lock(&self) -> Locked<'_, T> {
        Locked {
            channel: self,
            state: self.state.lock_aside(),
        }
    }

    /// Whether a send may complete at once. `false` is certain for whatever happened before, and for
    /// whoever holds the lock.
    #[inline]
    pub(crate) fn may_send(&self) -> bool {
        self.hint.load(Ordering::Relaxed) & MAY_SEND != 0
    }

    /// Whether a receive may complete at once. `false` is certain for whatever happened before, and
    /// for whoever holds the lock.
    #[inline]
    pub(crate) fn may_receive(&self) -> bool {
        self.hint.load(Ordering::Relaxed) & MAY_RECEIVE != 0
    }

    /// Sends what is in `slot` if that is possible at once and `permit` is given. On success
    /// `slot` is empty.
    #[inline(always)]
    pub(crate) fn send(&self, slot: &mut Option<T>, permit: impl FnOnce() -> bool) -> Sending {
        // Only this much belongs into every caller: mostly it is all.
        match self.may_send() {
            true => self.send_locked(slot, permit),
            false => Sending::Full,
        }
    }

    /// The short way, for on a bounded channel it is mostly enough: the lock is free, and there is nothing to do
    /// but with a ring.
    #[inline(never)]
    fn send_locked(&self, slot: &mut Option<T>, permit: impl FnOnce() -> bool) -> Sending {
        let Some(mut state) = self.state.try_lock() else {
            return self.send_waiting(slot, permit);
        };
        let ring = match &mut state.buffer {
            Buffer::Ring(ring) if self.is_calm() && ring.has_slot() => ring,
            _ => return self.send_with(state, slot, permit),
        };
        if !permit() {
            return Sending::Refused;
        }
        ring.fill(slot.take().expect(HAS_VALUE));
        let has_room = ring.len() < self.capacity;
        self.leave(&state, CALM | MAY_RECEIVE | (u8::from(has_room) * MAY_SEND));
        Sending::Done
    }

    #[cold]
    fn send_waiting(&self, slot: &mut Option<T>, permit: impl FnOnce() -> bool) -> Sending {
        self.send_with(self.state.lock_aside(), slot, permit)
    }

    /// The way in which everything is thought of.
    #[inline(never)]
    fn send_with(
        &self,
        mut state: MutexGuard<'_, State<T>>,
        slot: &mut Option<T>,
        permit: impl FnOnce() -> bool,
    ) -> Sending {
        if self.is_calm() && state.buffer.len() < self.capacity {
            if !permit() {
                return Sending::Refused;
            }
            state.buffer.push(slot.take().expect(HAS_VALUE));
            self.leave(&state, state.hint(self.capacity));
            return Sending::Done;
        }
        let mut locked = Locked {
            channel: self,
            state,
        };
        let sent = locked.send(slot, Right::Free, permit);
        drop(locked);
        match sent {
            Sent::Done(waker) => {
                wake(waker);
                Sending::Done
            }
            Sent::Closed(closed) => Sending::Closed(closed),
            Sent::Refused => Sending::Refused,
            Sent::Full | Sent::OwnLost => Sending::Full,
        }
    }

    /// Receives a value if there is one and `permit` is given; `None` if the channel is closed and drained. Pending:
    /// there is none, or no permit.
    ///
    /// It is what the futures around it give, so that a large value is not moved from one form into another.
    #[inline(always)]
    pub(crate) fn receive(&self, permit: impl FnOnce() -> bool) -> Poll<Option<T>> {
        // As in `send`.
        match self.may_receive() {
            true => self.receive_locked(permit),
            false => Poll::Pending,
        }
    }

    /// As `send_locked`.
    #[inline(never)]
    fn receive_locked(&self, permit: impl FnOnce() -> bool) -> Poll<Option<T>> {
        let Some(mut state) = self.state.try_lock() else {
            return self.receive_waiting(permit);
        };
        let ring = match &mut state.buffer {
            Buffer::Ring(ring) if self.is_calm() && ring.len() > 0 => ring,
            _ => return self.receive_with(state, permit),
        };
        if !permit() {
            return Poll::Pending;
        }
        let oldest = ring.give_up().expect("something is stored");
        let has_more = ring.len() > 0;
        self.leave(&state, CALM | MAY_SEND | (u8::from(has_more) * MAY_RECEIVE));
        // Here, so that it is moved from the ring to the caller at once.
        // SAFETY: the ring has given it up, and nothing is put in before this function gives the lock back.
        Poll::Ready(Some(unsafe { oldest.read() }))
    }

    #[cold]
    fn receive_waiting(&self, permit: impl FnOnce() -> bool) -> Poll<Option<T>> {
        self.receive_with(self.state.lock_aside(), permit)
    }

    /// As `send_with`.
    #[inline(never)]
    fn receive_with(
        &self,
        mut state: MutexGuard<'_, State<T>>,
        permit: impl FnOnce() -> bool,
    ) -> Poll<Option<T>> {
        if self.is_calm() && state.buffer.len() > 0 {
            if !permit() {
                return Poll::Pending;
            }
            let value = state.buffer.pop().expect("something is stored");
            self.leave(&state, state.hint(self.capacity));
            return Poll::Ready(Some(value));
        }
        let mut locked = Locked {
            channel: self,
            state,
        };
        let received = locked.receive(Right::Free, permit);
        drop(locked);
        match received {
            Received::Value(value, waker) => {
                wake(waker);
                Poll::Ready(Some(value))
            }
            Received::Closed => Poll::Ready(None),
            Received::Empty | Received::Refused | Received::OwnLost => Poll::Pending,
        }
    }

    /// Whether the channel is open, nobody waits, and nothing came back. The caller holds the lock.
    #[inline]
    fn is_calm(&self) -> bool {
        self.hint.load(Ordering::Relaxed) & CALM != 0
    }

    /// Whoever had the lock leaves this hint.
    #[inline(always)]
    fn leave(&self, state: &State<T>, hint: u8) {
        if cfg!(debug_assertions) {
            state.check(self.capacity);
            assert_eq!(hint, state.hint(self.capacity));
        }
        // The line is this thread's already; what matters is not to write what stands there.
        if self.hint.load(Ordering::Relaxed) != hint {
            self.hint.store(hint, Ordering::Relaxed);
        }
    }

    /// Receives what is stored and what waiting sends have, up to `limit` values, and puts it behind
    /// what is in `values`; how many values it were. It never waits and needs no permit.
    ///
    /// What is sent once it has begun is left for the next one, or else it would not end while
    /// senders are as fast.
    pub(crate) fn receive_many(&self, values: &mut Vec<T>, limit: usize) -> usize {
        if limit == 0 || !self.may_receive() {
            return 0;
        }
        let most = self.lock().available(limit);
        // Before the lock is taken: it allocates, and may panic.
        values.reserve(most);
        let mut taken = 0;
        while taken < most {
            let batch = BATCH.min(most - taken);
            let mut senders = WakeList::new();
            let mut locked = self.lock();
            let got = locked.receive_into(values, batch, &mut senders);
            drop(locked);
            senders.wake_all();
            taken += got;
            if got < batch {
                // Another receiver was faster.
                break;
            }
        }
        taken
    }

    /// Takes back a value that was handed over to a receive which was then dropped.
    pub(crate) fn give_back(&self, value: T, number: u64) {
        let mut locked = self.lock();
        let waker = locked.give_back(value, number);
        drop(locked);
        wake(waker);
    }

    /// Closes the channel; false if it was closed already.
    pub(crate) fn close(&self, closed: Closed) -> bool {
        let mut waiting = WakeList::new();
        let mut locked = self.lock();
        let first = locked.close(closed, &mut waiting);
        drop(locked);
        waiting.wake_all();
        first
    }

    /// The running goroutine notes that it waits here for a value.
    #[inline]
    pub(crate) fn note_receive(&self, at: At) {
        let peers = self.sender_count();
        note::waits_on(Reason::ChanReceive, at, self.fact(peers));
    }

    /// The same, for a send.
    #[inline]
    pub(crate) fn note_send(&self, at: &'static Location<'static>) {
        let peers = self.receiver_count();
        note::waits_on(Reason::ChanSend, At::Here(at), self.fact(peers));
    }

    fn fact(&self, peers: usize) -> note::Channel {
        note::Channel {
            made_at: self.made_at,
            capacity: self.noted,
            peers,
        }
    }

    /// From which side the channel was closed, if it is.
    pub(crate) fn closed(&self) -> Option<Closed> {
        self.lock().closed
    }

    /// How many values are stored.
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    pub(crate) fn sender_count(&self) -> usize {
        self.senders.load(Ordering::Relaxed)
    }

    pub(crate) fn receiver_count(&self) -> usize {
        self.receivers.load(Ordering::Relaxed)
    }

    /// Counts one more sender. The caller has one.
    pub(crate) fn add_sender(&self) {
        self.senders.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts one more receiver. The caller has one.
    pub(crate) fn add_receiver(&self) {
        self.receivers.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts one more sender for a caller that has none; false if there is none at all.
    ///
    /// Never from zero: whoever counts down to zero closes the channel, and whoever counts up from
    /// one here is counted by then, so that of the two exactly one is the last.
    #[must_use]
    pub(crate) fn upgrade_sender(&self) -> bool {
        add_to_some(&self.senders)
    }

    /// Counts one more receiver for a caller that has none; false if there is none at all.
    #[must_use]
    pub(crate) fn upgrade_receiver(&self) -> bool {
        add_to_some(&self.receivers)
    }

    /// Counts one sender less; the last one closes the channel.
    pub(crate) fn remove_sender(&self) {
        // Release and acquire pair with each other: what other senders did before they went, the
        // last one closes after.
        if self.senders.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.close(Closed::BySender);
        }
    }

    /// Counts one receiver less; the last one closes the channel and drops what is stored.
    pub(crate) fn remove_receiver(&self) {
        // As in `remove_sender`.
        if self.receivers.fetch_sub(1, Ordering::AcqRel) != 1 {
            return;
        }
        let mut waiting = WakeList::new();
        let mut locked = self.lock();
        locked.close(Closed::ByReceiver, &mut waiting);
        let stored = locked.take_stored();
        drop(locked);
        waiting.wake_all();
        drop(stored);
    }
}

/// Adds one to a count that is not zero; false if it is.
fn add_to_some(count: &AtomicUsize) -> bool {
    // Relaxed, as for a clone: what the new end relies on is behind the lock, and the decrements
    // that may follow order themselves.
    count
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |ends| {
            (ends > 0).then_some(ends + 1)
        })
        .is_ok()
}

/// How an attempt to send that needs nothing further ended.
#[must_use]
pub(crate) enum Sending {
    Done,
    Closed(Closed),
    Full,
    Refused,
}

impl<T> fmt::Debug for Channel<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (len, closed) = {
            let locked = self.lock();
            (locked.len(), locked.closed.is_some())
        };
        let mut debug = f.debug_struct("Channel");
        match self.capacity {
            UNBOUNDED => debug.field("capacity", &None::<usize>),
            capacity => debug.field("capacity", &Some(capacity)),
        };
        debug
            .field("len", &len)
            .field("closed", &closed)
            .field("senders", &self.sender_count())
            .field("receivers", &self.receiver_count())
            .finish()
    }
}

/// Wakes whoever was made ready. No lock may be held.
#[inline]
pub(crate) fn wake(waker: Option<ForeignWaker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::mem::size_of;

    use super::Channel;
    use crate::future::{RecvFuture, SendFuture};
    use crate::ops::ReceiveWait;
    use crate::receiver::Receiver;

    #[test]
    fn an_idle_channel_and_a_waiting_operation_are_small() {
        // What the crate's documentation says; 16 bytes are the counts of the `Arc` around it.
        assert!(size_of::<Channel<u64>>() + 16 <= 208);
        assert!(size_of::<RecvFuture<'_, u64>>() <= 72);
        assert!(size_of::<ReceiveWait<'_, Receiver<u64>>>() <= 64);
        assert!(size_of::<SendFuture<'_, u64>>() <= 72);
    }
}
