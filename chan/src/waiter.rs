//! One waiting operation: the node inside a waiting future. (Go: `sudog`.)
//!
//! It is part of the future, so that waiting allocates nothing. What must hold:
//!
//! * a node that is queued belongs to whoever holds the lock of its channel; in every other state
//!   it belongs to its owner, the future around it;
//! * the state becomes `QUEUED` under the lock and by the owner; it is taken from there under the
//!   lock, either by the owner, who unlinks the node, or by another one, who completes it. Writing
//!   the new state is the last thing another one does to a node: the owner that sees it may free
//!   the node;
//! * a queued node neither moves nor goes: its future is pinned, and takes it out of the queue
//!   before it is dropped. So a waker is never left in a node;
//! * a receive that is `DONE` has a value that nothing drops by itself: its owner finishes it, and so does who
//!   withdraws it.
//!
//! | state | value of a send | value of a receive |
//! |---|---|---|
//! | `IDLE`, `TRIED`, `QUEUED` | the one to send | none |
//! | `DONE` | none | the one received |
//! | `CLOSED` | the one that was not sent | none |
//! | `FINISHED` | none | none |
//!
//! A receive has a value when nobody waits in it any more, so the two share their place: where very many
//! goroutines wait it is the node that weighs.

use std::fmt;
use std::marker::PhantomPinned;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ptr;
use std::task::Waker;

use chango_core::util::foreign_waker::ForeignWaker;

use crate::claim::Claim;
use crate::primitive::atomic::{AtomicU32, Ordering};
use crate::primitive::cell::UnsafeCell;

/// The low bits of the state word; above them stands the arm of a select, if it is one.
const KIND: u32 = 0b111;
const ARM_SHIFT: u32 = KIND.count_ones();

/// How many arms of one select can be told apart.
pub(crate) const MAX_ARMS: usize = (u32::MAX >> ARM_SHIFT) as usize;

/// Where a waiting operation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum State {
    /// Not begun.
    Idle,
    /// Not begun, but it was just found that it cannot complete at once.
    Tried,
    /// In a queue of its channel.
    Queued,
    /// Completed by another one.
    Done,
    /// Refused by the closing of the channel.
    Closed,
    /// The result was handed out.
    Finished,
}

impl State {
    fn of(word: u32) -> Self {
        match word & KIND {
            0 => Self::Idle,
            1 => Self::Tried,
            2 => Self::Queued,
            3 => Self::Done,
            4 => Self::Closed,
            _ => Self::Finished,
        }
    }
}

/// Who is to be told when a node is completed.
pub(crate) enum Who {
    /// A plain operation.
    Plain(ForeignWaker),
    /// A select, which has to be won first.
    Select(*const Claim),
}

/// The node of one waiting operation.
#[doc(hidden)]
pub struct Waiter<C> {
    node: UnsafeCell<Node<C>>,
    /// A [`State`] and an arm. Read by the owner without the lock.
    state: AtomicU32,
    /// A queued node is pointed to by others.
    _pinned: PhantomPinned,
}

struct Node<C> {
    place: Place<C>,
    content: C,
}

/// One of two things that are never needed at the same time.
union Place<C> {
    /// In every other state.
    nothing: (),
    /// While queued.
    links: Links<C>,
    /// Of a receive that is done: when the value was handed over, counted by the channel.
    number: u64,
}

/// Who waits in a node, and its value.
///
/// # Safety
///
/// [`who`](Self::who) gives a place inside, always the same, for a [`Who`], which nothing else uses while
/// somebody waits there.
pub(crate) unsafe trait Content {
    /// The place of who waits. It is initialized while the node is queued, and only then: most operations never are,
    /// and it is dear to write what is at once moved with the future.
    ///
    /// # Safety
    ///
    /// The pointer is valid, and that of a live content.
    unsafe fn who(this: *mut Self) -> *mut Who;
}

/// What a send has, or another operation that has a value while it waits.
#[doc(hidden)]
pub struct Outgoing<T> {
    who: MaybeUninit<Who>,
    value: Option<T>,
}

