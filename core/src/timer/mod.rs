//! Timers below the scheduler: which wakers are due, and when the next one will be.
//!
//! Each P has a [`Shard`], a heap behind a lock (Go: the `timers` of a `p`). A waiting future brings
//! its own node, an [`Entry`]; it goes into the shard of the worker it runs on, and may be taken out
//! from anywhere. Any worker may fire the timers of all shards. What must hold:
//!
//! * nobody is woken here: what is due goes into a [`WakeList`], for the caller to wake when the
//!   locks are gone;
//! * no timer fires early: an entry leaves its heap as fired only when `now` has reached its
//!   deadline;
//! * `earliest` of a shard is the smallest deadline in its heap whenever the heap's lock is free, so
//!   that looking whether anything is due costs one load a shard.
//!
//! **Who sleeps until when.** A worker that goes to sleep publishes until when, and then reads
//! [`Timers::earliest`]; whoever inserts an earlier deadline has written it there, and then reads
//! until when the worker sleeps. All four are sequentially consistent, so at least one of the two
//! sees the other, and no deadline is slept past by more than the scheduler means to (`GATHERING`).

mod entry;
mod heap;

#[cfg(all(test, not(loom)))]
#[path = "../tests/timer.rs"]
mod tests;

use std::fmt;
use std::ptr::NonNull;
use std::time::{Duration, Instant};

pub(crate) use self::entry::{Armed, Entry};
use self::entry::{Node, NodeRef};
use self::heap::Heap;
use crate::clock;
use crate::primitive::atomic::{AtomicU64, Ordering};
use crate::primitive::sync::Arc;
use crate::primitive::{Mutex, Rank};
use crate::util::foreign_waker::ForeignWaker;
use crate::util::padded::CachePadded;
use crate::util::wake_list::WakeList;

/// The deadline that never comes; deadlines are nanoseconds since the base of their [`Timers`].
const NEVER: u64 = u64::MAX;

/// All timers of a runtime.
pub(crate) struct Timers {
    base: Instant,
    shards: Box<[Arc<Shard>]>,
}

impl Timers {
    /// Room for the timers of `shards` Ps.
    pub(crate) fn new(shards: usize) -> Self {
        let base = clock::now();
        let shards = (0..shards.max(1))
            .map(|_| Arc::new(Shard::new(base)))
            .collect();
        Self { base, shards }
    }

    /// The shard of the P with this index.
    pub(crate) fn shard(&self, index: usize) -> &Arc<Shard> {
        &self.shards[index % self.shards.len()]
    }

    /// When the next timer is due: as of some moment during the call. One load a shard.
    pub(crate) fn earliest(&self) -> Option<Instant> {
        let earliest = self.shards.iter().map(|shard| shard.earliest()).min();
        match earliest {
            None | Some(NEVER) => None,
            // A deadline that far off cannot be expressed on every platform, nor be waited for.
            Some(nanos) => self.base.checked_add(Duration::from_nanos(nanos)),
        }
    }

    /// Whether a timer is due at `now`. One load a shard.
    pub(crate) fn has_due(&self, now: Instant) -> bool {
        let now = nanos_since(self.base, now);
        self.shards.iter().any(|shard| shard.earliest() <= now)
    }

    /// Takes out what is due at `now`, to be woken by the caller.
    pub(crate) fn expire(&self, now: Instant, wake: &mut WakeList) {
        let now = nanos_since(self.base, now);
        for shard in &self.shards {
            if shard.earliest() <= now {
                shard.expire(now, wake);
            }
        }
    }

    /// Whether no timer is running. One load a shard.
    pub(crate) fn is_empty(&self) -> bool {
        self.shards.iter().all(|shard| shard.earliest() == NEVER)
    }

    /// How many timers run that were set on the P with this index, and on no other one.
    pub(crate) fn running_in(&self, index: usize) -> usize {
        let shard = self.shards.get(index);
        shard.map_or(0, |shard| shard.contents.lock().heap.len())
    }

    /// How many timers run, and how many have fired.
    pub(crate) fn totals(&self) -> (usize, u64) {
        let each = self.shards.iter().map(|shard| {
            let contents = shard.contents.lock();
            (contents.heap.len(), contents.fired)
        });
        each.fold((0, 0), |sum, of| (sum.0 + of.0, sum.1 + of.1))
    }

    /// Takes out everything, to be woken by the caller, and refuses what comes later.
    pub(crate) fn close(&self, wake: &mut WakeList) {
        for shard in &self.shards {
            shard.close(wake);
        }
    }
}

impl fmt::Debug for Timers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timers")
            .field("shards", &self.shards.len())
            .finish_non_exhaustive()
    }
}

