//! The run queue of one P: 1024 slots and `runnext`. (Go: runq, of 256, and runnext.)
//!
//! One worker puts in, that worker and thieves take out. What must hold:
//!
//! * `head` only grows (and wraps); `tail - head` is the length, at most [`CAPACITY`]. (It is less than none for the
//!   moment in which the owner finds that thieves have come before it in `take_newest`.)
//! * Only the [`Owner`] writes `tail` and the slots, and only slots outside `head..tail`.
//! * Whoever moves `head` by compare-and-swap owns the entries that it moved past. A thief copies
//!   first and moves `head` after; if the swap fails its copy is worth nothing and is forgotten.
//! * Nobody but the owner moves `head` by more than half of what it has seen. So where the owner moves `tail` back,
//!   and leaves half of `CAPACITY`, no thief that has seen the old `tail` gets as far. Two of them, one after the
//!   other, could: so the owner writes `head` as well, which shows the new `tail` to whoever comes after it.
//! * Only the owner puts something into `runnext`, and whoever swaps it out owns it.
//!
//! So every entry is taken once. The algorithm is that of Go's `runqput`, `runqget` and `runqgrab`
//! in `proc.go`; the queue of tokio's work-stealing scheduler descends from it too. That `tail` goes back is ours.

use std::fmt;
use std::ptr::{self, NonNull};

use crate::primitive::MODELLED;
use crate::primitive::atomic::{AtomicPtr, AtomicU32, Ordering};
use crate::primitive::hint;
use crate::primitive::sync::Arc;
use crate::util::padded::CachePadded;
use crate::util::prefetch::prefetch;

/// Slots of one queue; what does not fit goes to the global queue. (With 256, a thousand goroutines that give way
/// on two workers go through the global queue again and again, which is most of what a yield costs then.)
pub(crate) const CAPACITY: u32 = if MODELLED { 4 } else { 1024 };

/// So often a thief looks again at ends that do not belong together. After that the owner, who is awake, is left
/// alone with what it has: its thread may have to wait for a processor.
const MISFITS: u32 = 64;

/// The side that every worker sees: what there is to steal.
pub(crate) struct RunQueue<T> {
    /// Where the next entry is taken; moved by the owner and by thieves.
    head: CachePadded<AtomicU32>,
    /// Where the next entry is put; moved by the owner.
    tail: CachePadded<AtomicU32>,
    /// The entry that the owner runs next, before all in the slots; null if there is none.
    runnext: AtomicPtr<T>,
    slots: Box<[AtomicPtr<T>; CAPACITY as usize]>,
}

/// The worker's side. There is one for each queue.
pub(crate) struct Owner<T> {
    queue: Arc<RunQueue<T>>,
}

/// Half of a queue that was full, in order, and the entry that did not fit.
#[must_use]
pub(crate) struct Spill<T>(pub(crate) Vec<NonNull<T>>);

/// An empty queue.
pub(crate) fn new<T>() -> Owner<T> {
    let slot = || AtomicPtr::new(ptr::null_mut());
    Owner {
        queue: Arc::new(RunQueue {
            head: CachePadded::new(AtomicU32::new(0)),
            tail: CachePadded::new(AtomicU32::new(0)),
            runnext: AtomicPtr::new(ptr::null_mut()),
            slots: Box::new(std::array::from_fn(|_| slot())),
        }),
    }
}

impl<T> Owner<T> {
    /// The side for thieves.
    pub(crate) fn shared(&self) -> &Arc<RunQueue<T>> {
        &self.queue
    }

    /// Puts an entry at the end; if the queue is full, half of it comes back with the entry.
    #[inline]
    pub(crate) fn push(&mut self, entry: NonNull<T>) -> Result<(), Spill<T>> {
        let queue = &*self.queue;
        loop {
            // Acquire: pairs with the release of a thief's swap, whose copying is over then, so
            // that its slots may be written again.
            let head = queue.head.load(Ordering::Acquire);
            let tail = queue.tail.load(Ordering::Relaxed);
            if tail.wrapping_sub(head) < CAPACITY {
                queue.slot(tail).store(entry.as_ptr(), Ordering::Relaxed);
                // Release: a thief that sees the new tail sees the slot.
                queue.tail.store(tail.wrapping_add(1), Ordering::Release);
                return Ok(());
            }
            if let Some(spill) = queue.spill(head, entry) {
                return Err(spill);
            }
        }
    }

