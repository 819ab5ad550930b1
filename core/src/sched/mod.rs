//! The scheduler: goroutines (G) on workers (M), each with the right to run (P).
//!
//! Which thread owns what:
//!
//! | type               | owned by             | holds                                             |
//! |--------------------|----------------------|---------------------------------------------------|
//! | [`Shared`]         | all, by `Arc`        | the global queue, the counts of idle workers, the registry, timers, netpoller |
//! | [`Remote`]         | all, one for each worker | what others need of it: its run queue to steal from, where it sleeps |
//! | [`worker::Core`]   | its worker           | the run queue's owning side, ticks, slice, numbers for new goroutines |
//! | [`worker::Worker`] | its thread (Go: M)   | the core, and the goroutine that runs             |
//!
//! Go's P, the right to run, is counted in [`idle`]: a worker that blocks gives its right up and is
//! *away*, a *spare* takes its place ([`handoff`]).
//!
//! Where a runnable goroutine goes and who takes it is in [`worker`]; how workers fall asleep and
//! are woken without a lost wake-up is in `README.md`. What must hold:
//!
//! * A runnable goroutine stands in exactly one queue, and while one waits, some worker is awake
//!   and will find it, or `sysmon` was left word of it.
//! * No lock is held while code of a user's runs: a poll, a destructor, a foreign waker.
//! * If a worker is parked, another is awake or sleeps in the netpoller, with the earliest timer's
//!   deadline (or [`GATHERING`] later), or waits there for one who looks.

mod counters;
pub(crate) mod current;
pub(crate) mod deadlock;
pub(crate) mod global_queue;
pub(crate) mod handoff;
pub(crate) mod idle;
mod keep;
mod local;
pub(crate) mod locked;
mod observe;
mod pace;
pub(crate) mod park;
pub(crate) mod procs;
pub(crate) mod run_queue;
mod steal;
pub(crate) mod sysmon;
pub(crate) mod worker;

use std::fmt;
use std::future::Future;
use std::io;
use std::panic::Location;
use std::ptr::{self, NonNull};
use std::sync::{Condvar, Mutex as StdMutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use self::counters::{Count, Counters, Samples};
use self::deadlock::{Insiders, Outside};
use self::global_queue::GlobalQueue;
use self::handoff::Crew;
use self::idle::{Called, Idle};
use self::keep::{Keeps, Kept};
use self::local::Local;
use self::locked::LockedThreads;
use self::park::{Parker, Unpark};
use self::run_queue::{Owner, RunQueue};
use self::sysmon::Sysmon;
use crate::clock;
use crate::coop::Budget;
use crate::listeners::Signals;
use crate::netpoll::{Netpoll, Polled};
use crate::primitive::MODELLED;
use crate::primitive::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering, fence};
use crate::primitive::sync::Arc;
use crate::runtime::{Config, Dump};
use crate::sys;
use crate::task::{self, Header, JoinHandle, Registry, Runnable, Schedule};
use crate::timer::Timers;
use crate::trace::Reported;
use crate::util::wake_list::WakeList;

/// Nobody sleeps in the netpoller.
const NOBODY: u64 = 0;
/// Somebody sleeps in the netpoller without a deadline.
const FOREVER: u64 = u64::MAX;

/// A worker that sleeps does not get up for a timer sooner than so long after timers were last due: where there
/// are many, those that come meanwhile are seen to together. So a timer may be late by as much, which is what
/// Linux allows itself where it is not asked for more, and a ticker that is faster than that beats at this. One
/// that comes later after the others is not late at all.
const GATHERING: Duration = Duration::from_micros(50);

/// In [`Remote::calls`]: the worker has no right to run, or has not taken up yet that it has one. Set by
/// [`Shared::mark_away`], taken back by the worker itself once it has a right again.
const AWAY: u8 = 1;
/// In [`Remote::calls`]: the runtime ends.
const STOPPING: u8 = 2;
/// In [`Remote::calls`]: the worker's thread does not serve all goroutines. Set and taken back by itself.
const LOCKED: u8 = 4;

/// In [`Remote::long`]: no poll; none has this number.
const NONE_LONG: u64 = u64::MAX - 1;