/// The timers of one P.
pub(crate) struct Shard {
    base: Instant,
    /// The smallest deadline in the heap. Written under the lock of `contents`, read by everyone.
    earliest: CachePadded<AtomicU64>,
    contents: CachePadded<Mutex<Contents>>,
}

struct Contents {
    heap: Heap<NodeRef>,
    /// How many were taken out because they were due.
    fired: u64,
    /// The runtime has shut down.
    closed: bool,
}

/// What became of a node that was handed to [`Shard::insert`].
#[must_use]
enum Inserted {
    /// It is in the heap, perhaps before all others.
    Yes { earliest: bool },
    /// The runtime has shut down; the waker comes back, since no lock is held here any more.
    No(ForeignWaker),
}

impl Shard {
    fn new(base: Instant) -> Self {
        let contents = Contents {
            heap: Heap::new(),
            fired: 0,
            closed: false,
        };
        Self {
            base,
            earliest: CachePadded::new(AtomicU64::new(NEVER)),
            contents: CachePadded::new(Mutex::new(Rank::Timers, contents)),
        }
    }

    fn earliest(&self) -> u64 {
        // Sequentially consistent: see "Who sleeps until when" in the module's docs.
        self.earliest.load(Ordering::SeqCst)
    }

    /// Has `waker` woken at `deadline`.
    ///
    /// # Safety
    ///
    /// The node is in no heap, and neither moves nor goes before it has left this one.
    unsafe fn insert(
        &self,
        node: NonNull<Node>,
        deadline: Instant,
        waker: ForeignWaker,
    ) -> Inserted {
        let key = nanos_since(self.base, deadline).min(NEVER - 1);
        let mut contents = self.contents.lock();
        if contents.closed {
            return Inserted::No(waker);
        }
        // Before the node is marked as being in the heap.
        assert!(contents.heap.has_room(), "there are too many timers");
        // SAFETY: the lock is held; the rest is what the caller promises.
        let item = unsafe { NodeRef::enter(node, waker) };
        contents.heap.push(key, item);
        Inserted::Yes {
            earliest: self.publish(&contents.heap),
        }
    }

    /// Takes out a node, unless it has fired meanwhile.
    ///
    /// # Safety
    ///
    /// The node was inserted into this shard, and the caller is its owner.
    unsafe fn remove(&self, node: &Node) {
        let mut contents = self.contents.lock();
        // SAFETY: the lock is held.
        if let Some(index) = unsafe { node.index() } {
            contents.heap.remove(index);
            self.publish(&contents.heap);
            node.keep();
        }
    }

    /// Runs `f` on the waker of a node, unless it has fired meanwhile.
    ///
    /// # Safety
    ///
    /// The node was inserted into this shard.
    unsafe fn with_waker<R>(
        &self,
        node: &Node,
        f: impl FnOnce(&mut ForeignWaker) -> R,
    ) -> Option<R> {
        let _contents = self.contents.lock();
        // SAFETY: the lock is held, and the node has an index: so it is in the heap.
        unsafe { node.index().and_then(|_| node.waker(f)) }
    }

    fn expire(&self, now: u64, wake: &mut WakeList) {
        let mut contents = self.contents.lock();
        while contents.heap.first_key().is_some_and(|key| key <= now) {
            // SAFETY: the lock is held, and the node was just taken out.
            let waker = contents
                .heap
                .pop()
                .and_then(|node| unsafe { node.leave(true) });
            contents.fired += 1;
            wake.extend(waker);
        }
        self.publish(&contents.heap);
    }

    fn close(&self, wake: &mut WakeList) {
        let mut contents = self.contents.lock();
        contents.closed = true;
        while let Some(node) = contents.heap.pop() {
            // SAFETY: the lock is held, and the node was just taken out.
            wake.extend(unsafe { node.leave(false) });
        }
        self.publish(&contents.heap);
    }

    /// Writes the smallest deadline down; whether it has become an earlier one.
    fn publish(&self, heap: &Heap<NodeRef>) -> bool {
        let new = heap.first_key().unwrap_or(NEVER);
        // Only written under the lock, which is held: this load cannot be out of date.
        let old = self.earliest.load(Ordering::Relaxed);
        if new != old {
            // Sequentially consistent: see "Who sleeps until when" in the module's docs.
            self.earliest.store(new, Ordering::SeqCst);
        }
        new < old
    }
}

impl fmt::Debug for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shard").finish_non_exhaustive()
    }
}

/// Nanoseconds from `base` to `moment`: 0 for what lies before it, at most [`NEVER`].
fn nanos_since(base: Instant, moment: Instant) -> u64 {
    let nanos = moment.saturating_duration_since(base).as_nanos();
    u64::try_from(nanos).unwrap_or(NEVER)
}
