//! Whether the program can ever go on. (Go: `checkdead`.)
//!
//! `sysmon` asks when all workers have been idle for a while and it is about to park, so nobody pays for
//! this who has something to do. A program is dead if all of this holds:
//!
//! * a thread is inside `run` or `block_on` of this runtime, and all that are wait to be woken;
//! * every worker's thread sleeps, with a right to run, as a spare, or until the goroutine that is locked to
//!   it is passed on to it: none is away in a call that blocks or in a long poll; and no queue has a goroutine
//!   in it;
//! * no timer is set, nobody waits for a socket, listens to a signal or has said that he waits for somebody
//!   outside, and no name is being looked up;
//! * the process has no other threads but those and `sysmon`: another one could wake somebody.
//!
//! The last is not always known, and may change when a thread ends, so `sysmon` looks again some times.
//!
//! **Why it is no false alarm.** The threads are counted first: who has ended by then has done all that
//! it would ever do. Then timers and sockets are looked at, and then that all workers sleep. One that was
//! woken in between by a timer or a socket would have been seen awake, or has run a goroutine and fallen
//! asleep again, and then the count of polls has changed. One that has taken a waker out, and not yet
//! left the list of sleepers, is told by `poll_until`, which says before that somebody sleeps there. A locked
//! goroutine on the way to its thread stands in no queue, but who passes it on is awake until its thread was
//! called, and that does not sleep from then on. Who comes to rest without having had a right wakes `sysmon`,
//! which may have looked when only that one was awake.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex as StdMutex, MutexGuard as StdMutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use super::park::Parker;
use super::{NOBODY, Shared};
use crate::primitive::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use crate::primitive::thread::{self, Thread};
use crate::primitive::{Mutex, MutexGuard, Rank};
use crate::runtime::Deadlock;
use crate::{clock, net, sys};

/// Where it is not certain that a program is dead, it has to have been silent for so long.
const SILENCE: Duration = Duration::from_secs(1);

/// The first pause between two looks; each is three times as long as the one before.
const PAUSE: Duration = Duration::from_millis(10);

/// It polls its future.
const RUNS: u8 = 0;
/// It sleeps until it is woken.
const WAITS: u8 = 1;
/// It was woken, and has not polled since.
const WOKEN: u8 = 2;
/// It was told that it would wait for ever.
const DEAD: u8 = 3;

/// The threads inside `run` and `block_on`.
#[derive(Debug)]
pub(super) struct Insiders {
    threads: Mutex<Vec<Arc<Inside>>>,
    /// A runtime that only warns has done so.
    warned: AtomicBool,
}

impl Insiders {
    pub(super) fn new() -> Self {
        Self {
            threads: Mutex::new(Rank::Leaf, Vec::new()),
            warned: AtomicBool::new(false),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Inside>>> {
        self.threads.lock()
    }
}

/// How many wait for somebody outside, of whom the runtime knows nothing else: see [`crate::outside`].
#[derive(Debug)]
pub(crate) struct Outside(AtomicUsize);

impl Outside {
    pub(super) fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    // SeqCst, as all that `judge` reads.
    pub(crate) fn begin(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn end(&self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }

    fn is_awaited(&self) -> bool {
        self.0.load(Ordering::SeqCst) > 0
    }
}

/// A thread that waits for a future.
struct Inside {
    state: AtomicU8,
    thread: Thread,
    /// What it is to say if it is dead; one of all says it.
    report: StdMutex<Option<String>>,
}

impl fmt::Debug for Inside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inside")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl Wake for Inside {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let woken = |state| (state != DEAD).then_some(WOKEN);
        // Release: what the caller did is seen by the next poll. SeqCst, as all that `judge` reads.
        let before = self
            .state
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, woken);
        if before == Ok(WAITS) {
            self.thread.unpark();
        }
    }
}

impl Inside {
    fn report(&self) -> StdMutexGuard<'_, Option<String>> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, from: u8, to: u8) -> bool {
        self.state
            .compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst)
            .is_ok()
    }

    /// Sleeps until it is woken; false if that will never be.
    fn wait(&self, shared: &Shared) -> bool {
        if self.change(RUNS, WAITS) {
            // All workers may have fallen asleep before.
            shared.sysmon.nudge();
        }
        loop {
            match self.state.load(Ordering::SeqCst) {
                WAITS => thread::park(),
                DEAD => return false,
                // Nobody but this thread changes it from here.
                _ => {
                    self.state.store(RUNS, Ordering::SeqCst);
                    return true;
                }
            }
        }
    }
}

/// Nothing can wake the thread that got this.
#[must_use]
#[derive(Debug)]
pub(crate) struct Deadlocked {
    /// One of all threads that are told says it.
    report: Option<String>,
    in_panic: bool,
}

impl Deadlocked {
    /// Says so, and panics.
    #[track_caller]
    pub(crate) fn panic(self) -> ! {
        const DEADLOCK: &str = "all goroutines are asleep - deadlock!";
        match self.report {
            Some(report) if self.in_panic => panic!("{DEADLOCK}\n\n{report}"),
            Some(report) => {
                eprint!("fatal: {DEADLOCK}\n\n{report}");
                panic!("{DEADLOCK}")
            }
            None => panic!("{DEADLOCK}"),
        }
    }
}

