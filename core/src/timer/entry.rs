//! One waiting operation's place in a heap of timers: a node inside the waiting future.
//!
//! Nothing is allocated for it, and taking it out needs no search, since it knows its shard and its
//! index there. What must hold:
//!
//! * an entry is in at most one heap, and in that one only while its state is `HEAPED`;
//! * it does not move from [`Entry::arm`] on (it is pinned), and its drop takes it out of the heap;
//! * `index` and, while the state is `HEAPED`, `waker` belong to whoever holds the lock of its
//!   shard; in every other state the waker belongs to the owner of the entry;
//! * the store that ends `HEAPED` is the last thing that a thread other than the owner does to it,
//!   so an owner who sees another state may free the entry without the lock.
//!
//! The owner is whoever has the `Pin<&mut Entry>`: the future itself or, for those who wait on a
//! `Timer`, whoever holds the lock of that timer's list.

use std::fmt;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::Waker;
use std::time::Instant;

use super::heap::Item;
use super::{Inserted, Shard};
use crate::primitive::atomic::{AtomicU8, Ordering};
use crate::primitive::cell::UnsafeCell;
use crate::primitive::sync::Arc;
use crate::util::foreign_waker::ForeignWaker;

/// In no heap, and nobody is to be woken.
const IDLE: u8 = 0;
/// In the heap of its shard.
const HEAPED: u8 = 1;
/// In no heap, but with the waker of one who waits for a deadline that is not set.
const PARKED: u8 = 2;
/// Its deadline passed, and its waker was taken out to be woken.
const FIRED: u8 = 3;

/// A node of a heap of timers.
pub(crate) struct Entry {
    /// The shard whose heap it was last put into. The owner's.
    shard: Option<Arc<Shard>>,
    node: Node,
}

/// The part of an entry that other threads reach through the heap.
pub(super) struct Node {
    state: AtomicU8,
    /// Where it stands in its heap.
    index: UnsafeCell<u32>,
    waker: UnsafeCell<Option<ForeignWaker>>,
    /// Keeps an `&mut Entry` from claiming that nobody else points into it.
    _pinned: PhantomPinned,
}

/// How [`Entry::arm`] went.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Armed {
    /// The waker will be woken at the deadline, if there is one.
    Waiting {
        /// The deadline is the earliest of its shard: somebody may be asleep until a later one.
        earliest: bool,
    },
    /// The runtime has shut down: nobody will ever be woken.
    Refused,
}

// SAFETY: what is in the entry is only touched by its owner or under the lock of its shard (see the
// file's invariants), and wakers and `Arc<Shard>` may be used and dropped on any thread.
unsafe impl Send for Entry {}
// SAFETY: through `&Entry` only the atomic state can be read.
unsafe impl Sync for Entry {}

impl Entry {
    /// An entry in no heap.
    pub(crate) fn new() -> Self {
        let node = Node {
            state: AtomicU8::new(IDLE),
            index: UnsafeCell::new(0),
            waker: UnsafeCell::new(None),
            _pinned: PhantomPinned,
        };
        Self { shard: None, node }
    }

    /// Whether its deadline has passed since it was last armed.
    #[cfg(test)]
    pub(crate) fn has_fired(&self) -> bool {
        self.node.state() == FIRED
    }

    /// Whether somebody is to be woken by it still.
    pub(crate) fn is_armed(&self) -> bool {
        matches!(self.node.state(), HEAPED | PARKED)
    }

