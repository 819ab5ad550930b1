//! The loop of a worker: find a goroutine, run it, and if there is none, sleep. (Go: `schedule`,
//! `findRunnable`.)
//!
//! Where a goroutine that becomes runnable goes:
//!
//! * Woken by the running goroutine: to `runnext`. What was there moves to the run queue, and only
//!   then a sleeper is called, if that is worth it: a ping-pong between two goroutines calls nobody.
//! * Spawned by the running goroutine: to `runnext` too, but a sleeper is called for it as well.
//! * Woken by a timer or the netpoller: to the run queue, all of a batch, with one wake-up. Where the
//!   queue is half full, or something waits in the global one, to that: in the order in which they came.
//! * Preempted, giving way (`yield_now`), or woken during its own poll: to the run queue, and nobody is
//!   called.
//! * Woken from outside, or by a worker that is away: to the global queue.
//!
//! The slice is 128 ready operations. `runnext` inherits what is left of it, and each poll of it
//! costs one, so two goroutines that wake each other for ever are preempted like one.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::ops::Range;
use std::ptr::NonNull;
use std::time::{Duration, Instant};

use super::counters::EVERY;
use super::keep::Stock;
use super::locked::Serves;
use super::pace::Pace;
use super::run_queue::{CAPACITY, Owner, Spill};
use super::steal::Suspect;
use super::{AWAY, LOCKED, Remote, STOPPING, Shared, current, sysmon};
use crate::clock;
use crate::coop::SLICE;
use crate::metrics;
use crate::primitive::atomic::Ordering;
use crate::primitive::sync::Arc;
use crate::random::{self, Random};
use crate::task::{Header, ID_BATCH, Meta, Ran, Runnable};
use crate::trace::Stay;
use crate::util::abort::AbortOnPanic;
use crate::util::wake_list::WakeList;

/// One search in so many begins with the global queue, and looks at timers and files. (Go's number: a
/// prime, so that it does not beat with a pattern of the program's.)
const FAIRNESS: u32 = 61;

/// A busy runtime looks at its files this often.
const POLL_INTERVAL: Duration = Duration::from_micros(50);

/// What stands in a queue is worth a call if it takes this worker as many nanoseconds. To wake a thread up
/// takes a quarter of that, and what it takes over it fetches from another processor's cache.
const CALL: u64 = 20_000;

/// Who finds somebody in the netpoller who only looks comes again after so long, at first and then; or somewhat
/// later, as the system has it.
const PAUSE: Duration = Duration::from_micros(20);
const LONGEST_PAUSE: Duration = Duration::from_micros(80);

/// The right to run and what belongs to it. (Go: P.)
#[derive(Debug)]
pub(super) struct Core {
    pub(super) queue: Owner<Header>,
    /// How many more searches there are up to the next that begins with the global queue.
    turns: u32,
    /// Ready operations left to the goroutine that `runnext` would run.
    slice: u32,
    /// Counted as searching other workers' queues.
    pub(super) spinning: bool,
    pub(super) random: Random,
    /// Numbers for new goroutines.
    ids: Range<u64>,
    last_poll: Instant,
    pace: Pace,
    /// How many more goroutines are made runnable up to the next that is timed.
    untimed: u32,
    /// All workers, as far as this one has heard of them.
    pub(super) others: Vec<Arc<Remote>>,
    pub(super) suspect: Suspect,
}

impl Core {
    /// A goroutine has become runnable and is about to be queued: it is timed if it is its turn.
    #[inline]
    fn made_runnable(&mut self, shared: &Shared, task: &Runnable) {
        self.untimed -= 1;
        if self.untimed == 0 {
            self.untimed = EVERY;
            shared.begin_sample(task);
        }
    }
}

/// A thread that runs goroutines. (Go: M.)
pub(super) struct Worker {
    shared: Arc<Shared>,
    index: usize,
    /// What others see of this worker.
    remote: Arc<Remote>,
    /// Never borrowed while code of a user's runs.
    pub(super) core: RefCell<Core>,
    running: Cell<Option<NonNull<Header>>>,
    /// For goroutines, to keep the scheduler.
    stock: Stock,
    /// Whether the goroutine that runs is in `task::blocking`.
    blocking: Cell<bool>,
    /// How often `sysmon` had taken its right when it last came back.
    retakes: Cell<u64>,
    /// Which goroutines it may run.
    serves: Cell<Serves>,
    /// Whether `CHANGO_DEBUG` asks which goroutine runs, or which one stays for too long.
    watched: bool,
    /// The stay of the goroutine that runs, if that was asked.
    stay: RefCell<Option<Stay>>,
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}