/// What all workers of a runtime share.
pub(crate) struct Shared {
    config: Config,
    /// One for each worker that there has ever been, spares included. Only added to; the length
    /// beside it is written after, so that looking for more costs one load.
    remotes: RwLock<Vec<Arc<Remote>>>,
    known: AtomicUsize,
    global: GlobalQueue,
    idle: Idle,
    source: procs::Source,
    registry: Registry,
    samples: Samples,
    timers: Timers,
    netpoll: Arc<Netpoll>,
    signals: Signals,
    /// How often goroutines keep it.
    keeps: Keeps,
    /// Whether a worker is in the netpoller, or on its way there, to sleep.
    poller: AtomicBool,
    /// Whose deadline it sleeps for there, and for nobody's who comes after that: nanoseconds after `start`, or
    /// one of the two constants.
    poll_until: AtomicU64,
    /// When timers were last found due there: nanoseconds after `start`.
    rung: AtomicU64,
    start: Instant,
    stopping: AtomicBool,
    sysmon: Sysmon,
    locked: LockedThreads,
    /// Who was reported for keeping a worker.
    reported: Reported,
    insiders: Insiders,
    outside: Outside,
    /// The threads; the last one tidies up.
    crew: StdMutex<Crew>,
    all_gone: Condvar,
}

/// What others see of a worker. Aligned, so that no two of them share a line.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Remote {
    queue: Arc<RunQueue<Header>>,
    /// The owning side of the queue, while no thread has it.
    owner: StdMutex<Option<Owner<Header>>>,
    parker: Parker,
    /// Goes up by one where a poll begins and where it ends, so that it is odd during one; written by
    /// the worker. `sysmon` sees by it how long a poll takes.
    polls: AtomicU64,
    /// The poll, by that number, behind which `runnext` has waited for so long that a thief may take it;
    /// written by `sysmon`.
    long: AtomicU64,
    /// What keeps the worker from going on to the next goroutine: the bits below.
    calls: AtomicU8,
    /// When the worker looked at timers and files: nanoseconds after the runtime's start.
    looked: AtomicU64,
    /// What is left of the running goroutine's slice, while a thread has this worker.
    budget: StdMutex<Option<Budget>>,
    /// That thread.
    thread: StdMutex<Option<sys::Thread>>,
    /// How often `sysmon` has taken its right; written by `sysmon`.
    retakes: Count,
    /// How often `sysmon` has taken a slice away; written by `sysmon`.
    preemptions: Count,
    counters: Counters,
}

impl Remote {
    fn new() -> Self {
        let owner = run_queue::new();
        Self {
            queue: Arc::clone(owner.shared()),
            owner: StdMutex::new(Some(owner)),
            parker: Parker::new(),
            polls: AtomicU64::new(0),
            long: AtomicU64::new(NONE_LONG),
            calls: AtomicU8::new(AWAY),
            looked: AtomicU64::new(0),
            budget: StdMutex::new(None),
            thread: StdMutex::new(None),
            retakes: Count::new(),
            preemptions: Count::new(),
            counters: Counters::new(),
        }
    }

    /// Whether the worker has no right to run, or has not taken up yet that it has one.
    #[inline]
    fn is_away(&self) -> bool {
        // Acquire: pairs with the release of whoever gave the right up, so that what the worker does
        // next is not ordered before that.
        self.calls.load(Ordering::Acquire) & AWAY != 0
    }

    /// Whether nothing keeps the worker from going on.
    #[inline]
    fn is_clear(&self) -> bool {
        // Acquire: as in `is_away`.
        self.calls.load(Ordering::Acquire) == 0
    }

    /// Sets a bit; whether it was not set.
    fn call(&self, bit: u8) -> bool {
        // Release: pairs with the acquire of `is_away`.
        self.calls.fetch_or(bit, Ordering::AcqRel) & bit == 0
    }

    /// Takes a bit back.
    fn answer(&self, bit: u8) {
        // Release: whoever sets it again sees what the worker did before.
        self.calls.fetch_and(!bit, Ordering::Release);
    }

    /// The worker begins a poll.
    #[inline]
    fn begin_poll(&self) {
        self.step(1);
    }

    /// The worker has ended a poll.
    #[inline]
    fn end_poll(&self) {
        self.step(1);
    }

    /// The poll goes on after a stay away: `sysmon` counts its time anew.
    fn renew_poll(&self) {
        self.counters.renewals.add(1);
        self.step(2);
    }