    /// Has `waker` woken at `deadline`, or only keeps it if there is none. Whatever the entry was
    /// armed for before is forgotten; its waker comes back, and so does one that is refused, to be dropped where
    /// no lock is held.
    pub(crate) fn arm(
        mut self: Pin<&mut Self>,
        shard: &Arc<Shard>,
        deadline: Option<Instant>,
        waker: ForeignWaker,
    ) -> (Armed, [Option<ForeignWaker>; 2]) {
        let old = self.as_mut().disarm();
        let Some(deadline) = deadline else {
            self.as_mut().park(waker);
            return (Armed::Waiting { earliest: false }, [old, None]);
        };
        // SAFETY: the shard is a plain field of a pinned value: it is replaced, nothing is moved.
        let this = unsafe { self.get_unchecked_mut() };
        if !this
            .shard
            .as_ref()
            .is_some_and(|mine| Arc::ptr_eq(mine, shard))
        {
            this.shard = Some(Arc::clone(shard));
        }
        // SAFETY: the node is pinned, it is in no heap after `disarm`, and the drop of the entry
        // takes it out of this one before the memory goes.
        match unsafe { shard.insert(NonNull::from(&this.node), deadline, waker) } {
            Inserted::Yes { earliest } => (Armed::Waiting { earliest }, [old, None]),
            Inserted::No(refused) => (Armed::Refused, [old, Some(refused)]),
        }
    }

    /// Replaces the waker by a clone of `waker`; false if there is none to be replaced.
    ///
    /// No lock may be held: cloning and dropping a waker is user code.
    pub(crate) fn set_waker(self: Pin<&mut Self>, waker: &Waker) -> bool {
        match self.with_waker(|mine| mine.will_wake(waker)) {
            None => return false,
            Some(true) => return true,
            Some(false) => {}
        }
        let mut new = ForeignWaker::of(waker);
        let replaced = self.with_waker(|mine| std::mem::swap(mine, &mut new));
        drop(new);
        replaced.is_some()
    }

    /// Whether `waker` is the one that will be woken.
    pub(crate) fn will_wake(&self, waker: &Waker) -> bool {
        self.with_waker(|mine| mine.will_wake(waker)) == Some(true)
    }

    /// Takes the entry out of its heap. The waker, if nobody woke it, comes back to be woken, or to
    /// be dropped where no lock is held.
    pub(crate) fn disarm(mut self: Pin<&mut Self>) -> Option<ForeignWaker> {
        self.as_mut().unheap();
        if self.node.state() != PARKED {
            return None;
        }
        // SAFETY: only the owner touches the waker of an entry that is in no heap.
        let waker = self.node.waker.with_mut(|waker| unsafe { (*waker).take() });
        self.node.state.store(IDLE, Ordering::Relaxed);
        waker
    }

    /// Takes the entry out of its heap, waker and all, as if its deadline had been none.
    pub(crate) fn unheap(self: Pin<&mut Self>) {
        if let (HEAPED, Some(shard)) = (self.node.state(), &self.shard) {
            // SAFETY: a node in state `HEAPED` was put into this shard's heap.
            unsafe { shard.remove(&self.node) };
        }
    }

    /// Keeps the waker without a deadline.
    fn park(self: Pin<&mut Self>, waker: ForeignWaker) {
        debug_assert!(!self.is_armed());
        // SAFETY: only the owner touches the waker of an entry that is in no heap.
        self.node
            .waker
            .with_mut(|mine| unsafe { *mine = Some(waker) });
        self.node.state.store(PARKED, Ordering::Relaxed);
    }