/// The life of a worker's thread; the queue comes back if it retires. A worker that was called to
/// look for work counts as spinning.
pub(super) fn run(
    shared: Arc<Shared>,
    index: usize,
    queue: Owner<Header>,
    called: bool,
) -> Owner<Header> {
    let worker = Worker::new(shared, index, queue, called);
    worker.remote.parker.bind();
    current::as_worker(&worker, || {
        let _guard = AbortOnPanic;
        if worker.shared.is_stopping() {
            // It may have come too late to be called.
            worker.remote.call(STOPPING);
        }
        while worker.is_fit() {
            match worker.find_work() {
                Some(task) => worker.take_up(task),
                None => worker.sleep(),
            }
        }
    });
    worker.end_locked();
    worker.stock.clear(&worker.shared);
    worker.core.into_inner().queue
}

/// A number for a goroutine that is spawned outside the workers.
pub(super) fn draw_id() -> u64 {
    draw_ids(1).start
}

/// The next `count` numbers; the first goroutine of the process is number 1.
fn draw_ids(count: u64) -> Range<u64> {
    // Not through `primitive`: a model has no statics, and draws no numbers.
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    let first = NEXT.fetch_add(count, std::sync::atomic::Ordering::Relaxed);
    first..first + count
}

impl Worker {
    /// The worker of number `index`, whose queue this is, to be run on this thread.
    fn new(shared: Arc<Shared>, index: usize, queue: Owner<Header>, called: bool) -> Self {
        let core = Core {
            queue,
            turns: FAIRNESS,
            slice: SLICE,
            spinning: called,
            random: Random::new(random::with(Random::next_u64)),
            ids: 0..0,
            last_poll: clock::now(),
            pace: Pace::new(),
            untimed: EVERY,
            others: Vec::new(),
            suspect: Suspect::nobody(),
        };
        let remote = shared.remote(index);
        let watched = shared.config.debug.blocked || shared.config.debug.names_running();
        Worker {
            shared,
            index,
            remote,
            core: RefCell::new(core),
            running: Cell::new(None),
            stock: Stock::new(),
            blocking: Cell::new(false),
            retakes: Cell::new(0),
            serves: Cell::new(Serves::All),
            watched,
            stay: RefCell::new(None),
        }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(super) fn index(&self) -> usize {
        self.index
    }

    pub(super) fn remote(&self) -> &Arc<Remote> {
        &self.remote
    }

    #[inline]
    pub(super) fn stock(&self) -> &Stock {
        &self.stock
    }

    pub(super) fn running(&self) -> Option<NonNull<Header>> {
        self.running.get()
    }

    /// Whether the goroutine that runs is in `task::blocking`.
    pub(super) fn is_blocking(&self) -> bool {
        self.blocking.get()
    }

    pub(super) fn set_blocking(&self, blocking: bool) {
        self.blocking.set(blocking);
    }

    /// Whether this worker has given up its right to run.
    #[inline]
    pub(super) fn is_away(&self) -> bool {
        self.remote.is_away()
    }

    /// This worker has a right to run again, and counts as spinning if it was `called`.
    pub(super) fn set_back(&self, called: bool) {
        let mut core = self.core.borrow_mut();
        core.spinning = called;
        if self.running.get().is_some() {
            self.remote.renew_poll();
            if self.watched {
                self.begin_stay_anew();
            }
        }
        self.remote.answer(AWAY);
        drop(core);
        let retakes = self.remote.retakes.get();
        if self.retakes.replace(retakes) != retakes {
            // `sysmon` has had to find out that it blocked; the next one may soon.
            self.shared.sysmon.stir();
        }
        // All others may have been idle meanwhile, and `sysmon` with them.
        self.shared.sysmon.nudge();
    }

    /// Whether this worker counted as spinning; it does not from here on by itself.
    pub(super) fn take_spinning(&self) -> bool {
        std::mem::take(&mut self.core.borrow_mut().spinning)
    }

    pub(super) fn next_id(&self) -> u64 {
        let mut core = self.core.borrow_mut();
        if core.ids.is_empty() {
            core.ids = draw_ids(ID_BATCH);
        }
        core.ids.next().unwrap_or_else(draw_id)
    }

    /// Queues a goroutine that this thread has woken.
    #[inline]
    pub(super) fn ready(&self, task: Runnable) {
        if self.is_away() {
            return Shared::ready_from_outside(&self.shared, task);
        }
        if self.running.get().is_none() {
            // The worker itself wakes, out of a timer or the netpoller; see `wake_batch`.
            return self.push_of_batch(task);
        }
        if self.put_next(task) {
            self.call_if_worth(0);
        }
    }

    /// Queues a goroutine that this thread has spawned.
    pub(super) fn spawned(&self, task: Runnable) {
        if self.is_away() {
            if self.is_blocking() {
                // What is spawned there is often waited for there.
                return Shared::ready_from_outside(&self.shared, task);
            }
            // It may spawn very many before it gives way, and to call for each is dearer than to run it.
            self.shared.push_from_outside(task);
            return self.call_if_worth(self.shared.global.len());
        }
        self.put_next(task);
        self.call_if_worth(1);
    }

    /// Calls a sleeper if what stands in the run queue, and as many more, keep this worker for longer than
    /// it takes the other one to come. If it goes on for longer than the last polls say, `sysmon` sees it.
    #[inline]
    fn call_if_worth(&self, more: usize) {
        let core = self.core.borrow();
        let waiting = (core.queue.shared().len() + more) as u64;
        let is_worth = waiting.saturating_mul(core.pace.mean) >= CALL;
        drop(core);
        match is_worth {
            true => Shared::wake_one(&self.shared),
            false => self.shared.leave_to_sysmon(),
        }
    }

    /// Makes a goroutine the next to run; whether another one had to move to the queue.
    #[inline]
    fn put_next(&self, task: Runnable) -> bool {
        let moved = {
            let mut core = self.core.borrow_mut();
            core.made_runnable(&self.shared, &task);
            core.queue.put_next(task.into_raw())
        };
        self.shared.leave_to_sysmon();
        let Some(moved) = moved else { return false };
        // SAFETY: a queue holds each runnable goroutine once, and this one has just left it.
        self.push_local(unsafe { Runnable::from_raw(moved) });
        true
    }

    /// Queues a goroutine that has become runnable behind the others.
    #[inline]
    fn push_ready(&self, task: Runnable) {
        let pushed = {
            let mut core = self.core.borrow_mut();
            core.made_runnable(&self.shared, &task);
            core.queue.push(task.into_raw())
        };
        if let Err(spill) = pushed {
            self.spill(spill);
        }
    }

    /// Queues one of a batch behind all that this worker would come to: in the global queue if something
    /// waits there, or if its own is half full. Else a worker that looks at files while it is busy would
    /// spill the oldest again and again, and have them run last.
    fn push_of_batch(&self, task: Runnable) {
        let mut core = self.core.borrow_mut();
        if self.shared.global.len() == 0 && core.queue.room() > CAPACITY as usize / 2 {
            drop(core);
            return self.push_ready(task);
        }
        core.made_runnable(&self.shared, &task);
        drop(core);
        self.shared.global.push([task]);
    }

    #[inline]
    fn push_local(&self, task: Runnable) {
        let pushed = self.core.borrow_mut().queue.push(task.into_raw());
        if let Err(spill) = pushed {
            self.spill(spill);
        }
    }

    /// Half of the run queue, which is full, goes to the global one.
    #[cold]
    fn spill(&self, Spill(tasks): Spill<Header>) {
        self.remote.counters.spills.add(1);
        // SAFETY: the queue has just given them up.
        unsafe { self.shared.requeue(tasks) };
    }

    /// Between two goroutines: whether this thread may look for one. False if it is to end.
    #[inline]
    fn is_fit(&self) -> bool {
        self.remote.is_clear() || self.attend()
    }

    /// Sees to what keeps this thread from looking for a goroutine. False if it is to end.
    #[cold]
    fn attend(&self) -> bool {
        if self.shared.is_stopping() {
            return false;
        }
        while self.serves.get() != Serves::All {
            if !self.serve_locked() {
                return false;
            }
        }
        !self.is_away() || self.come_back()
    }

    pub(super) fn serves(&self) -> Serves {
        self.serves.get()
    }

    pub(super) fn set_serves(&self, serves: Serves) {
        self.serves.set(serves);
        if serves == Serves::All {
            self.remote.answer(LOCKED);
        } else {
            self.remote.call(LOCKED);
        }
    }

    /// Runs a goroutine that came out of a queue, unless it is locked to another thread.
    #[inline]
    fn take_up(&self, task: Runnable) {
        if !(task.header().is_special() || self.watched) {
            return self.poll(task);
        }
        let task = match task.header().is_locked() {
            true => self.pass_on(task),
            false => Some(task),
        };
        if let Some(task) = task {
            self.run_one(task);
        }
    }

    /// Polls a goroutine that is this thread's to run, timed and watched or not.
    #[cold]
    pub(super) fn run_one(&self, task: Runnable) {
        if task.header().is_sampled() {
            self.end_sample(&task);
        }
        if self.watched {
            self.begin_stay(&task.header().meta);
        }
        self.poll(task);
        if self.watched {
            self.end_stay();
        }
    }

    /// Polls a goroutine, and puts it where it goes next.
    #[inline(always)]
    fn poll(&self, task: Runnable) {
        let slice = {
            let mut core = self.core.borrow_mut();
            self.remote.begin_poll();
            if core.spinning {
                core.spinning = false;
                drop(core);
                self.stop_spinning();
                core = self.core.borrow_mut();
            }
            core.slice
        };
        self.running.set(Some(NonNull::from(task.header())));
        task.header().note.begin(self.shared.sysmon.clock());
        let (ran, left) = task.run(&self.shared.registry, slice);
        self.running.set(None);
        {
            let mut core = self.core.borrow_mut();
            self.remote.end_poll();
            core.slice = left;
        }
        match ran {
            Ran::Gone { ended: false } => {}
            Ran::Gone { ended: true } => {
                if self.serves.get() != Serves::All {
                    self.locked_has_ended();
                }
            }
            Ran::Again(task) => {
                self.remote.counters.returns.add(1);
                self.push_ready(task);
                self.shared.leave_to_sysmon();
            }
        }
    }

    /// Counts how long a goroutine that is timed has waited for its poll, which begins now.
    #[cold]
    fn end_sample(&self, task: &Runnable) {
        let waited = self.shared.end_sample(task);
        self.remote.counters.latency[metrics::bucket_of(waited)].add(1);
    }

    // ---- for `CHANGO_DEBUG` ----

    #[cold]
    fn begin_stay(&self, meta: &Meta) {
        // Relaxed: a number by itself.
        let running = &self.remote.counters.running;
        running.store(meta.id.0, Ordering::Relaxed);
        if self.shared.config.debug.blocked {
            let stay = Stay::new(meta, clock::now(), self.remote.retakes.get());
            *self.stay.borrow_mut() = Some(stay);
        }
    }

    /// The goroutine that runs has done what it had to in a call that blocks, and the worker has a right
    /// again.
    #[cold]
    fn begin_stay_anew(&self) {
        if let Some(stay) = &mut *self.stay.borrow_mut() {
            stay.begun = clock::now();
        }
    }

    /// The goroutine gives way, or the worker's right up: it is reported if the right was taken before.
    #[cold]
    pub(super) fn end_stay(&self) {
        if self.running.get().is_none() {
            // Relaxed: a number by itself.
            let running = &self.remote.counters.running;
            running.store(0, Ordering::Relaxed);
        }
        let retakes = self.remote.retakes.get();
        if let Some(stay) = &mut *self.stay.borrow_mut()
            && std::mem::replace(&mut stay.retakes, retakes) != retakes
        {
            let stayed = clock::now().saturating_duration_since(stay.begun);
            // Else the right was taken at the very end of another goroutine's stay.
            if stayed >= sysmon::SLICE {
                self.shared.reported.stayed(stay, stayed);
            }
        }
    }

    /// This worker, which counts as spinning, stops to.
    #[cold]
    pub(super) fn stop_spinning(&self) {
        if self.shared.idle.found_work() {
            Shared::wake_one(&self.shared);
        }
    }

    /// Moves everything that stands in this worker's hands to the global queue.
    pub(super) fn give_queue_away(&self) {
        if self.has_local() {
            self.shared.drain(&self.remote);
            Shared::wake_one(&self.shared);
        }
    }

    fn has_local(&self) -> bool {
        let core = self.core.borrow();
        core.queue.shared().has_next() || core.queue.shared().len() > 0
    }

    // ---- the search ----

    /// The policy: in which order a worker looks for a goroutine.
    fn find_work(&self) -> Option<Runnable> {
        if self.is_for_others()
            && let Some(task) = self.first_of_others()
        {
            self.requeue_next();
            return Some(self.fresh_slice(task));
        }
        if let Some(task) = self.take_local() {
            return Some(task);
        }
        if let Some(task) = self.take_global(usize::MAX) {
            return Some(self.fresh_slice(task));
        }
        if let Some(task) = self.rescue() {
            return Some(self.fresh_slice(task));
        }
        self.look_outside(Duration::ZERO);
        // A waker of somebody else's may have spawned: `runnext` too.
        let task = self
            .take_local()
            .or_else(|| self.take_global(usize::MAX))
            .or_else(|| self.steal())?;
        Some(self.fresh_slice(task))
    }

    pub(super) fn fresh_slice(&self, task: Runnable) -> Runnable {
        self.core.borrow_mut().slice = SLICE;
        task
    }

    /// Whether it is the turn of the global queue, and of timers and files.
    #[inline]
    fn is_for_others(&self) -> bool {
        let mut core = self.core.borrow_mut();
        core.turns -= 1;
        let is_turn = core.turns == 0;
        if is_turn {
            core.turns = FAIRNESS;
        }
        is_turn
    }

    /// Takes as many out of the global queue as there are turns up to the next time: a goroutine there does
    /// not wait longer than one that comes again and again to a worker's queue, however many there are.
    #[inline(never)]
    fn first_of_others(&self) -> Option<Runnable> {
        self.core.borrow_mut().pace.reckon(FAIRNESS);
        self.look_outside(POLL_INTERVAL);
        if self.shared.global.len() > 0 {
            self.make_room_for_others();
        }
        let task = self.take_global(FAIRNESS as usize)?;
        // What is in the queue waits for one poll more.
        self.shared.leave_to_sysmon();
        Some(task)
    }

    /// If the own queue has no room for as many as come, the newest, most of which have just had their turn, go
    /// behind those in the global one, as if all stood in one queue. (Were it the oldest, whose turn it is, some
    /// would go back and forth for long.)
    fn make_room_for_others(&self) {
        let coming = self.share(self.shared.global.len()).min(FAIRNESS as usize);
        let newest = {
            let mut core = self.core.borrow_mut();
            if core.queue.room() / 2 >= coming {
                return;
            }
            core.queue.take_newest(coming as u32)
        };
        if newest.is_empty() {
            // Thieves are at the queue, and may have been told that it is empty.
            return self.shared.leave_to_sysmon();
        }
        // SAFETY: the queue has just given them up.
        unsafe { self.shared.requeue(newest) };
    }

    /// Somebody else comes in between, and the slice begins anew: what would have run next, with what is left
    /// of the old one, goes behind the others. Else a pair that never uses its slice up in 61 turns, and has it
    /// renewed each time, would keep the queue waiting for ever.
    fn requeue_next(&self) {
        let next = self.core.borrow_mut().queue.take_next();
        if let Some(task) = next {
            // SAFETY: as in `put_next`.
            self.push_local(unsafe { Runnable::from_raw(task) });
        }
    }

    /// `runnext`, with what is left of the slice; if nothing is, it queues behind the others. Else the
    /// first in the run queue.
    #[inline]
    fn take_local(&self) -> Option<Runnable> {
        let mut core = self.core.borrow_mut();
        if let Some(task) = core.queue.take_next() {
            // SAFETY: as in `put_next`.
            let task = unsafe { Runnable::from_raw(task) };
            if core.slice > 0 {
                core.slice -= 1;
                return Some(task);
            }
            drop(core);
            self.push_local(task);
            self.shared.leave_to_sysmon();
            core = self.core.borrow_mut();
        }
        let task = core.queue.pop()?;
        core.slice = SLICE;
        // SAFETY: as in `put_next`.
        Some(unsafe { Runnable::from_raw(task) })
    }

    /// A worker's fair share of so many goroutines in the global queue.
    fn share(&self, len: usize) -> usize {
        len / self.shared.max_procs() + 1
    }

    /// A fair share of the global queue, and no more than `most`: one to run, the others into the run queue.
    fn take_global(&self, most: usize) -> Option<Runnable> {
        let len = self.shared.global.len();
        if len == 0 {
            return None;
        }
        let mut core = self.core.borrow_mut();
        let limit = self.share(len).min(core.queue.room() / 2);
        let limit = limit.min(most).max(1);
        let first = self.shared.global.pop(limit, |task| {
            let pushed = core.queue.push(task.into_raw());
            debug_assert!(pushed.is_ok(), "no more is taken than there is room for");
        });
        let more = core.queue.shared().len() > 0;
        drop(core);
        if more {
            Shared::wake_one(&self.shared);
        }
        first
    }

    /// Wakes what timers and files made ready, without waiting. Files are left alone if somebody
    /// looked less than `interval` ago.
    fn look_outside(&self, interval: Duration) {
        let shared = &*self.shared;
        let files = shared.netpoll.registered() > 0;
        if !files && shared.timers.is_empty() {
            return;
        }
        let now = clock::now();
        // Relaxed: a hint for `sysmon`.
        self.remote
            .looked
            .store(shared.nanos(now), Ordering::Relaxed);
        let mut wake = WakeList::new();
        if shared.timers.has_due(now) {
            shared.timers.expire(now, &mut wake);
        }
        if files && now.saturating_duration_since(self.core.borrow().last_poll) >= interval {
            self.core.borrow_mut().last_poll = now;
            // `Busy`: another worker looks already. An error: the next look meets it again.
            let _ = shared.netpoll.try_poll(Some(Duration::ZERO), &mut wake);
        }
        self.wake_batch(wake);
    }

    /// Wakes all, into the run queue; one sleeper is called if there is more than this worker can
    /// take up at once.
    fn wake_batch(&self, wake: WakeList) {
        if wake.is_empty() {
            return;
        }
        wake.wake_all();
        // Whether it is worth it is not asked: `sysmon` would have to be told each time that it is not.
        if self.core.borrow().queue.shared().len() > 1 || self.shared.global.len() > 0 {
            Shared::wake_one(&self.shared);
        }
    }

    // ---- sleep ----

    /// Sleeps until there may be work. `README.md` beside this file shows that none is missed.
    fn sleep(&self) {
        let shared = &*self.shared;
        let spinning = self.core.borrow().spinning;
        if !shared.idle.sleep(self.index, spinning, || self.is_away()) {
            return;
        }
        shared.sysmon.hurry();
        let found = self.last_look();
        self.remote.counters.parks.add(u64::from(!found));
        self.core.borrow_mut().pace.falls_asleep();
        let wake = if found { None } else { self.sleep_somewhere() };
        self.core.borrow_mut().pace.wakes_up();
        self.core.borrow_mut().spinning = shared.idle.wake_self(self.index, found);
        if found || wake.is_some() {
            // It leaves the idle state without being called.
            shared.sysmon.nudge();
        }
        if let Some(wake) = wake {
            self.wake_batch(wake);
        }
    }

    /// After this worker counts as parked, or its right as free: whether there is something to do
    /// all the same.
    pub(super) fn last_look(&self) -> bool {
        let mut core = self.core.borrow_mut();
        self.shared
            .hear_of_others(&mut core.others, |remote| remote);
        if self.shared.is_stopping() {
            // It may not have been called yet.
            self.remote.call(STOPPING);
            return true;
        }
        self.shared.has_work(&core.others)
    }

    /// The first to sleep sleeps in the netpoller, for all; the others on their own.
    fn sleep_somewhere(&self) -> Option<WakeList> {
        let shared = &*self.shared;
        let parker = &self.remote.parker;
        // Acquire and release: the poller's fields pass from one poller to the next.
        if shared.poller.swap(true, Ordering::AcqRel) {
            parker.park();
            return None;
        }
        let wake = self.sleep_in_netpoller();
        shared.poller.store(false, Ordering::Release);
        wake
    }

    /// Sleeps in the netpoller, if it has not been called. Where somebody else has just a look there, it comes
    /// again a little later: whoever looks may have to wait for a processor, and to ask again and again
    /// would be to keep it.
    fn sleep_in_netpoller(&self) -> Option<WakeList> {
        let parker = &self.remote.parker;
        let mut pause = PAUSE;
        while parker.begin_poll() {
            let wake = self.shared.sleep_in_poller();
            let called = parker.end_poll();
            if wake.is_some() {
                return wake;
            }
            let next = self.shared.timers.earliest();
            let left = next.map(|next| next.saturating_duration_since(clock::now()));
            if called || parker.park_timeout(left.map_or(pause, |left| left.min(pause))) {
                break;
            }
            pause = LONGEST_PAUSE.min(2 * pause);
        }
        None
    }
}

#[cfg(all(test, not(loom)))]
#[path = "../tests/worker.rs"]
pub(super) mod tests;
