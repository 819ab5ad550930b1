//! The thread that watches the workers. (Go: `sysmon`, `retake`.)
//!
//! Goroutines run until they wait, so one that computes or blocks for long keeps its worker, and what
//! stands behind it would wait. This thread has no right to run; it looks, and where something waits:
//!
//! * the slice of a goroutine that has been polled for longer than [`SLICE`] is taken away, so that it
//!   gives way at its next channel, timer or socket operation;
//! * if it does not come to one, and there is something to do, its worker is marked as away: what
//!   stands in its hands goes to the global queue, and its right to a spare (see [`super::handoff`]). One whose
//!   thread sleeps in the system, as the system says, is not waited for: after [`BLOCKED`] it is marked (Go is told
//!   of each call of the system, and waits for one look);
//! * what stands in a worker's queue or `runnext` behind a poll that takes long, or in its queue from one look
//!   to the next, has an idle worker called;
//! * timers and files at which nobody has looked for [`UNLOOKED`] are looked at here;
//! * rights to run that are too many are taken, and the default of how many there are is followed (see
//!   [`super::procs`]);
//! * who listens to a signal is told that it was raised, and the dump is printed if SIGQUIT has asked for
//!   it: this thread can while all workers hang.
//!
//! **The rhythm** is Go's: a look at short pauses, and after 50 looks that found nothing to do twice as long each
//! time, up to 10 ms. A goroutine may have to wait for 100 µs beside an idle worker, so the shortest pause is 80
//! µs (Go's is 20 µs, which serves nobody here: each look takes a processor from a worker where there are few).
//! Who leaves one in its hands without calling anybody says so by [`Shared::leave_to_sysmon`], and if there is an
//! idle worker then, the next three looks come at the shortest pauses, and those after them at the one before.
//! When all workers idle for a while it parks: an idle runtime uses no processor. (With `CHANGO_DEBUG=schedtrace`
//! it wakes for each line.) Who leaves the idle state wakes it by [`Sysmon::nudge`]. So does, for a signal, the
//! worker that sleeps in the netpoller: a handler may not, and ends the poll. Where none sleeps there, this
//! thread does not park.
//!
//! What must hold: while a worker is awake that has a right, this thread looks at least every 10 ms; no
//! lock is held while it wakes somebody.

use std::ffi::c_int;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::park::Parker;
use super::procs::Looked;
use super::{Remote, Shared, deadlock};
use crate::clock;
use crate::primitive::atomic::{AtomicBool, AtomicU32, Ordering, fence};
use crate::primitive::sync::Arc;
use crate::primitive::{MODELLED, hint};
use crate::sys::{self, Numbers};
use crate::trace::Trace;
use crate::util::wake_list::WakeList;

/// A goroutine that is polled for longer gives way to others. (Go: `forcePreemptNS`.)
pub(super) const SLICE: Duration = Duration::from_millis(10);

/// A worker whose thread has been in one poll for so long is asked after: if it sleeps in the system, it is not
/// waited for until [`SLICE`] has passed.
const BLOCKED: Duration = Duration::from_millis(1);

/// The unit of the notes' clock.
const TICK: Duration = Duration::from_millis(10);

/// Timers and files are looked at this often at least.
const UNLOOKED: Duration = Duration::from_millis(10);

/// The pause between two looks: at first, and while a goroutine may wait beside an idle worker. With [`LONG`],
/// it does not wait for much longer than 100 µs.
const SHORTEST: Duration = Duration::from_micros(80);

/// The pause between two looks, at most.
const LONGEST: Duration = Duration::from_millis(10);

/// A poll behind which something waits takes long if it goes on for so much more. What it costs to have another
/// processor go on with a goroutine is about as much, and two that fill and empty a channel of a hundred values
/// in turn take a few microseconds each: they belong together.
const LONG: Duration = Duration::from_micros(20);

/// Goroutines that are woken here and keep their worker busy for less than this, each time, are not worth another
/// worker while none of them waits for long: to fetch one from another processor's cache takes a third of it.
const WORTH: Duration = Duration::from_micros(3);