/// Polls `future` on this thread until it is ready, or nothing can wake it any more.
pub(crate) fn block_on<F: Future>(shared: &Shared, future: F) -> Result<F::Output, Deadlocked> {
    /// Takes the thread out again, also if the future panics.
    struct Leaves<'a>(&'a Shared, &'a Arc<Inside>);
    impl Drop for Leaves<'_> {
        fn drop(&mut self) {
            let mut threads = self.0.insiders.lock();
            threads.retain(|other| !Arc::ptr_eq(other, self.1));
        }
    }

    if shared.config.deadlock == Deadlock::Off {
        return Ok(futures_lite::future::block_on(future));
    }
    let inside = Arc::new(Inside {
        state: AtomicU8::new(RUNS),
        thread: thread::current(),
        report: StdMutex::new(None),
    });
    shared.insiders.lock().push(Arc::clone(&inside));
    let _leaves = Leaves(shared, &inside);
    let waker = Waker::from(Arc::clone(&inside));
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return Ok(output);
        }
        if !inside.wait(shared) {
            let report = inside.report().take();
            let in_panic = shared.config.fails_when_silent;
            return Err(Deadlocked { report, in_panic });
        }
    }
}

/// What a look says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// It goes on, or may go on. Who lets it wakes `sysmon`.
    Alive,
    /// Somebody is about to fall asleep.
    Settling,
    /// Only a thread of somebody else's could let it go on.
    Unsure,
    /// Nothing can let it go on.
    Dead,
}

/// `sysmon`, which counts as parked, sleeps until it is called, or until its trace is `due`; whether it was
/// called. Before that it sees to it that a program that is dead says so.
///
/// A trace that is due more often than once a second keeps a program from being silent for that long, so
/// then only what is certain is said.
pub(super) fn sleep(shared: &Shared, parker: &Parker, due: Option<Duration>) -> bool {
    let config = &shared.config;
    let certain = config.deadlock == Deadlock::Panic && !config.fails_when_silent;
    let begun = clock::now();
    let left = || due.map(|due| due.saturating_sub(clock::now().saturating_duration_since(begun)));
    if config.deadlock == Deadlock::Off {
        return park(parker, left());
    }
    let mut pause = PAUSE;
    loop {
        let passed = clock::now().saturating_duration_since(begun);
        let silent = passed >= SILENCE;
        match judge(shared, sys::threads) {
            Verdict::Alive => break,
            Verdict::Dead if certain || silent => {
                tell(shared);
                break;
            }
            Verdict::Unsure if silent && !certain => {
                tell(shared);
                break;
            }
            _ if silent => break,
            _ => {}
        }
        let left = left();
        if left == Some(Duration::ZERO) {
            return false;
        }
        let pause_now = pause.min(SILENCE - passed);
        if parker.park_timeout(left.map_or(pause_now, |left| left.min(pause_now))) {
            return true;
        }
        pause *= 3;
    }
    park(parker, left())
}

/// Sleeps until called, at most for `limit`; false if nobody has called.
fn park(parker: &Parker, limit: Option<Duration>) -> bool {
    match limit {
        Some(limit) => parker.park_timeout(limit),
        None => {
            parker.park();
            true
        }
    }
}

/// The look; see the top of this file for what it asks and in which order. `threads` counts those of the
/// process.
fn judge(shared: &Shared, threads: impl FnOnce() -> Option<usize>) -> Verdict {
    let threads = threads();
    let remotes = shared.remotes();
    let polls = || {
        remotes
            .iter()
            .map(|remote| remote.polls.load(Ordering::Relaxed))
    };
    let before: Vec<u64> = polls().collect();
    let inside = {
        let inside = shared.insiders.lock();
        let waits = |inside: &Arc<Inside>| inside.state.load(Ordering::SeqCst) == WAITS;
        if inside.is_empty() || !inside.iter().all(waits) {
            return Verdict::Alive;
        }
        inside.len()
    };
    let queued = || {
        remotes
            .iter()
            .any(|remote| remote.queue.has_next() || remote.queue.has_work())
    };
    let inner = !shared.timers.is_empty() || shared.netpoll.is_awaited();
    let outer = net::looks_up() || shared.signals.is_listened_to() || shared.outside.is_awaited();
    if inner || outer || shared.global.len() > 0 || queued() {
        return Verdict::Alive;
    }
    let workers = shared.threads();
    // Under the lock of the lists, so that what each worker has polled before it fell asleep is seen.
    let asleep = |worker: usize| {
        remotes
            .get(worker)
            .is_some_and(|remote| remote.parker.is_asleep())
    };
    match shared.idle.all_rest(workers, asleep) {
        None => return Verdict::Alive,
        Some(false) => return Verdict::Settling,
        Some(true) => {}
    }
    if shared.poll_until.load(Ordering::SeqCst) == NOBODY {
        return Verdict::Settling;
    }
    if shared.is_stopping() || !polls().eq(before) {
        return Verdict::Alive;
    }
    // Besides them there is `sysmon`, which is this thread.
    match threads == Some(workers + inside + 1) {
        true => Verdict::Dead,
        false => Verdict::Unsure,
    }
}

/// Reports that the program is dead, as it was told to.
fn tell(shared: &Shared) {
    let report = shared.dump().to_string();
    if shared.config.deadlock == Deadlock::Warn {
        if !shared.insiders.warned.swap(true, Ordering::Relaxed) {
            use std::io::Write;
            // A closed stderr is no reason to end.
            let _ = write!(
                std::io::stderr(),
                "warning: all goroutines are asleep - deadlock!\n\n{report}"
            );
        }
        return;
    }
    let mut report = Some(report);
    for inside in &*shared.insiders.lock() {
        *inside.report() = report.take();
        if inside.change(WAITS, DEAD) {
            inside.thread.unpark();
        } else {
            // A thread of somebody else's has woken it meanwhile.
            report = inside.report().take();
        }
    }
}

#[cfg(all(test, loom))]
#[path = "../tests/loom_deadlock.rs"]
mod loom_deadlock;