    /// Takes the entry at the front.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<NonNull<T>> {
        let queue = &*self.queue;
        let mut head = queue.head.load(Ordering::Relaxed);
        loop {
            if head == queue.tail.load(Ordering::Relaxed) {
                return None;
            }
            let entry = queue.slot(head).load(Ordering::Relaxed);
            // Relaxed is enough here: the slot is the owner's own writing, and the swap orders
            // this against the thieves by itself.
            match queue.head.compare_exchange_weak(
                head,
                head.wrapping_add(1),
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => {
                    // The next one, while this one runs. Whatever stands there: it is a hint.
                    prefetch(queue.slot(head.wrapping_add(1)).load(Ordering::Relaxed));
                    return NonNull::new(entry);
                }
                Err(actual) => head = actual,
            }
        }
    }

    /// Makes an entry the next to run; what was next comes back.
    #[inline]
    pub(crate) fn put_next(&mut self, entry: NonNull<T>) -> Option<NonNull<T>> {
        let next = &self.queue.runnext;
        if next.load(Ordering::Relaxed).is_null() {
            // Nobody else puts anything there, so an empty place needs no swap. Release: pairs
            // with the acquire of `steal_next`.
            next.store(entry.as_ptr(), Ordering::Release);
            return None;
        }
        // Release: as above.
        NonNull::new(next.swap(entry.as_ptr(), Ordering::Release))
    }

    /// Takes the entry that is to run next.
    #[inline]
    pub(crate) fn take_next(&mut self) -> Option<NonNull<T>> {
        let next = &self.queue.runnext;
        if next.load(Ordering::Relaxed).is_null() {
            return None;
        }
        NonNull::new(next.swap(ptr::null_mut(), Ordering::Relaxed))
    }

    /// Takes the newest entries out, `count` of them, in order, if half of the slots stay full without them.
    pub(crate) fn take_newest(&mut self, count: u32) -> Vec<NonNull<T>> {
        let queue = &*self.queue;
        let (head, tail) = (
            queue.head.load(Ordering::Relaxed),
            queue.tail.load(Ordering::Relaxed),
        );
        if tail.wrapping_sub(head) < CAPACITY / 2 + count {
            return Vec::new();
        }
        let back = tail.wrapping_sub(count);
        // Release: as in `push`; a thief may have the slots from this store only.
        queue.tail.store(back, Ordering::Release);
        // Release: who moves `head` after this, and whoever sees that, sees `tail`. If a thief was faster there
        // may be less than was seen.
        let is_all = queue
            .head
            .compare_exchange(head, head, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok();
        if !is_all {
            // Release: as in `push`.
            queue.tail.store(tail, Ordering::Release);
            return Vec::new();
        }
        let taken = (0..count).map(|at| queue.slot(back.wrapping_add(at)).load(Ordering::Relaxed));
        taken.filter_map(NonNull::new).collect()
    }

    /// How many entries have come into the slots, but for those that were taken back; it wraps.
    pub(crate) fn pushed(&self) -> u32 {
        self.queue.tail.load(Ordering::Relaxed)
    }

    /// How many more entries fit. Thieves can only make it more.
    pub(crate) fn room(&self) -> usize {
        CAPACITY as usize - self.queue.len()
    }

    /// Takes half of a victim's entries, but not its `runnext`: one to run at once, the others
    /// into this queue, which must be empty.
    pub(crate) fn steal_from(&mut self, victim: &RunQueue<T>) -> Option<NonNull<T>> {
        debug_assert_eq!(self.queue.len(), 0, "a worker steals when it has nothing");
        let tail = self.queue.tail.load(Ordering::Relaxed);
        let taken = victim.grab(|at, entry| {
            self.queue
                .slot(tail.wrapping_add(at))
                .store(entry, Ordering::Relaxed);
        });
        // The last of them runs at once; it stays in its slot, outside `head..tail`.
        let last = taken.checked_sub(1)?;
        let entry = self
            .queue
            .slot(tail.wrapping_add(last))
            .load(Ordering::Relaxed);
        if last > 0 {
            // Release: a thief that sees the new tail sees the slots.
            self.queue
                .tail
                .store(tail.wrapping_add(last), Ordering::Release);
        }
        NonNull::new(entry)
    }
}

impl<T> RunQueue<T> {
    #[inline]
    fn slot(&self, at: u32) -> &AtomicPtr<T> {
        &self.slots[(at % CAPACITY) as usize]
    }