    #[inline]
    fn step(&self, steps: u64) {
        // Relaxed: a hint for thieves and for `sysmon`, which makes sure under the lock of `idle`.
        // Not one read-modify-write: the worker alone writes.
        let polls = self.polls.load(Ordering::Relaxed);
        self.polls.store(polls + steps, Ordering::Relaxed);
    }

    /// Whether the worker is in a poll that takes long, as far as `sysmon` has seen.
    fn is_in_long_poll(&self) -> bool {
        // Relaxed: hints.
        self.long.load(Ordering::Relaxed) == self.polls.load(Ordering::Relaxed)
    }

    /// Whether the worker's thread sleeps in a call that blocks, as far as the system says so.
    fn sleeps(&self) -> bool {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        thread.as_ref().is_some_and(sys::Thread::sleeps)
    }

    /// How many polls the worker has begun.
    fn polls_begun(&self) -> u64 {
        let renewals = self.counters.renewals.get();
        self.polls
            .load(Ordering::Relaxed)
            .div_ceil(2)
            .saturating_sub(renewals)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("max_procs", &self.max_procs())
            .field("goroutines", &self.registry.len())
            .finish_non_exhaustive()
    }
}

/// Starts the workers of a new runtime.
pub(crate) fn start(config: Config) -> io::Result<Arc<Shared>> {
    let shared = new(config)?;
    let started = (0..shared.config.workers)
        .try_for_each(|_| Shared::hire(&shared, false))
        .and_then(|()| Sysmon::start(&shared));
    if let Err(error) = started {
        shared.stop();
        shared.join(None);
        return Err(error);
    }
    Ok(shared)
}

/// A runtime without threads.
fn new(config: Config) -> io::Result<Arc<Shared>> {
    let workers = config.workers;
    let netpoll = Netpoll::new()?;
    Ok(Arc::new(Shared {
        remotes: RwLock::new(Vec::new()),
        known: AtomicUsize::new(0),
        global: GlobalQueue::new(),
        idle: Idle::new(workers),
        source: procs::Source::new(config.follows),
        registry: Registry::new(),
        samples: Samples::new(),
        timers: Timers::new(workers),
        signals: Signals::new(netpoll.waker()),
        netpoll: Arc::new(netpoll),
        keeps: Keeps::new(),
        poller: AtomicBool::new(false),
        poll_until: AtomicU64::new(NOBODY),
        rung: AtomicU64::new(0),
        start: clock::now(),
        stopping: AtomicBool::new(false),
        sysmon: Sysmon::new(),
        locked: LockedThreads::default(),
        reported: Reported::default(),
        insiders: Insiders::new(),
        outside: Outside::new(),
        crew: StdMutex::new(Crew::default()),
        all_gone: Condvar::new(),
        config,
    }))
}

impl Shared {
    /// How many goroutines may run at the same time.
    pub(crate) fn max_procs(&self) -> usize {
        self.idle.procs()
    }

    pub(crate) fn goroutines(&self) -> usize {
        self.registry.len()
    }

