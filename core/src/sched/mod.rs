//! The scheduler: goroutines (G) on workers (M), each with the right to run (P).
//!
//! Which thread owns what:
//!
//! | type               | owned by             | holds                                             |
//! |--------------------|----------------------|---------------------------------------------------|
//! | [`Shared`]         | all, by `Arc`        | the global queue, the counts of idle workers, the registry, timers, netpoller |
//! | [`Remote`]         | all, one for each P  | what others need of a P: its run queue to steal from, where its worker sleeps |
//! | [`worker::Core`]   | its worker (Go: P)   | the run queue's owning side, ticks, slice, numbers for new goroutines |
//! | [`worker::Worker`] | its thread (Go: M)   | the core, and the goroutine that runs             |
//!
//! Where a runnable goroutine goes and who takes it is in [`worker`]; how workers fall asleep and
//! are woken without a lost wake-up is in `README.md`. What must hold:
//!
//! * A runnable goroutine stands in exactly one queue, and while one waits, some worker is awake
//!   and will find it.
//! * No lock is held while code of a user's runs: a poll, a destructor, a foreign waker.
//! * If a worker is parked, another is awake or sleeps in the netpoller, with the earliest timer's
//!   deadline.

pub(crate) mod current;
pub(crate) mod global_queue;
pub(crate) mod idle;
pub(crate) mod park;
pub(crate) mod run_queue;
pub(crate) mod worker;

use std::fmt;
use std::future::Future;
use std::io;
use std::panic::Location;
use std::sync::{Condvar, Mutex as StdMutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_utils::CachePadded;

use self::global_queue::GlobalQueue;
use self::idle::Idle;
use self::park::{Parker, Unpark};
use self::run_queue::{Owner, RunQueue};
use crate::clock;
use crate::netpoll::Netpoll;
use crate::primitive::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence};
use crate::primitive::sync::Arc;
use crate::runtime::Config;
use crate::task::{self, Header, JoinHandle, Registry, Runnable, Schedule};
use crate::timer::Timers;
use crate::util::wake_list::WakeList;

/// Nobody sleeps in the netpoller.
const NOBODY: u64 = 0;
/// Somebody sleeps in the netpoller without a deadline.
const FOREVER: u64 = u64::MAX;

/// What all workers of a runtime share.
pub(crate) struct Shared {
    remotes: Box<[CachePadded<Remote>]>,
    global: GlobalQueue,
    idle: Idle,
    registry: Registry,
    timers: Timers,
    netpoll: Arc<Netpoll>,
    /// Whether a worker is in the netpoller, or on its way there, to sleep.
    poller: AtomicBool,
    /// Until when it sleeps there: nanoseconds after `start`, or one of the two constants.
    poll_until: AtomicU64,
    start: Instant,
    stopping: AtomicBool,
    /// Workers that have not ended; the last one tidies up.
    alive: StdMutex<usize>,
    all_gone: Condvar,
}

/// What others see of a P.
#[derive(Debug)]
struct Remote {
    queue: Arc<RunQueue<Header>>,
    parker: Parker,
    /// Polls so far, written by the worker: a thief leaves `runnext` alone while this moves.
    polls: AtomicU32,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("workers", &self.remotes.len())
            .field("goroutines", &self.registry.len())
            .finish_non_exhaustive()
    }
}

/// Starts the workers of a new runtime.
pub(crate) fn start(config: &Config) -> io::Result<(Arc<Shared>, Vec<thread::JoinHandle<()>>)> {
    let owners: Vec<Owner<Header>> = (0..config.workers).map(|_| run_queue::new()).collect();
    let remote = |owner: &Owner<Header>| {
        CachePadded::new(Remote {
            queue: Arc::clone(owner.shared()),
            parker: Parker::new(),
            polls: AtomicU32::new(0),
        })
    };
    let shared = Arc::new(Shared {
        remotes: owners.iter().map(remote).collect(),
        global: GlobalQueue::new(),
        idle: Idle::new(config.workers),
        registry: Registry::new(),
        timers: Timers::new(config.workers),
        netpoll: Arc::new(Netpoll::new()?),
        poller: AtomicBool::new(false),
        poll_until: AtomicU64::new(NOBODY),
        start: clock::now(),
        stopping: AtomicBool::new(false),
        alive: StdMutex::new(config.workers),
        all_gone: Condvar::new(),
    });
    let mut threads = Vec::with_capacity(config.workers);
    for (index, owner) in owners.into_iter().enumerate() {
        let worker = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name(format!("{}-{index}", config.name))
            .spawn(move || worker::run(worker, index, owner));
        match thread {
            Ok(thread) => threads.push(thread),
            Err(error) => {
                // Those that run must not wait for those that never will.
                (0..config.workers - index).for_each(|_| shared.worker_gone());
                shared.stop();
                return Err(error);
            }
        }
    }
    Ok((shared, threads))
}