    /// How many entries stand in the slots; a hint to all but the owner.
    pub(crate) fn len(&self) -> usize {
        let head = self.head.load(Ordering::Relaxed);
        let tail = self.tail.load(Ordering::Relaxed);
        // Read by a thief the two may not belong together; never say more than can be.
        tail.wrapping_sub(head).min(CAPACITY) as usize
    }

    /// Where the next entry is taken, and where the next one is put: both count, and wrap.
    pub(crate) fn ends(&self) -> (u32, u32) {
        (
            self.head.load(Ordering::Relaxed),
            self.tail.load(Ordering::Relaxed),
        )
    }

    /// Whether there is something in the slots, for a worker that has just announced its sleep.
    pub(crate) fn has_work(&self) -> bool {
        // Acquire: no earlier than what the fence before it ordered.
        self.head.load(Ordering::Acquire) != self.tail.load(Ordering::Acquire)
    }

    /// Whether an entry is set to run next.
    pub(crate) fn has_next(&self) -> bool {
        !self.runnext.load(Ordering::Relaxed).is_null()
    }

    /// Takes the entry that the owner would run next.
    pub(crate) fn steal_next(&self) -> Option<NonNull<T>> {
        if !self.has_next() {
            return None;
        }
        // Acquire: pairs with the release of `put_next`; the entry's goroutine is run here.
        NonNull::new(self.runnext.swap(ptr::null_mut(), Ordering::Acquire))
    }

    /// Takes everything out, in the order in which the owner would run it; what comes meanwhile may
    /// stay.
    pub(crate) fn drain(&self) -> Vec<NonNull<T>> {
        let mut all: Vec<_> = self.steal_next().into_iter().collect();
        loop {
            let known = all.len();
            let taken = self.grab(|at, entry| {
                all.truncate(known + at as usize);
                all.extend(NonNull::new(entry));
            });
            // If somebody else was faster, what was copied is not this caller's.
            all.truncate(known + taken as usize);
            if taken == 0 {
                return all;
            }
        }
    }

    /// Hands the first half of the entries to `copy`, by place and pointer; how many are the caller's.
    /// `copy` may be called again from place 0 if another thief was faster.
    fn grab(&self, mut copy: impl FnMut(u32, *mut T)) -> u32 {
        // Acquire: pairs with the release of another thief's swap.
        let mut head = self.head.load(Ordering::Acquire);
        let mut misfits = 0;
        loop {
            // Acquire: pairs with the release of the owner's push: the slots are seen.
            let tail = self.tail.load(Ordering::Acquire);
            let len = tail.wrapping_sub(head);
            if len == 0 {
                return 0;
            }
            if len > CAPACITY {
                // Head moved between the two loads, so they do not belong together; or the owner is about to see
                // that it cannot take back what thieves have.
                if misfits == MISFITS {
                    return 0;
                }
                misfits += 1;
                hint::spin_loop();
                head = self.head.load(Ordering::Acquire);
                continue;
            }
            let share = half(len);
            for at in 0..share {
                copy(at, self.slot(head.wrapping_add(at)).load(Ordering::Relaxed));
            }
            // Release: the copying is over before the owner sees the slots free.
            match self.head.compare_exchange_weak(
                head,
                head.wrapping_add(share),
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return share,
                Err(actual) => head = actual,
            }
        }
    }

    /// Takes half of a full queue out, for the owner; none if a thief made room meanwhile.
    #[cold]
    fn spill(&self, head: u32, entry: NonNull<T>) -> Option<Spill<T>> {
        let half = CAPACITY / 2;
        let taken = (0..half).map(|at| self.slot(head.wrapping_add(at)).load(Ordering::Relaxed));
        let mut taken: Vec<_> = taken.filter_map(NonNull::new).collect();
        // Relaxed: the slots are the owner's own writing.
        self.head
            .compare_exchange(
                head,
                head.wrapping_add(half),
                Ordering::Relaxed,
                Ordering::Relaxed,
            )
            .ok()?;
        taken.push(entry);
        Some(Spill(taken))
    }
}

/// Half of `len`, rounded up.
fn half(len: u32) -> u32 {
    len - len / 2
}

impl<T> fmt::Debug for RunQueue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunQueue")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Owner<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Owner").field(&self.queue).finish()
    }
}

#[cfg(all(test, loom))]
#[path = "../tests/loom_run_queue.rs"]
mod loom_run_queue;
