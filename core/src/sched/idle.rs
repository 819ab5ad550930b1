//! Who holds the right to run, who sleeps and who searches: one word of counts, and two lists.
//!
//! A runtime has as many rights to run as `max_procs` says (Go: Ps). A worker that is awake or asleep
//! has one; a worker that is *away*, in a call that blocks its thread, has given it up; a *spare*
//! waits for one. A right that nobody has is *free*. Where there are to be fewer from now on, and those
//! who hold them cannot be told at once, the rights that are too many are a *debt*.
//!
//! `README.md` beside this file has the protocol and why no wake-up is lost. What must hold:
//!
//! * a worker stands in the list of sleepers exactly while it is counted as parked;
//! * whoever takes a worker out of a list counts it as spinning in the same step and wakes it; with
//!   a spare it counts one free right less;
//! * no step leaves more rights asleep and free than there are, and the number of rights changes under
//!   the lock of the lists only;
//! * a worker counts itself as parked, or its right as free, *before* it looks at all queues for
//!   the last time, and whoever makes work looks at the counts *after* it was put into a queue.

use crate::primitive::atomic::{AtomicU64, Ordering, fence};
use crate::primitive::{Mutex, Rank};

/// Sixteen bits each: `{ rights, free, parked, spinning }`. One word, so that no two of them are ever
/// read at different times.
const SPINNING: u64 = 1;
const PARKED: u64 = 1 << 16;
const FREE: u64 = 1 << 32;
const RIGHT: u64 = 1 << 48;

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
        self.0 >> 32 & 0xffff
    }

    /// All that there are: held by workers that are awake or asleep, or free.
    fn rights(self) -> u64 {
        self.0 >> 48
    }

    /// The workers that are awake with a right, or on the way to be.
    fn busy(self) -> u64 {
        self.rights() - self.parked() - self.free()
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

/// Everybody who does not run a goroutine, at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Snapshot {
    pub(crate) spinning: usize,
    pub(crate) parked: usize,
    pub(crate) free: usize,
    pub(crate) spares: usize,
}

/// The rights to run of one runtime, its sleeping and its searching workers.
#[derive(Debug)]
pub(crate) struct Idle {
    counts: AtomicU64,
    lists: Mutex<Lists>,
    /// How many rights there are to be; written under the lock of the lists.
    procs: AtomicU64,
}

#[derive(Debug)]
struct Lists {
    /// Those who sleep with a right, the latest last: it is woken first, since its caches are warm.
    sleepers: Vec<usize>,
    /// Those who wait for a right, the latest last: those at the front retire.
    spares: Vec<usize>,
    /// Those whose right was taken while they slept, until they know.
    deprived: Vec<usize>,
    /// Those who have no right and wait for the goroutine that is locked to their thread.
    bound: Vec<usize>,
}

impl Idle {
    /// `procs` rights, held by as many workers that are awake.
    pub(crate) fn new(procs: usize) -> Self {
        let lists = Lists {
            sleepers: Vec::with_capacity(procs),
            spares: Vec::new(),
            deprived: Vec::new(),
            bound: Vec::new(),
        };
        Self {
            counts: AtomicU64::new(RIGHT * procs as u64),
            lists: Mutex::new(Rank::Idle, lists),
            procs: AtomicU64::new(procs as u64),
        }
    }

    fn counts(&self) -> Counts {
        // SeqCst: stands after the fence of `worker_to_wake` in the one order of all fences.
        Counts(self.counts.load(Ordering::SeqCst))
    }

    /// Whether nobody is awake who has a right.
    pub(crate) fn is_quiet(&self) -> bool {
        self.counts().busy() == 0
    }