/// But so many are: who takes half of them need not come again at once.
const MANY: u32 = 16;

/// What asks for a dump. POSIX gives it this number.
const SIGQUIT: c_int = 3;

/// So many looks in vain, and it looks less often.
const PATIENCE: u32 = 50;

/// So many looks show whether a goroutine that was left to this thread waits behind a poll that takes long: one
/// that sees it begin, one that sees it go on, and one for who was just about to. If it is left again it is
/// said again: a server leaves one every few milliseconds.
const ENOUGH: u32 = 3;

/// So many looks in vain at the longest pause, all workers being idle, and it parks.
const PARKS_AFTER: u32 = 5;

/// The thread, for those who wake it.
#[derive(Debug)]
pub(super) struct Sysmon {
    parker: Parker,
    /// Whether it is parked, or about to.
    parked: AtomicBool,
    /// Whether it sleeps for longer than [`SHORTEST`], or is about to.
    resting: AtomicBool,
    /// Since the last look a worker has left a goroutine in its own hands. The line is in all workers'
    /// caches; it is written once a look.
    wanted: AtomicBool,
    /// Since the last look a worker has come back from a call that blocked: its next one may.
    stirred: AtomicBool,
    thread: Mutex<Option<thread::JoinHandle<()>>>,
    start: Instant,
    /// The clock of the notes of goroutines, in units of [`TICK`]: reading the system's is too dear for
    /// each poll. Written here while this thread watches, and by whoever wakes it.
    clock: AtomicU32,
}

/// How long ago, at the moment `now` of the notes' clock, `since` was.
pub(super) fn between(since: u32, now: u32) -> Duration {
    TICK * now.saturating_sub(since)
}

impl Sysmon {
    pub(super) fn new() -> Self {
        Self {
            start: clock::now(),
            clock: AtomicU32::new(0),
            parker: Parker::new(),
            parked: AtomicBool::new(false),
            resting: AtomicBool::new(false),
            // A model has no rhythm: nobody need tell.
            wanted: AtomicBool::new(MODELLED),
            stirred: AtomicBool::new(false),
            thread: Mutex::new(None),
        }
    }

    pub(super) fn start(shared: &Arc<Shared>) -> io::Result<()> {
        let watched = Arc::clone(shared);
        shared.signals.watch(SIGQUIT)?;
        let thread = thread::Builder::new()
            .name(format!("{}-sysmon", shared.config.name))
            .spawn(move || {
                sys::sleep_to_the_point();
                Watch::new(&watched).run();
            })?;
        *shared.sysmon.handle() = Some(thread);
        Ok(())
    }

    /// The moment, by the system's clock.
    pub(super) fn now(&self) -> u32 {
        let ticks = clock::now()
            .saturating_duration_since(self.start)
            .as_millis()
            / TICK.as_millis();
        // After a year and more the ages stay what they are.
        u32::try_from(ticks).unwrap_or(u32::MAX)
    }

    /// The moment, as of the last look.
    #[inline]
    pub(super) fn clock(&self) -> u32 {
        self.clock.load(Ordering::Relaxed)
    }