/// What a receive has. Who waits is read out (`leave`) before a value is put in (`give`).
#[doc(hidden)]
pub union Incoming<T> {
    /// In every other state.
    nothing: (),
    /// While queued.
    who: ManuallyDrop<Who>,
    /// Once it is done.
    value: ManuallyDrop<T>,
}

// SAFETY: the place of a waker and of a claim, which is made for sharing, and of a value that is `Send`.
unsafe impl<T: Send> Send for Outgoing<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for Incoming<T> {}

// SAFETY: a field by itself.
unsafe impl<T> Content for Outgoing<T> {
    #[inline]
    unsafe fn who(this: *mut Self) -> *mut Who {
        // SAFETY: what the caller promises.
        unsafe { (&raw mut (*this).who).cast() }
    }
}

// SAFETY: a value is there once nobody waits any more; see the top of this file.
unsafe impl<T> Content for Incoming<T> {
    #[inline]
    unsafe fn who(this: *mut Self) -> *mut Who {
        // SAFETY: what the caller promises.
        unsafe { (&raw mut (*this).who).cast() }
    }
}

impl<T> fmt::Debug for Outgoing<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Incoming<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").finish_non_exhaustive()
    }
}

/// A node's neighbours in its queue.
pub(crate) struct Links<C> {
    pub(crate) prev: *const Waiter<C>,
    pub(crate) next: *const Waiter<C>,
}

impl<C> Clone for Links<C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for Links<C> {}

// SAFETY: the pointers are followed only under the lock of the channel that the queue belongs to.
unsafe impl<C: Send> Send for Waiter<C> {}
// SAFETY: everything that can be done to a node by shared reference is unsafe, or under the lock of
// its channel, or reads the state; a value is moved through it and never shared.
unsafe impl<C: Send> Sync for Waiter<C> {}

impl<C> Waiter<C> {
    #[inline]
    fn with(content: C) -> Self {
        let node = Node {
            place: Place { nothing: () },
            content,
        };
        Self {
            node: UnsafeCell::new(node),
            state: AtomicU32::new(State::Idle as u32),
            _pinned: PhantomPinned,
        }
    }

    /// The same before it is pinned, for an operation that was just tried in vain.
    #[inline]
    pub(crate) fn tried(mut self) -> Self {
        self.state = AtomicU32::new(State::Tried as u32);
        self
    }

    /// Where the operation stands. What is not `Queued` stays as it is until the owner changes it.
    #[inline]
    pub(crate) fn state(&self) -> State {
        // Acquire: the owner goes on with what another one wrote; pairs with `complete`.
        State::of(self.state.load(Ordering::Acquire))
    }

    /// Writes the state. Only the owner, while the node is in no queue.
    #[inline]
    pub(crate) fn set_state(&self, state: State) {
        self.state.store(state as u32, Ordering::Relaxed);
    }
}

// The bound stands at the methods, which are not public, since the trait is not.
impl<C> Waiter<C> {
    /// Makes the node a queued one.
    ///
    /// # Safety
    ///
    /// The node belongs to the caller and is in no queue; the caller holds the lock of the channel.
    #[inline]
    pub(crate) unsafe fn enter(&self, links: Links<C>, who: Who, arm: u32)
    where
        C: Content,
    {
        // SAFETY: the node belongs to the caller.
        self.node.with_mut(|node| unsafe {
            (*node).place.links = links;
            C::who(&raw mut (*node).content).write(who);
        });
        self.state
            .store(State::Queued as u32 | arm << ARM_SHIFT, Ordering::Relaxed);
    }

    /// Takes out who waits in a queued node.
    ///
    /// # Safety
    ///
    /// The node is queued, the caller has unlinked it and holds the lock of the channel; before it
    /// gives the lock back it writes another state: as the owner by `set_state`, else by completing
    /// the node.
    #[inline]
    pub(crate) unsafe fn leave(&self) -> Who
    where
        C: Content,
    {
        self.node.with_mut(|node| {
            // SAFETY: a queued node belongs to whoever holds the lock, and somebody waits in it, who is
            // taken out once, since the node is not queued any more.
            unsafe { C::who(&raw mut (*node).content).read() }
        })
    }

