//! Who holds the right to run, who sleeps and who searches: one word of counts, and two lists.
//!
//! A runtime has as many rights to run as `max_procs` says (Go: Ps). A worker that is awake or asleep
//! has one; a worker that is *away*, in a call that blocks its thread, has given it up; a *spare*
//! waits for one. A right that nobody has is *free*.
//!
//! `README.md` beside this file has the protocol and why no wake-up is lost. What must hold:
//!
//! * a worker stands in the list of sleepers exactly while it is counted as parked;
//! * whoever takes a worker out of a list counts it as spinning in the same step and wakes it; with
//!   a spare it counts one free right less;
//! * a worker counts itself as parked, or its right as free, *before* it looks at all queues for
//!   the last time, and whoever makes work looks at the counts *after* it was put into a queue.

use crate::primitive::atomic::{AtomicU64, Ordering, fence};
use crate::primitive::{Mutex, Rank};

/// `free` in the third sixteen bits, `parked` in the second, `spinning` in the first.
const SPINNING: u64 = 1;
const PARKED: u64 = 1 << 16;
const FREE: u64 = 1 << 32;

#[derive(Clone, Copy, Debug)]
struct Counts(u64);

impl Counts {
    fn spinning(self) -> u64 {
        self.0 & 0xffff
    }

    fn parked(self) -> u64 {
        self.0 >> 16 & 0xffff
    }

    fn free(self) -> u64 {
        self.0 >> 32
    }
}

/// Who is called to look for work. It has a right, and counts as spinning already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "it counts as spinning, so it has to be woken"]
pub(crate) enum Called {
    /// A sleeper, or a spare.
    Worker(usize),
    /// There is a free right and no spare: a thread has to be started, or the right given back by
    /// [`Idle::decline`].
    Newcomer,
}

/// The rights to run of one runtime, its sleeping and its searching workers.
#[derive(Debug)]
pub(crate) struct Idle {
    counts: AtomicU64,
    lists: Mutex<Lists>,
    procs: u64,
}

#[derive(Debug)]
struct Lists {
    /// Those who sleep with a right, the latest last: it is woken first, since its caches are warm.
    sleepers: Vec<usize>,
    /// Those who wait for a right, the latest last: those at the front retire.
    spares: Vec<usize>,
}

impl Idle {
    /// `procs` rights, held by as many workers that are awake.
    pub(crate) fn new(procs: usize) -> Self {
        let lists = Lists {
            sleepers: Vec::with_capacity(procs),
            spares: Vec::new(),
        };
        Self {
            counts: AtomicU64::new(0),
            lists: Mutex::new(Rank::Idle, lists),
            procs: procs as u64,
        }
    }

    fn counts(&self) -> Counts {
        // SeqCst: stands after the fence of `worker_to_wake` in the one order of all fences.
        Counts(self.counts.load(Ordering::SeqCst))
    }

    /// Whether nobody is awake who has a right.
    pub(crate) fn is_quiet(&self) -> bool {
        self.busy(self.counts()) == 0
    }

    /// Whether a goroutine more could run at once, and nobody looks for one.
    pub(crate) fn has_room(&self) -> bool {
        let counts = self.counts();
        counts.spinning() == 0 && counts.parked() + counts.free() > 0
    }

    /// The workers that are awake with a right.
    fn busy(&self, counts: Counts) -> u64 {
        self.procs - counts.parked() - counts.free()
    }

    // ---- calling ----

    /// After work was put into a queue: who has to look for it, if anybody has to.
    #[inline]
    pub(crate) fn worker_to_wake(&self) -> Option<Called> {
        // Pairs with the fences in `sleep` and `leave`: either this sees the sleeper or the free
        // right, or that sees the work.
        fence(Ordering::SeqCst);
        let counts = self.counts();
        // A spinner will find the work, or wake somebody when it stops spinning.
        if counts.spinning() > 0 || counts.parked() + counts.free() == 0 {
            return None;
        }
        self.call()
    }

    #[cold]
    fn call(&self) -> Option<Called> {
        let mut lists = self.lists.lock();
        if self.counts().spinning() > 0 {
            return None;
        }
        if let Some(worker) = lists.sleepers.pop() {
            self.counts
                .fetch_add(SPINNING.wrapping_sub(PARKED), Ordering::SeqCst);
            return Some(Called::Worker(worker));
        }
        if !self.take_free(SPINNING) {
            return None;
        }
        Some(lists.spares.pop().map_or(Called::Newcomer, Called::Worker))
    }

    /// The thread of a newcomer could not be started: its right goes to a spare, to be woken, if
    /// there is one by now, else it is free again.
    pub(crate) fn decline(&self) -> Option<usize> {
        let mut lists = self.lists.lock();
        let spare = lists.spares.pop();
        if spare.is_none() {
            self.counts
                .fetch_add(FREE.wrapping_sub(SPINNING), Ordering::SeqCst);
        }
        spare
    }