    /// Whether somebody was left to it since the last look.
    #[cfg(all(test, not(loom)))]
    pub(super) fn is_told(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    fn set_clock(&self) {
        let now = self.now();
        // The line is in all workers' caches: it is written only if it changes.
        if self.clock() != now {
            self.clock.store(now, Ordering::Relaxed);
        }
    }

    fn handle(&self) -> std::sync::MutexGuard<'_, Option<thread::JoinHandle<()>>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread, to be waited for after [`wake`](Self::wake).
    pub(super) fn thread(&self) -> Option<thread::JoinHandle<()>> {
        self.handle().take()
    }

    /// A worker has left the idle state: if this thread is parked, it watches again.
    #[inline]
    pub(super) fn nudge(&self) {
        // SeqCst: pairs with the fence in `Watch::park`: either this sees that it parks, or that sees
        // that a worker does not idle.
        if self.parked.load(Ordering::SeqCst) {
            self.wake();
        }
    }

    /// A worker has come back from a call that blocked: those who block again are seen soon.
    pub(super) fn stir(&self) {
        // Relaxed: if it is missed, the next look is at most 10 ms away.
        self.stirred.store(true, Ordering::Relaxed);
        if self.resting.load(Ordering::Relaxed) {
            let _ = self.parker.unpark();
        }
    }

    /// A worker idles: if others have goroutines in their hands, they are looked at in time from here on.
    pub(super) fn hurry(&self) {
        // Relaxed: the fence that stands between counting as idle and this pairs with that in `say_to_sysmon`.
        if self.wanted.load(Ordering::Relaxed) && self.resting.load(Ordering::Relaxed) {
            let _ = self.parker.unpark();
        }
    }

    #[cold]
    pub(super) fn wake(&self) {
        // Before this thread looks again goroutines may be polled.
        self.set_clock();
        let _ = self.parker.unpark();
    }
}

impl Shared {
    /// A goroutine waits in the hands of a worker, behind a poll that may be long, and nobody was called.
    #[inline]
    pub(super) fn leave_to_sysmon(&self) {
        // Relaxed: if it is said still from before, and just now taken for seen, the looks that come after
        // that one, of which there are some, see what waits.
        if !self.sysmon.wanted.load(Ordering::Relaxed) {
            self.say_to_sysmon();
        }
    }

    #[cold]
    fn say_to_sysmon(&self) {
        self.sysmon.wanted.store(true, Ordering::Relaxed);
        // Pairs with the fences in `Watch::rest`, and in `Idle::sleep`: of this and who goes to rest, one
        // sees the other.
        fence(Ordering::SeqCst);
        if self.sysmon.resting.load(Ordering::Relaxed) && self.idle.has_room() {
            let _ = self.sysmon.parker.unpark();
        }
        // All others may idle, beside a worker that is away.
        self.sysmon.nudge();
    }
}

/// Whether the worker stays in this poll for [`LONG`].
fn stays(remote: &Remote, polls: u64) -> bool {
    let end = clock::now() + LONG;
    loop {
        hint::spin_loop();
        // Relaxed: it is a guess, and a wrong one costs a call.
        if remote.polls.load(Ordering::Relaxed) != polls {
            return false;
        }
        // Time stands still in a model.
        if MODELLED || clock::now() >= end {
            return true;
        }
    }
}

/// What is remembered of a worker from one look to the next.
struct Watched {
    remote: Arc<Remote>,
    /// Its `polls`.
    polls: u64,
    /// Since when it has that many.
    since: Instant,
    /// When it was looked at, and where the ends of its queue were.
    looked: Instant,
    ends: (u32, u32),
    /// How often a goroutine had come back to its queue by itself.
    returns: u64,
    /// After how long in that poll the system was asked after its thread.
    asked: Duration,
}

/// What a look at a worker shows.
struct Look {
    in_poll: bool,
    /// It has neither begun nor ended a poll since the last look.
    is_same: bool,
    /// Something is set to run next, or stands in its queue.
    waits: bool,
    /// Something stands in its queue, as at the last look, and is worth another worker.
    is_crowded: bool,
}

impl Watched {
    fn new(remote: Arc<Remote>) -> Self {
        Self {
            remote,
            polls: 0,
            since: clock::now(),
            looked: clock::now(),
            ends: (0, 0),
            returns: 0,
            asked: Duration::ZERO,
        }
    }

    fn look(&mut self, now: Instant) -> Look {
        let queued = self.remote.queue.has_work();
        let is_worth = self.is_worth_help(now);
        // Relaxed: what it leads to is made sure of under a lock.
        let polls = self.remote.polls.load(Ordering::Relaxed);
        let is_same = std::mem::replace(&mut self.polls, polls) == polls;
        if !is_same {
            (self.since, self.asked) = (now, Duration::ZERO);
        }
        Look {
            in_poll: polls % 2 == 1,
            is_same,
            waits: queued || self.remote.queue.has_next(),
            is_crowded: queued && is_worth,
        }
    }