    /// The neighbours of a queued node.
    ///
    /// # Safety
    ///
    /// The node is queued, and the caller holds the lock of the channel.
    #[inline]
    pub(crate) unsafe fn links(&self) -> Links<C> {
        // SAFETY: a queued node belongs to whoever holds the lock, and has links.
        self.node.with(|node| unsafe { (*node).place.links })
    }

    /// Changes the neighbours of a queued node.
    ///
    /// # Safety
    ///
    /// As for [`links`](Self::links).
    #[inline]
    pub(crate) unsafe fn set_links(&self, change: impl FnOnce(&mut Links<C>)) {
        self.node.with_mut(|node| {
            // SAFETY: as for `links`.
            change(unsafe { &mut (*node).place.links });
        });
    }

    /// The claim of the select that a queued node belongs to, and its arm; none for a plain one.
    ///
    /// # Safety
    ///
    /// The node is queued, the caller holds the lock of the channel, and uses the claim no longer
    /// than that.
    #[inline]
    pub(crate) unsafe fn claim<'a>(&self) -> Option<(&'a Claim, u32)>
    where
        C: Content,
    {
        let claim = self.node.with_mut(|node| {
            // SAFETY: a queued node belongs to whoever holds the lock, and somebody waits in it.
            match unsafe { &*C::who(&raw mut (*node).content) } {
                Who::Plain(_) => ptr::null(),
                Who::Select(claim) => *claim,
            }
        });
        // SAFETY: a select takes its nodes out of their queues, under the lock, before its claim
        // goes.
        let claim = unsafe { claim.as_ref() }?;
        Some((claim, self.state.load(Ordering::Relaxed) >> ARM_SHIFT))
    }

    /// Whether the waker of a queued plain node wakes the same as `waker` does.
    ///
    /// # Safety
    ///
    /// The node is queued, and the caller holds the lock of the channel.
    pub(crate) unsafe fn will_wake(&self, waker: &Waker) -> bool
    where
        C: Content,
    {
        self.node.with_mut(|node| {
            // SAFETY: a queued node belongs to whoever holds the lock, and somebody waits in it.
            match unsafe { &*C::who(&raw mut (*node).content) } {
                Who::Plain(old) => old.will_wake(waker),
                Who::Select(_) => false,
            }
        })
    }

    /// Puts another waker into a queued plain node.
    ///
    /// # Safety
    ///
    /// The node is queued, and the caller holds the lock of the channel.
    pub(crate) unsafe fn set_waker(&self, waker: ForeignWaker) -> Who
    where
        C: Content,
    {
        // SAFETY: a queued node belongs to whoever holds the lock, and somebody waits in it.
        self.node.with_mut(|node| unsafe {
            std::mem::replace(&mut *C::who(&raw mut (*node).content), Who::Plain(waker))
        })
    }

    /// Ends the waiting: the last thing that another one does to a node.
    ///
    /// # Safety
    ///
    /// The caller took the node out of its queue and still holds the lock of the channel.
    #[inline]
    unsafe fn complete(&self, state: State) {
        // Release: pairs with `state`, after which the owner may free the node.
        self.state.store(state as u32, Ordering::Release);
    }
}

impl<T> Waiter<Outgoing<T>> {
    /// The node of a send of `value`.
    #[inline]
    pub(crate) fn send(value: T) -> Self {
        Self::outgoing(Some(value))
    }

    /// A node whose value comes later.
    pub(crate) fn vacant() -> Self {
        Self::outgoing(None)
    }

    #[inline]
    fn outgoing(value: Option<T>) -> Self {
        Self::with(Outgoing {
            who: MaybeUninit::uninit(),
            value,
        })
    }

    /// Takes the value out.
    ///
    /// # Safety
    ///
    /// The node belongs to the caller: see the top of this file.
    #[inline]
    pub(crate) unsafe fn take(&self) -> Option<T> {
        self.node.with_mut(|node| {
            // SAFETY: nobody else touches a node that belongs to the caller.
            unsafe { (*node).content.value.take() }
        })
    }