impl Shared {
    pub(crate) fn workers(&self) -> usize {
        self.remotes.len()
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
            let scheduler = Scheduler(Arc::clone(this));
            let (task, handle) = task::spawn(future, scheduler, &this.registry, meta, main);
            match (task, worker) {
                (Some(task), Some(worker)) => worker.spawned(task),
                (Some(task), None) => this.ready_from_outside(task),
                (None, _) => {}
            }
            handle
        })
    }

    /// Queues a goroutine that was made runnable by a thread that is no worker of this runtime.
    fn ready_from_outside(&self, task: Runnable) {
        self.global.push([task]);
        self.wake_one();
    }

    /// After work was put into a queue: wakes a sleeper if one is needed.
    #[inline]
    fn wake_one(&self) {
        if let Some(worker) = self.idle.worker_to_wake() {
            self.unpark(worker);
        }
    }

    fn unpark(&self, worker: usize) {
        if self.remotes[worker].parker.unpark() == Unpark::Interrupt {
            self.netpoll.interrupt();
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
    /// the wakers of what became ready.
    fn sleep_in_poller(&self) -> WakeList {
        let mut wake = WakeList::new();
        self.poll_until.store(FOREVER, Ordering::SeqCst);
        // Pairs with the fence in `timer_moved`.
        fence(Ordering::SeqCst);
        let earliest = self.timers.earliest();
        if let Some(earliest) = earliest {
            self.poll_until
                .store(self.nanos(earliest), Ordering::SeqCst);
        }
        let timeout = earliest.map(|at| at.saturating_duration_since(clock::now()));
        if timeout != Some(Duration::ZERO) {
            // An error of the system's poll leaves nothing better than to look again.
            let _ = self.netpoll.try_poll(timeout, &mut wake);
        }
        self.poll_until.store(NOBODY, Ordering::SeqCst);
        if earliest.is_some() {
            self.timers.expire(clock::now(), &mut wake);
        }
        wake
    }

    /// Asks all workers to end after their current poll. Nothing is spawned from here on.
    pub(crate) fn stop(&self) {
        self.registry.close();
        // SeqCst: stands before the taking out of the sleepers; a worker that falls asleep later
        // sees it at its last look.
        self.stopping.store(true, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        self.idle.take_all();
        (0..self.remotes.len()).for_each(|worker| self.unpark(worker));
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Waits until all workers have ended, at most for `limit`; false if some have not.
    pub(crate) fn wait_until_gone(&self, limit: Option<Duration>) -> bool {
        let alive = self.alive.lock().unwrap_or_else(PoisonError::into_inner);
        match limit {
            None => {
                let gone = self.all_gone.wait_while(alive, |alive| *alive > 0);
                drop(gone.unwrap_or_else(PoisonError::into_inner));
                true
            }
            Some(limit) => {
                let gone = self
                    .all_gone
                    .wait_timeout_while(alive, limit, |alive| *alive > 0);
                !gone.unwrap_or_else(PoisonError::into_inner).1.timed_out()
            }
        }
    }

    /// A worker has ended; the last one drops what is left.
    fn worker_gone(&self) {
        let mut alive = self.alive.lock().unwrap_or_else(PoisonError::into_inner);
        if *alive > 1 {
            *alive -= 1;
            return;
        }
        drop(alive);
        // No other worker is left that could touch a goroutine. The count stays up until all is
        // dropped: who waits for it finds every destructor run.
        self.tidy_up();
        *self.alive.lock().unwrap_or_else(PoisonError::into_inner) = 0;
        self.all_gone.notify_all();
    }

    fn tidy_up(&self) {
        self.registry.close();
        self.global.close();
        task::drop_all(&self.registry);
        let mut wake = WakeList::new();
        self.timers.close(&mut wake);
        self.netpoll.close(&mut wake);
        let wake = std::panic::AssertUnwindSafe(|| wake.wake_all());
        // A foreign waker that panics must not keep who waits for the end from seeing it.
        let _ = std::panic::catch_unwind(wake);
    }
}

/// How a goroutine's wakers reach its scheduler.
struct Scheduler(Arc<Shared>);

impl Schedule for Scheduler {
    #[inline]
    fn schedule(&self, task: Runnable) {
        current::with_worker_of(&self.0, |worker| match worker {
            Some(worker) => worker.ready(task),
            None => self.0.ready_from_outside(task),
        });
    }

    #[inline]
    fn on_worker(&self) -> bool {
        current::with_worker_of(&self.0, |worker| worker.is_some())
    }
}