    /// Whether what stands in the queue, as something did at the last look, is worth another worker: somebody has
    /// waited there since; or they are so many that it has enough of half of them; or most come back to the queue by
    /// themselves, and would come back to another one's; or each keeps the worker busy for a while. Not worth it
    /// are those that are woken here for a few operations each, as the producers of a select are by who receives from
    /// them all: another worker would fetch them one by one.
    fn is_worth_help(&mut self, now: Instant) -> bool {
        let (head, tail) = self.remote.queue.ends();
        let (head_before, tail_before) = std::mem::replace(&mut self.ends, (head, tail));
        let returns = self.remote.counters.returns.get();
        let returned = returns.wrapping_sub(std::mem::replace(&mut self.returns, returns));
        let since = now.saturating_duration_since(std::mem::replace(&mut self.looked, now));
        let taken = head.wrapping_sub(head_before);
        // Both count up, but for what the worker takes back.
        let has_waited = head.wrapping_sub(tail_before).cast_signed() < 0;
        head_before != tail_before
            && (has_waited
                || tail.wrapping_sub(head) >= MANY
                || 2 * returned >= u64::from(taken)
                || since >= WORTH * taken)
    }
}

/// When to look again.
#[derive(Debug)]
struct Rhythm {
    pause: Duration,
    /// The pause that comes after this one.
    next: Duration,
    /// Looks in vain, one after the other.
    in_vain: u32,
}

impl Rhythm {
    fn new() -> Self {
        Self {
            pause: SHORTEST,
            next: SHORTEST * 2,
            in_vain: 0,
        }
    }

    /// Something was left to it: it looks [`ENOUGH`] times at the shortest pauses, and then as often as before. It
    /// may have more looks left of what it was asked for before that.
    fn look_again_and_again(&mut self) {
        let few = PATIENCE - ENOUGH;
        if self.is_shortest() {
            self.in_vain = self.in_vain.min(few);
        } else {
            (self.next, self.pause, self.in_vain) = (self.pause, SHORTEST, few);
        }
    }

    /// How long to sleep before the next look.
    fn next_pause(&mut self) -> Duration {
        if self.in_vain > PATIENCE && self.pause < LONGEST {
            self.pause = self.next;
            self.next = LONGEST.min(self.pause * 2);
            self.in_vain = PATIENCE;
        }
        self.pause
    }

    /// A look has found nothing to do.
    fn looked_in_vain(&mut self) {
        self.in_vain += 1;
    }

    fn is_shortest(&self) -> bool {
        self.pause == SHORTEST
    }

    /// Whether it has looked long enough to park, if there is nobody to look at.
    fn is_at_its_end(&self) -> bool {
        self.pause == LONGEST && self.in_vain > PATIENCE + PARKS_AFTER
    }
}

/// What the thread remembers from one look to the next.
struct Watch<'a> {
    shared: &'a Arc<Shared>,
    workers: Vec<Watched>,
    /// When it looked at how many workers there are to be.
    procs: Looked,
    rhythm: Rhythm,
    /// The lines of `CHANGO_DEBUG=schedtrace`, if they were asked for.
    trace: Option<Trace>,
}

impl<'a> Watch<'a> {
    fn new(shared: &'a Arc<Shared>) -> Self {
        shared.sysmon.parker.bind();
        Self {
            shared,
            workers: Vec::new(),
            procs: Looked::new(clock::now()),
            rhythm: Rhythm::new(),
            trace: Trace::new(shared.config.debug, shared.start, || shared.metrics()),
        }
    }

    fn run(mut self) {
        while !self.shared.is_stopping() {
            self.rest();
            self.attend(self.shared.signals.take());
            if self.shared.sysmon.stirred.swap(false, Ordering::Relaxed) {
                self.rhythm = Rhythm::new();
            }
            if self.is_wanted() {
                // Before the look: what is left to it from here on is left to the next one.
                self.shared.sysmon.wanted.store(false, Ordering::Relaxed);
                self.rhythm.look_again_and_again();
            }
            if self.look() {
                self.rhythm = Rhythm::new();
            } else {
                self.rhythm.looked_in_vain();
            }
            if let Some(trace) = &mut self.trace {
                let shared = self.shared;
                trace.tick(clock::now(), || shared.metrics(), || shared.detail());
            }
        }
    }