    /// Takes everybody out of both lists, to be woken for shutdown.
    pub(crate) fn take_all(&self) {
        let mut lists = self.lists.lock();
        lists.spares.clear();
        for _ in std::mem::take(&mut lists.sleepers) {
            self.counts
                .fetch_add(SPINNING.wrapping_sub(PARKED), Ordering::SeqCst);
        }
    }

    // ---- searching ----

    /// Asks to search other workers' queues; false if enough others do. (At most half as many as
    /// are busy: more would only get into each other's way.)
    pub(crate) fn try_spin(&self) -> bool {
        let counts = self.counts();
        if 2 * counts.spinning() >= self.busy(counts) {
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

    // ---- sleeping ----

    /// A worker goes to sleep, unless it `is_away`: then nothing is changed, and this says false. It
    /// looks at all queues once more after this, before it parks.
    #[must_use]
    pub(crate) fn sleep(
        &self,
        worker: usize,
        spinning: bool,
        is_away: impl FnOnce() -> bool,
    ) -> bool {
        let step = if spinning {
            PARKED.wrapping_sub(SPINNING)
        } else {
            PARKED
        };
        let mut lists = self.lists.lock();
        // Under the lock, as in `take_right`: who sleeps has its right.
        if is_away() {
            return false;
        }
        lists.sleepers.push(worker);
        self.counts.fetch_add(step, Ordering::SeqCst);
        drop(lists);
        // Pairs with the fence in `worker_to_wake`.
        fence(Ordering::SeqCst);
        true
    }

    /// A worker leaves the list by itself: it found something at its last look, and then spins, or
    /// was woken by the netpoller. True if it counts as spinning now, which it does in any case if
    /// somebody took it out before: then a wake-up is under way to it.
    ///
    /// It has to spin after a last look: whoever made the work may have relied on this worker when
    /// it still was the only spinner, and only a spinner that finds work calls the next worker.
    #[must_use]
    pub(crate) fn wake_self(&self, worker: usize, spin: bool) -> bool {
        let mut lists = self.lists.lock();
        if !remove(&mut lists.sleepers, worker) {
            return true;
        }
        let step = if spin { PARKED - SPINNING } else { PARKED };
        self.counts.fetch_sub(step, Ordering::SeqCst);
        spin
    }

    // ---- being away ----

    /// A worker that is not spinning gives its right up. It looks at all queues once more after
    /// this. True if nobody is awake now who has a right.
    #[must_use]
    pub(crate) fn leave(&self) -> bool {
        let before = Counts(self.counts.fetch_add(FREE, Ordering::SeqCst));
        // Pairs with the fence in `worker_to_wake`.
        fence(Ordering::SeqCst);
        self.busy(before) == 1
    }

    /// Takes the right of a worker that does not come back by itself, if `mark` marks it as away; as
    /// [`leave`](Self::leave) then.
    pub(crate) fn take_right(&self, mark: impl FnOnce() -> bool) -> Option<bool> {
        // Under the lock, as in `sleep`: who sleeps has its right.
        let lists = self.lists.lock();
        let unwatched = mark().then(|| self.leave());
        drop(lists);
        unwatched
    }

    /// A worker that is away takes a free right, if there is one.
    #[must_use]
    pub(crate) fn come_back(&self) -> bool {
        self.take_free(0)
    }

    /// A worker that is away becomes a spare, or takes a right that has become free; true in the
    /// latter case.
    #[must_use]
    pub(crate) fn come_back_or_wait(&self, worker: usize) -> bool {
        let mut lists = self.lists.lock();
        if self.take_free(0) {
            return true;
        }
        lists.spares.push(worker);
        false
    }

    /// Whether a spare still waits; with `give_up` it does not from here on, whatever this says.
    #[must_use]
    pub(crate) fn is_spare(&self, worker: usize, give_up: bool) -> bool {
        let mut lists = self.lists.lock();
        if give_up {
            remove(&mut lists.spares, worker)
        } else {
            lists.spares.contains(&worker)
        }
    }

    /// Takes a free right for somebody who counts as `then` from now on.
    fn take_free(&self, then: u64) -> bool {
        let take = |counts| {
            (Counts(counts).free() > 0).then(|| counts.wrapping_sub(FREE).wrapping_add(then))
        };
        self.counts
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, take)
            .is_ok()
    }
}

/// Takes a worker out of a list; false if it is not in it.
fn remove(list: &mut Vec<usize>, worker: usize) -> bool {
    let at = list.iter().rposition(|&other| other == worker);
    at.map(|at| list.remove(at)).is_some()
}

#[cfg(all(test, loom))]
#[path = "../tests/loom_idle.rs"]
mod loom_idle;