    /// Makes a goroutine and queues it.
    pub(crate) fn spawn<F>(
        this: &Arc<Self>,
        future: F,
        name: Option<String>,
        spawned_at: &'static Location<'static>,
        main: bool,
    ) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        current::with_worker_of(this, |worker| {
            let id = worker.map_or_else(worker::draw_id, worker::Worker::next_id);
            let meta = task::meta(id, spawned_at, name);
            let scheduler = Scheduler(Kept::new(this, worker));
            let (task, handle) = task::spawn(future, scheduler, &this.registry, meta, main);
            match (task, worker) {
                (Some(task), Some(worker)) => worker.spawned(task),
                (Some(task), None) => Self::ready_from_outside(this, task),
                (None, _) => {}
            }
            handle
        })
    }

    /// Makes a goroutine whose future `make` makes, on the thread that it is locked to, and queues it.
    pub(crate) fn spawn_local<M, F>(
        this: &Arc<Self>,
        make: M,
        name: Option<String>,
        spawned_at: &'static Location<'static>,
    ) -> JoinHandle<F::Output>
    where
        M: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        Self::spawn(this, Local::Unmade(make), name, spawned_at, false)
    }

    /// Queues a goroutine that was made runnable by a thread that has no right to run it: it is no
    /// worker of this runtime, or it is away.
    fn ready_from_outside(this: &Arc<Self>, task: Runnable) {
        this.push_from_outside(task);
        Self::wake_one(this);
    }

    /// The same, and whether a worker has to be called for it is the caller's to see.
    fn push_from_outside(&self, task: Runnable) {
        if self.samples.is_due_outside() {
            self.begin_sample(&task);
        }
        self.global.push([task]);
    }

    /// Moves goroutines from a worker's queue to the global one, in their order.
    ///
    /// # Safety
    ///
    /// The queue has given each of them up to the caller. (It holds a runnable goroutine once.)
    unsafe fn requeue(&self, tasks: Vec<NonNull<Header>>) {
        let runnable = |task| {
            // SAFETY: the caller's promise.
            unsafe { Runnable::from_raw(task) }
        };
        self.global.push(tasks.into_iter().map(runnable));
    }

    /// Times a goroutine that has become runnable and stands in no queue yet, if there is room.
    #[cold]
    fn begin_sample(&self, task: &Runnable) {
        let header = task.header();
        if self
            .samples
            .begin(header.meta.id.0, self.nanos(clock::now()))
        {
            header.begin_sample();
        }
    }

    /// How long the goroutine that runs now has waited for that, in nanoseconds; it is one that is timed.
    #[cold]
    fn end_sample(&self, task: &Runnable) -> u64 {
        let header = task.header();
        header.end_sample();
        let since = self.samples.end(header.meta.id.0);
        self.nanos(clock::now()).saturating_sub(since)
    }

    /// After work was put into a queue: has somebody look for it if that is needed.
    #[inline]
    fn wake_one(this: &Arc<Self>) {
        if let Some(called) = this.idle.worker_to_wake() {
            Self::call(this, called);
        }
    }

    #[cold]
    fn call(this: &Arc<Self>, called: Called) {
        this.sysmon.nudge();
        match called {
            Called::Worker(worker) => this.unpark(&this.remote(worker)),
            Called::Newcomer => {
                if Self::hire(this, true).is_err()
                    && let Some(spare) = this.idle.decline()
                {
                    this.unpark(&this.remote(spare));
                }
            }
        }
    }

    fn unpark(&self, remote: &Remote) {
        if remote.parker.unpark() == Unpark::Interrupt {
            self.netpoll.interrupt();
        }
    }

    /// What others see of a worker.
    fn remote(&self, index: usize) -> Arc<Remote> {
        let remotes = self.remotes.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&remotes[index])
    }

    /// What others see of all workers that there have been.
    fn remotes(&self) -> Vec<Arc<Remote>> {
        let remotes = self.remotes.read().unwrap_or_else(PoisonError::into_inner);
        remotes.clone()
    }

    pub(crate) fn dump(&self) -> Dump {
        let now = self.sysmon.now();
        task::dump(&self.registry, |since| sysmon::between(since, now))
    }

    /// Whether something stands in a queue, those of all workers in `known` included.
    fn has_work<'a>(&self, known: impl IntoIterator<Item = &'a Arc<Remote>>) -> bool {
        self.global.len() > 0 || known.into_iter().any(|remote| remote.queue.has_work())
    }

    /// Adds the workers that have come since `known` was last brought up to date.
    #[inline]
    fn hear_of_others<T>(&self, known: &mut Vec<T>, heard: impl Fn(Arc<Remote>) -> T) {
        // Acquire: pairs with the release in `add_remote`. What a worker has queued before a fence
        // that stands before the caller's, it has queued after it was added here.
        if known.len() != self.known.load(Ordering::Acquire) {
            let remotes = self.remotes.read().unwrap_or_else(PoisonError::into_inner);
            known.extend(remotes[known.len()..].iter().map(Arc::clone).map(heard));
        }
    }

    /// A timer was set that is now the earliest of its shard: a sleeping poller that would sleep
    /// past it looks again.
    fn timer_moved(&self, deadline: Instant) {
        // Pairs with the fence in `sleep_in_poller`: either this sees how long the poller is about
        // to sleep, or that sees the timer.
        fence(Ordering::SeqCst);
        let until = self.poll_until.load(Ordering::SeqCst);
        if until != NOBODY && self.nanos(deadline) < until {
            self.netpoll.interrupt();
        }
    }

    /// An instant as `poll_until` has it.
    fn nanos(&self, instant: Instant) -> u64 {
        let nanos = instant.saturating_duration_since(self.start).as_nanos();
        u64::try_from(nanos)
            .unwrap_or(FOREVER - 1)
            .clamp(NOBODY + 1, FOREVER - 1)
    }

    /// Sleeps in the netpoller until a file is ready, a timer is due or somebody interrupts; gives
    /// the wakers of what became ready. None if somebody else was in there.
    fn sleep_in_poller(&self) -> Option<WakeList> {
        let mut wake = WakeList::new();
        self.poll_until.store(FOREVER, Ordering::SeqCst);
        // Pairs with the fence in `timer_moved`.
        fence(Ordering::SeqCst);
        let earliest = self.timers.earliest();
        if let Some(earliest) = earliest {
            self.poll_until
                .store(self.nanos(earliest), Ordering::SeqCst);
        }
        let at = earliest.max(earliest.and(self.gathered()));
        let timeout = at.map(|at| at.saturating_duration_since(clock::now()));
        let mut busy = false;
        if timeout != Some(Duration::ZERO) {
            // An error of the system's poll leaves nothing better than to look again.
            let returned = || self.poll_until.store(NOBODY, Ordering::SeqCst);
            let polled = self.netpoll.poll(timeout, &mut wake, returned);
            busy = polled == Polled::Busy;
        }
        // Before anything is taken out: see `deadlock`.
        self.poll_until.store(NOBODY, Ordering::SeqCst);
        if busy {
            return None;
        }
        if earliest.is_some() {
            let (now, before) = (clock::now(), wake.len());
            self.timers.expire(now, &mut wake);
            if wake.len() > before {
                self.rung.store(self.nanos(now), Ordering::Relaxed);
            }
        }
        Some(wake)
    }

    /// Until when nobody gets up for a timer. None if timers were never due here, or where a sleep has no end
    /// as near as that.
    fn gathered(&self) -> Option<Instant> {
        // Relaxed: whoever sleeps in the netpoller has taken the place from the one before.
        let rung = self.rung.load(Ordering::Relaxed);
        let gathers = rung > 0 && self.netpoll.is_exact() && !MODELLED;
        gathers.then(|| self.start + Duration::from_nanos(rung) + GATHERING)
    }

    /// Asks all workers to end after their current poll. Nothing is spawned from here on.
    pub(crate) fn stop(&self) {
        self.registry.close();
        // SeqCst: stands before the taking out of the sleepers; a worker that falls asleep later
        // sees it at its last look.
        self.stopping.store(true, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        self.idle.take_all();
        self.sysmon.wake();
        let remotes = self.remotes.read().unwrap_or_else(PoisonError::into_inner);
        for remote in &*remotes {
            remote.call(STOPPING);
            self.unpark(remote);
        }
    }

    /// The signals, and who listens to them.
    pub(crate) fn signals(&self) -> &Signals {
        &self.signals
    }

    /// Who waits for somebody outside.
    pub(crate) fn outside(&self) -> &Outside {
        &self.outside
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    fn tidy_up(&self) {
        self.registry.close();
        self.global.close();
        task::drop_all(&self.registry);
        let mut wake = WakeList::new();
        self.timers.close(&mut wake);
        self.netpoll.close(&mut wake);
        wake.wake_all();
        self.signals.close();
    }
}

/// How a goroutine's wakers reach its scheduler.
struct Scheduler(Kept);

impl Schedule for Scheduler {
    #[inline]
    fn schedule(&self, task: Runnable) {
        let shared = self.0.shared();
        current::with_worker_of(&shared, |worker| match worker {
            Some(worker) => worker.ready(task),
            None => Shared::ready_from_outside(&shared, task),
        });
    }

    #[inline]
    unsafe fn wake(this: NonNull<Self>, wake: impl FnOnce(bool) -> Option<Runnable>) {
        // SAFETY: the caller's promise. The reference ends here: what it leads to may go in `wake`.
        let shared = unsafe { this.as_ref() }.0.as_ptr();
        current::with_worker(|worker| {
            match worker.filter(|worker| ptr::eq(Arc::as_ptr(worker.shared()), shared)) {
                Some(worker) => {
                    if let Some(task) = wake(true) {
                        worker.ready(task);
                    }
                }
                None => {
                    if let Some(task) = wake(false) {
                        // SAFETY: the caller's promise.
                        let kept = unsafe { &this.as_ref().0 };
                        Shared::ready_from_outside(&kept.shared(), task);
                    }
                }
            }
        });
    }

    fn panicked(&self) {
        let shared = self.0.shared();
        if shared.config.debug.panicdump {
            shared.print_dump("panicdump");
        }
    }
}