    /// Sees to the signals that were raised. Nobody has to wait for the dump, which may take long.
    fn attend(&self, raised: Numbers) {
        if raised == Numbers::NONE {
            return;
        }
        self.shared.signals.deliver(raised);
        if raised.has(SIGQUIT) {
            self.shared.print_dump("SIGQUIT");
        }
    }

    /// Sleeps until the next look.
    fn rest(&mut self) {
        let pause = self.rhythm.next_pause();
        if self.rhythm.is_at_its_end() && self.may_park() {
            if self.park() {
                self.rhythm = Rhythm::new();
            }
            return;
        }
        let Sysmon {
            parker, resting, ..
        } = &self.shared.sysmon;
        if self.rhythm.is_shortest() {
            parker.park_timeout(pause);
            return;
        }
        resting.store(true, Ordering::Relaxed);
        // Pairs with the fence in `say_to_sysmon`.
        fence(Ordering::SeqCst);
        if !self.is_wanted() {
            parker.park_timeout(pause);
        }
        resting.store(false, Ordering::Relaxed);
    }

    /// Whether a goroutine may wait in somebody's hands beside a worker that idles.
    fn is_wanted(&self) -> bool {
        let idle = &self.shared.idle;
        self.shared.sysmon.wanted.load(Ordering::Relaxed) && idle.has_room()
    }

    /// Whether nobody is awake who would have to be watched. Where no thread can be had that sleeps in the
    /// netpoller, or takes up what is woken (all are locked or blocked), this one looks on.
    fn may_park(&self) -> bool {
        let shared = self.shared;
        // In this order: who counts as away has left the netpoller before.
        let quiet = shared.idle.is_quiet() && !shared.idle.has_debt() && shared.is_watched();
        // Who could not start a thread just before has seen that this one does not park yet.
        quiet && !self.is_stranded()
    }

    /// Sleeps until a worker leaves the idle state, or a line of the trace is due: false in the latter
    /// case.
    fn park(&self) -> bool {
        let mut called = true;
        let Sysmon { parker, parked, .. } = &self.shared.sysmon;
        parked.store(true, Ordering::SeqCst);
        // Pairs with the load in `nudge`.
        fence(Ordering::SeqCst);
        if self.may_park()
            && !self.is_wanted()
            && !self.shared.is_stopping()
            && !self.shared.signals.is_raised()
        {
            self.shared.signals.forget_gone();
            let due = self.trace.as_ref().map(|trace| trace.due_in(clock::now()));
            called = deadlock::sleep(self.shared, parker, due);
        }
        parked.store(false, Ordering::SeqCst);
        called
    }

    /// Looks at all workers; whether anything had to be done.
    fn look(&mut self) -> bool {
        let now = clock::now();
        self.shared.sysmon.set_clock();
        self.shared.hear_of_others(&mut self.workers, Watched::new);
        if self.procs.is_due(now) {
            Shared::follow(self.shared);
        }
        let mut done = self.shared.idle.has_debt();
        if done {
            Shared::settle(self.shared, None);
        }
        for at in 0..self.workers.len() {
            done |= self.look_at(at, now);
        }
        // Somebody could not be started, or nobody noticed: it is called again.
        if self.is_stranded() {
            Shared::wake_one(self.shared);
            // No thread can be had, or one that waits for its own goroutine is passed it.
            done |= !self.is_stranded() || Shared::pass_on_from_outside(self.shared);
        } else if self.shared.idle.is_quiet() && self.is_unwatched() {
            // The same, for the place in the netpoller; until somebody comes this thread looks there.
            Shared::wake_one(self.shared);
        }
        self.look_outside(now) || done
    }

    /// Whether a goroutine waits for a worker, a right is there for one, and nobody is on the way.
    fn is_stranded(&self) -> bool {
        self.shared.global.len() > 0 && self.shared.idle.has_room()
    }