    /// Who does not run a goroutine.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let lists = self.lists.lock();
        let counts = self.counts();
        Snapshot {
            spinning: counts.spinning() as usize,
            parked: counts.parked() as usize,
            free: counts.free() as usize,
            spares: lists.spares.len(),
        }
    }

    /// Whether a goroutine more could run at once, and nobody looks for one.
    pub(crate) fn has_room(&self) -> bool {
        let counts = self.counts();
        counts.spinning() == 0 && counts.parked() + counts.free() > 0
    }

    // ---- how many ----

    /// How many rights there are to be.
    #[inline]
    pub(crate) fn procs(&self) -> usize {
        // Relaxed: a number. Whoever acts on it takes the lock.
        self.procs.load(Ordering::Relaxed) as usize
    }

    /// Whether there still are more rights than there are to be.
    #[inline]
    pub(crate) fn has_debt(&self) -> bool {
        // Relaxed: a hint, which `settle` makes sure of.
        Counts(self.counts.load(Ordering::Relaxed)).rights() > self.procs.load(Ordering::Relaxed)
    }

    /// From now on there are to be `procs` rights. New ones are free. Those that are too many are taken
    /// as by [`settle`](Self::settle).
    pub(crate) fn set_procs(
        &self,
        procs: usize,
        mark: impl FnMut(Option<usize>) -> bool,
    ) -> Vec<usize> {
        let mut lists = self.lists.lock();
        self.procs.store(procs as u64, Ordering::Relaxed);
        let missing = (procs as u64).saturating_sub(self.counts().rights());
        self.counts
            .fetch_add(missing * (RIGHT + FREE), Ordering::SeqCst);
        self.settle_in(&mut lists, mark)
    }

    /// Takes rights that are too many: free ones, then those of sleepers, then those of workers that are
    /// awake. `mark` marks a worker as away; that sleeper, or any that is awake, if it finds one. Those
    /// who slept are returned and have to be woken, and whoever calls this looks at all queues after it.
    pub(crate) fn settle(&self, mark: impl FnMut(Option<usize>) -> bool) -> Vec<usize> {
        self.settle_in(&mut self.lists.lock(), mark)
    }

    fn settle_in(
        &self,
        lists: &mut Lists,
        mut mark: impl FnMut(Option<usize>) -> bool,
    ) -> Vec<usize> {
        let mut woken = Vec::new();
        while self.has_debt() {
            if self.take_free(0, RIGHT) {
                continue;
            }
            // The one that has slept longest: its caches are cold.
            if !lists.sleepers.is_empty() {
                let worker = lists.sleepers.remove(0);
                mark(Some(worker));
                self.counts.fetch_sub(RIGHT + PARKED, Ordering::SeqCst);
                lists.deprived.push(worker);
                woken.push(worker);
            } else if mark(None) {
                self.counts.fetch_sub(RIGHT, Ordering::SeqCst);
            } else {
                // Whoever has the right is about to give it up, or is called and not there yet.
                break;
            }
        }
        // Pairs with the fence in `worker_to_wake`, as that in `leave` does.
        fence(Ordering::SeqCst);
        woken
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
        if !self.take_free(SPINNING, 0) {
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

    /// A worker that is away is about to wait for the goroutine that is locked to it. Nobody takes it out
    /// of this list but itself, by [`stops_waiting`](Self::stops_waiting).
    pub(crate) fn waits_for_its_own(&self, worker: usize) {
        self.lists.lock().bound.push(worker);
    }

    /// Its wait is over, for whichever reason.
    pub(crate) fn stops_waiting(&self, worker: usize) {
        remove(&mut self.lists.lock().bound, worker);
    }

    /// Whether all of so many workers stand in the lists, and if so, whether each of them `is_asleep`.
    pub(crate) fn all_rest(
        &self,
        workers: usize,
        is_asleep: impl Fn(usize) -> bool,
    ) -> Option<bool> {
        let lists = self.lists.lock();
        let rest = || {
            let spares = lists.spares.iter().chain(&lists.bound);
            lists.sleepers.iter().chain(spares)
        };
        // Somebody was called who has no thread yet: then nobody is missing, and yet it is not quiet.
        let all = rest().count() == workers && self.is_quiet();
        all.then(|| rest().all(|&worker| is_asleep(worker)))
    }

    // ---- searching ----

    /// Asks to search other workers' queues; false if enough others do. (At most half as many as
    /// are busy: more would only get into each other's way.)
    pub(crate) fn try_spin(&self) -> bool {
        let counts = self.counts();
        if 2 * counts.spinning() >= counts.busy() {
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
    /// somebody took it out before: then a wake-up is under way to it. If its right was taken it does
    /// not, and is away.
    ///
    /// It has to spin after a last look: whoever made the work may have relied on this worker when
    /// it still was the only spinner, and only a spinner that finds work calls the next worker.
    #[must_use]
    pub(crate) fn wake_self(&self, worker: usize, spin: bool) -> bool {
        let mut lists = self.lists.lock();
        if !remove(&mut lists.sleepers, worker) {
            return !remove(&mut lists.deprived, worker);
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
        before.busy() == 1
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
        self.take_free(0, 0)
    }

    /// A worker that is away becomes a spare, or takes a right that has become free; true in the
    /// latter case.
    #[must_use]
    pub(crate) fn come_back_or_wait(&self, worker: usize) -> bool {
        let mut lists = self.lists.lock();
        if self.take_free(0, 0) {
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

    /// Takes a free right for somebody who counts as `then` from now on; with it, `gone` are no more.
    fn take_free(&self, then: u64, gone: u64) -> bool {
        let take = |counts| (Counts(counts).free() > 0).then(|| counts - FREE - gone + then);
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