    /// Puts a value in where there is none.
    ///
    /// # Safety
    ///
    /// As for [`take`](Self::take).
    #[inline]
    pub(crate) unsafe fn put(&self, value: Option<T>) {
        // SAFETY: nobody else touches a node that belongs to the caller. There is no value, so no
        // destructor of a user's runs, and a plain write would do as well.
        self.node.with_mut(|node| unsafe {
            debug_assert!((*node).content.value.is_none());
            ptr::write(&raw mut (*node).content.value, value);
        });
    }

    /// Looks at the value, or changes it.
    ///
    /// # Safety
    ///
    /// The node belongs to the caller, who holds the lock if it is queued; and there is a value.
    #[inline]
    pub(crate) unsafe fn with_value<R>(&self, look: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: nobody else touches a node that belongs to the caller.
        self.node.with_mut(|node| unsafe {
            let value = (*node).content.value.as_mut();
            look(value.expect("there is a value in the node"))
        })
    }
}

impl<T> Waiter<Incoming<T>> {
    /// The node of a receive.
    #[inline]
    pub(crate) fn receive() -> Self {
        Self::with(Incoming { nothing: () })
    }

    /// Takes the value of a receive that was completed, if it was not by closing the channel, and finishes it.
    ///
    /// # Safety
    ///
    /// The node belongs to the caller: see the top of this file. This is its state.
    #[inline]
    pub(crate) unsafe fn finish(&self, state: State) -> Option<T> {
        debug_assert_eq!(state, self.state());
        self.set_state(State::Finished);
        if state != State::Done {
            return None;
        }
        let value = self.node.with_mut(|node| {
            // SAFETY: whoever completed the receive has put a value in, and left the node to the caller, who
            // takes it out once.
            unsafe { ManuallyDrop::take(&mut (*node).content.value) }
        });
        Some(value)
    }

    /// When the value of a receive that is done was handed over.
    ///
    /// # Safety
    ///
    /// The node is a receive's, is `Done`, and belongs to the caller.
    pub(crate) unsafe fn number(&self) -> u64 {
        // SAFETY: whoever completed the receive wrote the number.
        self.node.with(|node| unsafe { (*node).place.number })
    }
}

impl<C> fmt::Debug for Waiter<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiter")
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

/// A node that was won and unlinked, and has to be completed before the lock is given back.
#[must_use = "the owner of the node waits until it is completed"]
pub(crate) struct Winner<'a, C> {
    waiter: &'a Waiter<C>,
    waker: Option<ForeignWaker>,
}

impl<'a, C: Content> Winner<'a, C> {
    /// # Safety
    ///
    /// The node was taken out of its queue by the caller, who holds the lock and completes the node
    /// with this before it gives the lock back; the waker is the node's.
    #[inline]
    pub(crate) unsafe fn new(waiter: &'a Waiter<C>, waker: Option<ForeignWaker>) -> Self {
        Self { waiter, waker }
    }

    /// Tells the owner that the channel is closed.
    pub(crate) fn close(self) -> Option<ForeignWaker> {
        // SAFETY: by the contract of `new` the node is completed here.
        unsafe { self.waiter.complete(State::Closed) };
        self.waker
    }
}

impl<T> Winner<'_, Incoming<T>> {
    /// Hands `value` over to a receive; `number` counts the values handed over.
    #[inline]
    pub(crate) fn give(self, value: T, number: u64) -> Option<ForeignWaker> {
        // SAFETY: by the contract of `new` the node belongs to this thread, and is completed here.
        unsafe {
            self.waiter.node.with_mut(|node| {
                (*node).content.value = ManuallyDrop::new(value);
                (*node).place.number = number;
            });
            self.waiter.complete(State::Done);
        }
        self.waker
    }
}

impl<T> Winner<'_, Outgoing<T>> {
    /// Takes the value of a send.
    #[inline]
    pub(crate) fn take(self) -> (T, Option<ForeignWaker>) {
        // SAFETY: by the contract of `new` the node belongs to this thread, and is completed here.
        let value = unsafe {
            let value = self.waiter.take();
            self.waiter.complete(State::Done);
            value
        };
        (value.expect("a send that waits has its value"), self.waker)
    }
}