    /// Looks at one worker; whether anything had to be done.
    fn look_at(&mut self, at: usize, now: Instant) -> bool {
        let has_room = self.shared.idle.has_room();
        let seen = &mut self.workers[at];
        let Look {
            in_poll,
            is_same,
            waits,
            is_crowded,
        } = seen.look(now);
        let remote = &*seen.remote;
        if remote.is_away() {
            // It has put something there while its right was taken.
            let forgot = in_poll && is_same && waits;
            if forgot {
                self.shared.drain(remote);
                Shared::wake_one(self.shared);
            }
            return forgot;
        }
        let is_long = in_poll && waits && (is_same || has_room && stays(remote, seen.polls));
        if is_long {
            // Relaxed: who is called sees it by the call, and who sees it late is called again.
            remote.long.store(seen.polls, Ordering::Relaxed);
        }
        if has_room && (is_long || is_crowded) {
            Shared::wake_one(self.shared);
            // If nobody could be called, the worker is looked at as if there were no room.
            if !self.shared.idle.has_room() {
                return true;
            }
        }
        let stayed = now.saturating_duration_since(seen.since);
        in_poll && is_same && (stayed >= SLICE || self.is_blocked(at, stayed)) && self.long_poll(at)
    }

    /// Whether a worker that has been in one poll for that long does nothing there but wait for the system,
    /// while there is something to do. It takes some microseconds to hear, so it is asked after one
    /// millisecond, two, four and eight.
    fn is_blocked(&mut self, at: usize, stayed: Duration) -> bool {
        let seen = &mut self.workers[at];
        if stayed < BLOCKED.max(seen.asked * 2) {
            return false;
        }
        seen.asked = stayed;
        self.has_something_to_do(at) && self.workers[at].remote.sleeps()
    }

    /// Whether something waits that the worker keeps from running.
    fn has_something_to_do(&self, at: usize) -> bool {
        // What is to run next behind its poll stands in no queue, and nobody else comes to it.
        self.workers[at].remote.queue.has_next()
            || self
                .shared
                .has_work(self.workers.iter().map(|watched| &watched.remote))
            || self.is_unwatched()
    }

    /// A poll takes long: its goroutine is to give way, and if there is something to do, its worker's
    /// right is taken.
    fn long_poll(&self, at: usize) -> bool {
        let Watched { remote, polls, .. } = &self.workers[at];
        if let Some(budget) = &*remote.budget.lock().unwrap_or_else(PoisonError::into_inner) {
            remote.preemptions.add(u64::from(budget.take_away()));
        }
        if !self.has_something_to_do(at) {
            return false;
        }
        // Relaxed: the lock that this is called under orders it after what the worker did before it
        // went to sleep, if it does.
        let still = || remote.polls.load(Ordering::Relaxed) == *polls;
        if self.shared.retake(remote, still) {
            Shared::wake_one(self.shared);
        }
        true
    }

    /// Whether there are timers or files, and nobody sleeps in the netpoller.
    fn is_unwatched(&self) -> bool {
        let shared = self.shared;
        !shared.is_watched() && (shared.netpoll.registered() > 0 || !shared.timers.is_empty())
    }

    /// Looks at timers and files if nobody else does; whether something was ready.
    fn look_outside(&self, now: Instant) -> bool {
        let shared = self.shared;
        if !self.is_unwatched() {
            return false;
        }
        // Relaxed: hints.
        let looked = |watched: &Watched| watched.remote.looked.load(Ordering::Relaxed);
        let last = self.workers.iter().map(looked).max();
        let since = shared.nanos(now).saturating_sub(last.unwrap_or(0));
        if u128::from(since) < UNLOOKED.as_nanos() {
            return false;
        }
        let mut wake = WakeList::new();
        shared.timers.expire(now, &mut wake);
        // `Busy`: somebody looks already.
        let _ = shared.netpoll.try_poll(Some(Duration::ZERO), &mut wake);
        let found = !wake.is_empty();
        wake.wake_all();
        found
    }
}

#[cfg(all(test, loom))]
#[path = "../tests/loom_sysmon.rs"]
mod loom_sysmon;

#[cfg(all(test, not(loom)))]
#[path = "../tests/sysmon.rs"]
mod tests;
