//! What workers count of themselves, and which goroutines are timed on their way to a worker.
//!
//! A count is written by one thread alone, by a load and a store, and each worker's counts stand on
//! lines of their own: counting takes part in no traffic between processors. Whoever reads sees each
//! count as it was a moment ago.
//!
//! **Scheduling latency** is the time from a goroutine's becoming runnable to its poll. To take the time
//! of each would cost more than many a poll, so one in [`EVERY`] is timed: its state says so, and the
//! moment stands in [`Samples`], where whoever runs it finds it, thief or not. What must hold:
//!
//! * a goroutine that is marked has its moment in `Samples` before it stands in a queue;
//! * a slot there is taken by compare-and-swap, and given back by who runs the goroutine.

use std::array;

use crate::metrics::BUCKETS;
use crate::primitive::MODELLED;
use crate::primitive::atomic::{AtomicU32, AtomicU64, Ordering};

/// One in so many goroutines that a worker makes runnable is timed.
pub(super) const EVERY: u32 = 256;

/// So many goroutines at most are timed at once.
const SLOTS: usize = if MODELLED { 1 } else { 256 };

/// No goroutine: their numbers begin at 1.
const NOBODY: u64 = 0;

/// A count that one thread writes.
#[derive(Debug)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Adds to it. Only the one thread that writes it may call this.
    #[inline]
    pub(super) fn add(&self, more: u64) {
        // Relaxed: a number by itself.
        let now = self.0.load(Ordering::Relaxed);
        self.0.store(now.wrapping_add(more), Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a worker counts, written by its own thread. Aligned, as [`Remote`](super::Remote) is.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Counters {
    /// Polls that went on after a stay away; see `Remote::polls`.
    pub(super) renewals: Count,
    /// Polls whose goroutine came back to the run queue by itself: it gave way, or has used its slice up.
    pub(super) returns: Count,
    /// Goroutines taken from other workers.
    pub(super) steals: Count,
    /// Sleeps.
    pub(super) parks: Count,
    /// Halves of a full run queue that went to the global one.
    pub(super) spills: Count,
    /// Rights given up by `task::blocking`.
    pub(super) handoffs: Count,
    /// The number of the goroutine that it runs, or 0; kept up only for `scheddetail`.
    pub(super) running: AtomicU64,
    /// Goroutines that were timed, by how long they had waited.
    pub(super) latency: [Count; BUCKETS],
}

impl Counters {
    pub(super) fn new() -> Self {
        Self {
            renewals: Count::new(),
            returns: Count::new(),
            steals: Count::new(),
            parks: Count::new(),
            spills: Count::new(),
            handoffs: Count::new(),
            running: AtomicU64::new(NOBODY),
            latency: array::from_fn(|_| Count::new()),
        }
    }
}

/// Since when those wait that are timed.
#[derive(Debug)]
pub(super) struct Samples {
    slots: Box<[Slot]>,
    /// How many were made runnable by threads without a right to run.
    outside: AtomicU32,
}

#[derive(Debug)]
struct Slot {
    /// The number of the goroutine, or `NOBODY`.
    of: AtomicU64,
    /// Written by who took the slot, before the goroutine is queued.
    since: AtomicU64,
}

impl Samples {
    pub(super) fn new() -> Self {
        let slot = || Slot {
            of: AtomicU64::new(NOBODY),
            since: AtomicU64::new(0),
        };
        Self {
            slots: (0..SLOTS).map(|_| slot()).collect(),
            outside: AtomicU32::new(0),
        }
    }

    fn slot(&self, id: u64) -> &Slot {
        // Numbers that are timed are often multiples of `EVERY` apart: the product spreads them.
        let spread = id.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        &self.slots[spread as usize % SLOTS]
    }

    /// Whether the goroutine that is made runnable now, by a thread without a right to run, is one to
    /// be timed.
    pub(super) fn is_due_outside(&self) -> bool {
        // Relaxed: chance would do as well.
        self.outside.fetch_add(1, Ordering::Relaxed) % EVERY == EVERY - 1
    }

    /// Notes since when goroutine `id` is runnable; false if there is no room.
    pub(super) fn begin(&self, id: u64, since: u64) -> bool {
        let slot = self.slot(id);
        // Acquire: pairs with the release in `end`: the moment was read before it is written over.
        let taken = slot
            .of
            .compare_exchange(NOBODY, id, Ordering::Acquire, Ordering::Relaxed);
        if taken.is_ok() {
            // Relaxed: the queue brings it to who runs the goroutine.
            slot.since.store(since, Ordering::Relaxed);
        }
        taken.is_ok()
    }

    /// Since when goroutine `id`, for which `begin` said true, is runnable.
    pub(super) fn end(&self, id: u64) -> u64 {
        let slot = self.slot(id);
        debug_assert_eq!(slot.of.load(Ordering::Relaxed), id, "it keeps its slot");
        let since = slot.since.load(Ordering::Relaxed);
        // Release: pairs with the acquire in `begin`.
        slot.of.store(NOBODY, Ordering::Release);
        since
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::{EVERY, SLOTS, Samples};

    #[test]
    fn two_goroutines_whose_slot_is_the_same_are_not_mixed_up() {
        let samples = Samples::new();
        let begun: Vec<_> = (1..=1_000).map(|id| samples.begin(id, 10 * id)).collect();
        let room = begun.iter().filter(|&&begun| begun).count();
        assert!((1..=SLOTS).contains(&room));
        for (id, begun) in (1..).zip(begun) {
            assert!(!begun || samples.end(id) == 10 * id);
        }
        assert!((1..=10).all(|id| samples.begin(id, id)));
    }

    #[test]
    fn those_that_are_timed_seldom_find_another_one_in_their_slot() {
        let samples = Samples::new();
        let timed = (1..=100).map(|at| at * u64::from(EVERY));
        let begun = timed.filter(|&id| samples.begin(id, 0)).count();
        assert!(begun > 75, "{begun} of 100");
    }

    #[test]
    fn one_in_so_many_that_come_from_outside_is_timed() {
        let samples = Samples::new();
        let due = (0..10 * EVERY).filter(|_| samples.is_due_outside()).count();
        assert_eq!(due, 10);
    }
}

#[cfg(all(test, loom))]
#[path = "../tests/loom_samples.rs"]
mod loom_samples;