    /// Runs `f` on the waker that is to be woken, under the lock that it belongs to.
    fn with_waker<R>(&self, f: impl FnOnce(&mut ForeignWaker) -> R) -> Option<R> {
        match (self.node.state(), &self.shard) {
            // SAFETY: a node in state `HEAPED` was put into this shard's heap.
            (HEAPED, Some(shard)) => unsafe { shard.with_waker(&self.node, f) },
            (PARKED, _) => self.node.waker.with_mut(|waker| {
                // SAFETY: only the owner touches the waker of an entry that is in no heap.
                unsafe { (*waker).as_mut() }.map(f)
            }),
            _ => None,
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if self.is_armed() {
            // SAFETY: an entry that is being dropped never moves again.
            drop(unsafe { Pin::new_unchecked(self) }.disarm());
        }
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.node.state() {
            HEAPED => "heaped",
            PARKED => "parked",
            FIRED => "fired",
            _ => "idle",
        };
        f.debug_struct("Entry")
            .field("state", &state)
            .finish_non_exhaustive()
    }
}

impl Node {
    fn state(&self) -> u8 {
        // Pairs with the stores that end `HEAPED`: what was done to the node before is seen, and
        // nothing is done to it after.
        self.state.load(Ordering::Acquire)
    }
}

/// A node as a heap holds it.
#[derive(Clone, Copy, Debug)]
pub(super) struct NodeRef(NonNull<Node>);

// SAFETY: a `NodeRef` exists only inside a heap; what it points to is used under the heap's lock.
unsafe impl Send for NodeRef {}

impl NodeRef {
    /// Gives the node its waker and marks it as `HEAPED`. Its index follows from [`Item::placed`].
    ///
    /// # Safety
    ///
    /// The lock of the shard whose heap the node is about to be pushed to is held; the node is in
    /// no heap and stays where it is until it is taken out.
    pub(super) unsafe fn enter(node: NonNull<Node>, waker: ForeignWaker) -> Self {
        // SAFETY: the caller's node is valid, and in no heap: so nobody else touches it.
        let node = unsafe { node.as_ref() };
        // SAFETY: as above.
        let none = node
            .waker
            .with_mut(|mine| unsafe { (*mine).replace(waker) });
        debug_assert!(none.is_none(), "a waker of an entry in no heap");
        // Only the owner, who is the caller, reads this before the lock is open.
        node.state.store(HEAPED, Ordering::Relaxed);
        Self(NonNull::from(node))
    }

    /// Takes out the waker of a node whose deadline has passed (`fired`) or was called off by the
    /// end of the runtime. The node is not touched again.
    ///
    /// # Safety
    ///
    /// The lock of the node's shard is held, and the node was just taken out of its heap.
    pub(super) unsafe fn leave(self, fired: bool) -> Option<ForeignWaker> {
        // SAFETY: an entry takes its node out of the heap, under the lock, before it goes.
        let node = unsafe { self.0.as_ref() };
        // SAFETY: the lock is held.
        let waker = node.waker.with_mut(|waker| unsafe { (*waker).take() });
        // Pairs with the load in `Node::state`; from here on the owner may free the node.
        node.state
            .store(if fired { FIRED } else { IDLE }, Ordering::Release);
        waker
    }
}

impl Item for NodeRef {
    fn placed(self, at: usize) {
        // It fits: see `Heap::has_room`.
        let at = at as u32;
        // SAFETY: items of a heap are only moved under its lock, which gives the right to `index`,
        // and an entry takes its node out of the heap, under that lock, before it goes.
        unsafe { self.0.as_ref().index.with_mut(|index| *index = at) };
    }
}

impl Node {
    /// The index of a node that is in a heap; none once it is not.
    ///
    /// # Safety
    ///
    /// The lock of the node's shard is held.
    pub(super) unsafe fn index(&self) -> Option<usize> {
        // Changes from `HEAPED` happen under the lock, so this load cannot be out of date.
        let heaped = self.state.load(Ordering::Relaxed) == HEAPED;
        // SAFETY: the lock is held.
        heaped.then(|| self.index.with(|index| unsafe { *index as usize }))
    }

    /// Marks a node that its owner just took out of the heap; it keeps its waker.
    pub(super) fn keep(&self) {
        // The owner, who is the caller, is the only one who looks.
        self.state.store(PARKED, Ordering::Relaxed);
    }

    /// Runs `f` on the node's waker.
    ///
    /// # Safety
    ///
    /// The lock of the node's shard is held, and the node is in its heap.
    pub(super) unsafe fn waker<R>(&self, f: impl FnOnce(&mut ForeignWaker) -> R) -> Option<R> {
        // SAFETY: the lock is held.
        self.waker
            .with_mut(|waker| unsafe { (*waker).as_mut() }.map(f))
    }
}
