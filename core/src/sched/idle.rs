//! Who sleeps and who searches: one word of counts, and the list of sleepers.
//!
//! `README.md` beside this file has the protocol and why no wake-up is lost. What must hold:
//!
//! * a worker stands in the list exactly while it is counted as parked;
//! * whoever takes a worker out of the list counts it as spinning in the same step and wakes it;
//! * a worker counts itself as parked *before* it looks at all queues for the last time, and
//!   whoever makes work looks at the counts *after* it was put into a queue.

use crate::primitive::atomic::{AtomicU32, Ordering, fence};
use crate::primitive::{Mutex, Rank};

/// `parked` in the high half, `spinning` in the low half.
const SPINNING: u32 = 1;
const PARKED: u32 = 1 << 16;

#[derive(Clone, Copy, Debug)]
struct Counts(u32);

impl Counts {
    fn spinning(self) -> u32 {
        self.0 & 0xffff
    }

    fn parked(self) -> u32 {
        self.0 >> 16
    }
}

/// The sleeping and the searching workers of one runtime.
#[derive(Debug)]
pub(crate) struct Idle {
    counts: AtomicU32,
    /// Those who sleep, the latest last: it is woken first, since its caches are warm.
    sleepers: Mutex<Vec<usize>>,
    workers: u32,
}

impl Idle {
    pub(crate) fn new(workers: usize) -> Self {
        let workers = u32::try_from(workers).expect("the builder limits the number of workers");
        Self {
            counts: AtomicU32::new(0),
            sleepers: Mutex::new(Rank::Idle, Vec::with_capacity(workers as usize)),
            workers,
        }
    }

    fn counts(&self) -> Counts {
        // SeqCst: stands after the fence of `worker_to_wake` in the one order of all fences.
        Counts(self.counts.load(Ordering::SeqCst))
    }

    /// After work was put into a queue: the sleeper to wake, if one is needed. It counts as
    /// spinning already.
    #[inline]
    pub(crate) fn worker_to_wake(&self) -> Option<usize> {
        // Pairs with the fence in `sleep`: either this sees the sleeper, or that sees the work.
        fence(Ordering::SeqCst);
        let counts = self.counts();
        // A spinner will find the work, or wake somebody when it stops spinning.
        if counts.spinning() > 0 || counts.parked() == 0 {
            return None;
        }
        self.take_sleeper()
    }

    #[cold]
    fn take_sleeper(&self) -> Option<usize> {
        let mut sleepers = self.sleepers.lock();
        if self.counts().spinning() > 0 {
            return None;
        }
        let worker = sleepers.pop()?;
        self.counts
            .fetch_add(SPINNING.wrapping_sub(PARKED), Ordering::SeqCst);
        Some(worker)
    }

    /// Takes all sleepers out, to be woken for shutdown.
    pub(crate) fn take_all(&self) -> Vec<usize> {
        let mut sleepers = self.sleepers.lock();
        let all = std::mem::take(&mut *sleepers);
        for _ in &all {
            self.counts
                .fetch_add(SPINNING.wrapping_sub(PARKED), Ordering::SeqCst);
        }
        all
    }

    /// Asks to search other workers' queues; false if enough others do. (At most half as many as
    /// are busy: more would only get into each other's way.)
    pub(crate) fn try_spin(&self) -> bool {
        let counts = self.counts();
        let busy = self.workers - counts.parked();
        if 2 * counts.spinning() >= busy {
            return false;
        }
        self.counts.fetch_add(SPINNING, Ordering::SeqCst);
        true
    }

    /// A spinner has found work. True if it was the last: then it wakes another, which looks for
    /// what was made while producers relied on this one.
    #[must_use]
    pub(crate) fn found_work(&self) -> bool {
        let before = Counts(self.counts.fetch_sub(SPINNING, Ordering::SeqCst));
        before.spinning() == 1
    }

    /// A worker goes to sleep. It looks at all queues once more after this, before it parks.
    pub(crate) fn sleep(&self, worker: usize, spinning: bool) {
        let step = if spinning {
            PARKED.wrapping_sub(SPINNING)
        } else {
            PARKED
        };
        let mut sleepers = self.sleepers.lock();
        sleepers.push(worker);
        self.counts.fetch_add(step, Ordering::SeqCst);
        drop(sleepers);
        // Pairs with the fence in `worker_to_wake`.
        fence(Ordering::SeqCst);
    }

    /// A worker leaves the list by itself: it found something at its last look, and then spins, or
    /// was woken by the netpoller. True if it counts as spinning now, which it does in any case if
    /// somebody took it out before: then a wake-up is under way to it.
    ///
    /// It has to spin after a last look: whoever made the work may have relied on this worker when
    /// it still was the only spinner, and only a spinner that finds work calls the next worker.
    #[must_use]
    pub(crate) fn wake_self(&self, worker: usize, spin: bool) -> bool {
        let mut sleepers = self.sleepers.lock();
        let Some(at) = sleepers.iter().rposition(|&sleeper| sleeper == worker) else {
            return true;
        };
        sleepers.remove(at);
        let step = if spin { PARKED - SPINNING } else { PARKED };
        self.counts.fetch_sub(step, Ordering::SeqCst);
        spin
    }
}

#[cfg(all(test, loom))]
#[path = "../tests/loom_idle.rs"]
mod loom_idle;
