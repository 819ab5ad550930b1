//! Workers that are away, spares that take their places, and the threads of both. (Go: `handoffp`,
//! `startm`, `entersyscall`, `exitsyscall`.)
//!
//! A goroutine that blocks its thread would keep everybody waiting who stands behind it. So its
//! worker gives up the right to run before (`task::blocking`): what stands in its hands goes to the
//! global queue, and whoever finds that there is work and a free right has a spare take it, or a new
//! thread. When the worker comes back it takes a right if one is free, else it becomes a spare. A spare
//! for whom nobody has had a use for a while retires: its thread ends. What must hold:
//!
//! * a worker that is away has no right, and its queue is empty but for what it puts there after its
//!   last poll, before it comes back;
//! * while a right is free and a goroutine waits in a queue, somebody is spinning, or `sysmon` was left word of
//!   it, or a thread could not be had;
//! * while nobody is awake who has a right, somebody sleeps in the netpoller, or is on the way: else nobody would
//!   see to the timers and the files but `sysmon`, which does so where a thread could not be had;
//! * whoever is the last of all threads to go tidies up; if none was left when the runtime was told to
//!   stop, since none could be had, whoever waits for its end does;
//! * at shutdown no goroutine is dropped before all threads have taken their last one out of a queue.
//!
//! A right that is given up is not given to anybody at once if there is nothing to do: most calls that
//! block are short, and find their right where they left it.

use std::io;
use std::sync::{MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::worker::{self, Worker};
use super::{AWAY, Remote, Shared, current};
use crate::clock;
use crate::coop;
use crate::primitive::MODELLED;
use crate::primitive::atomic::Ordering;
use crate::primitive::sync::Arc;
use crate::sys;

/// A spare for whom nobody has had a use for so long retires.
const RETIRES: Duration = Duration::from_secs(10);

/// The threads of a runtime.
#[derive(Debug, Default)]
pub(super) struct Crew {
    /// Those that have not ended.
    alive: usize,
    /// Those of them that may still take goroutines out of queues.
    readers: usize,
    /// What was left when all had ended was dropped.
    tidy: bool,
    /// By number; none where a thread was never started.
    threads: Vec<Option<thread::JoinHandle<()>>>,
    /// The numbers whose thread has retired.
    vacant: Vec<usize>,
    /// It was said that no more threads can be had.
    complained: bool,
}

/// Runs `f`, which blocks this thread, while others run the goroutines of its worker. Outside a
/// goroutine, and inside another such call, it only runs `f`.
pub(crate) fn blocking<R>(f: impl FnOnce() -> R) -> R {
    struct Back;
    impl Drop for Back {
        fn drop(&mut self) {
            current::with_worker(|worker| {
                if let Some(worker) = worker {
                    worker.set_blocking(false);
                    worker.try_back();
                }
            });
        }
    }

    let leaves = current::with_worker(|worker| {
        let worker = worker.filter(|worker| worker.running().is_some() && !worker.is_blocking());
        worker
            .inspect(|worker| {
                worker.set_blocking(true);
                worker.leave();
            })
            .is_some()
    });
    if !leaves {
        return f();
    }
    // Dropped in this order: what is left of the slice is set before the worker may go on.
    let _back = Back;
    let _slice = coop::suspend();
    f()
}

impl Worker {
    /// This thread will look for no goroutine for a while: gives its right up, if it has one.
    pub(super) fn leave(&self) {
        if !Shared::mark_away(self.remote()) {
            self.end_stay();
            return;
        }
        self.remote().counters.handoffs.add(1);
        let quiet = self.shared().idle.leave();
        self.shared().sysmon.hurry();
        self.shared().drain(self.remote());
        if self.last_look() || quiet && !self.shared().is_watched() {
            Shared::wake_one(self.shared());
        }
    }

    /// Takes a right back if there is one.
    fn try_back(&self) -> bool {
        let back = self.is_away() && self.shared().idle.come_back();
        if back {
            self.set_back(false);
        }
        back
    }

    /// Between two goroutines, without a right: takes one, or waits for one as a spare. False if this
    /// thread is to end.
    #[cold]
    pub(super) fn come_back(&self) -> bool {
        if self.take_spinning() {
            // It began to search after its right was taken.
            self.stop_spinning();
        }
        if self.try_back() {
            return true;
        }
        self.give_queue_away();
        let idle = &self.shared().idle;
        if idle.come_back_or_wait(self.index()) {
            self.set_back(false);
            return true;
        }
        // It stops to look: what it would have come to, its last goroutine that gave way included, is
        // for others. If its right was taken while it slept in the netpoller, so is that place.
        if self.last_look() || idle.is_quiet() && !self.shared().is_watched() {
            Shared::wake_one(self.shared());
        }
        // It was missing among those who rest, if all others do by now.
        self.shared().sysmon.nudge();
        if self.shared().is_stopping() {
            // It may have been called for that where it waited for its locked goroutine, and is not again.
            return false;
        }
        loop {
            let begun = clock::now();
            let called = self.remote().parker.park_timeout(RETIRES);
            // It may have been woken without a reason, by a call that came late for another sleep.
            let retires = !called && begun.elapsed() >= RETIRES;
            let waits = idle.is_spare(self.index(), retires);
            if self.shared().is_stopping() {
                return false;
            }
            match (waits, retires) {
                (false, _) => break,
                (true, false) => {}
                (true, true) => return false,
            }
        }
        self.set_back(true);
        true
    }
}

impl Shared {
    /// Marks a worker as away; false if it is.
    pub(super) fn mark_away(remote: &Remote) -> bool {
        remote.call(AWAY)
    }

    /// Takes the right of a worker that has been in one poll for long, if `still` says so: what stands
    /// in its hands goes to the global queue. True if somebody has to be woken in its place.
    pub(super) fn retake(&self, remote: &Remote, still: impl FnOnce() -> bool) -> bool {
        let mark = || still() && Self::mark_away(remote);
        let Some(quiet) = self.idle.take_right(mark) else {
            return false;
        };
        remote.retakes.add(1);
        self.drain(remote);
        self.global.len() > 0 || quiet && !self.is_watched()
    }

    /// Whether somebody sleeps in the netpoller.
    pub(super) fn is_watched(&self) -> bool {
        // The word may be out of date either way: who is on the way there was called or has counted as
        // parked, and who is on the way back counts as awake.
        self.poller.load(Ordering::Acquire)
    }

    /// Moves what stands in a worker's hands to the global queue.
    pub(super) fn drain(&self, remote: &Remote) {
        let tasks = remote.queue.drain();
        if !tasks.is_empty() {
            // SAFETY: the queue has just given them up.
            unsafe { self.requeue(tasks) };
        }
    }

    // ---- threads ----

    pub(super) fn crew(&self) -> MutexGuard<'_, Crew> {
        self.crew.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many threads there are for goroutines.
    pub(super) fn threads(&self) -> usize {
        self.crew().alive
    }

    /// The numbers of workers that have no thread.
    pub(super) fn vacant(&self) -> Vec<usize> {
        self.crew().vacant.clone()
    }

    /// Starts a thread; one that was `called` has a right and counts as spinning already.
    pub(super) fn hire(this: &Arc<Self>, called: bool) -> io::Result<()> {
        if MODELLED {
            // All threads of a model are there from the beginning.
            return Err(io::ErrorKind::Unsupported.into());
        }
        let mut crew = this.crew();
        if called && this.is_stopping() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let hired = this.vacancy(&mut crew).and_then(|index| {
            Self::start_thread(this, index, called)
                .inspect_err(|_| crew.vacant.push(index))
                .map(|thread| (index, thread))
        });
        match hired {
            Ok((index, thread)) => {
                crew.alive += 1;
                crew.readers += 1;
                crew.threads[index] = Some(thread);
                Ok(())
            }
            Err(error) => {
                if called && !std::mem::replace(&mut crew.complained, true) {
                    let alive = crew.alive;
                    drop(crew);
                    eprintln!(
                        "chango: {alive} threads, and no more can be started while goroutines wait: \
                         {error}"
                    );
                }
                Err(error)
            }
        }
    }

    /// The number of a worker that has no thread.
    fn vacancy(&self, crew: &mut Crew) -> io::Result<usize> {
        if let Some(index) = crew.vacant.pop() {
            return Ok(index);
        }
        let index = crew.threads.len();
        if index == self.config.max_threads {
            return Err(io::Error::other("that is the limit set by `max_threads`"));
        }
        crew.threads.push(None);
        self.add_remote();
        Ok(index)
    }

    /// One worker more, without a thread.
    pub(super) fn add_remote(&self) {
        let mut remotes = self.remotes.write().unwrap_or_else(PoisonError::into_inner);
        remotes.push(Arc::new(Remote::new()));
        // Release: pairs with `hear_of_others`.
        self.known.store(remotes.len(), Ordering::Release);
    }

    fn start_thread(
        this: &Arc<Self>,
        index: usize,
        called: bool,
    ) -> io::Result<thread::JoinHandle<()>> {
        let remote = this.remote(index);
        let shared = Arc::clone(this);
        thread::Builder::new()
            .name(format!("{}-{index}", this.config.name))
            .spawn(move || Self::live(&shared, index, &remote, called))
    }

    /// The life of a worker's thread.
    fn live(this: &Arc<Self>, index: usize, remote: &Remote, called: bool) {
        let owner = || remote.owner.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = owner().take().expect("a worker has one thread at a time");
        // It has a right, which may be taken from now on.
        remote.answer(AWAY);
        let budget = || remote.budget.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: it is taken out below, before this thread ends.
        *budget() = Some(unsafe { coop::budget() });
        let thread = || remote.thread.lock().unwrap_or_else(PoisonError::into_inner);
        *thread() = Some(sys::Thread::current());
        let queue = worker::run(Arc::clone(this), index, queue, called);
        *owner() = Some(queue);
        *budget() = None;
        *thread() = None;
        this.thread_ends(index);
    }

    /// A thread takes no goroutine out of a queue any more.
    pub(super) fn stops_to_read(&self) {
        let mut crew = self.crew();
        crew.readers -= 1;
        if crew.readers == 0 {
            self.all_gone.notify_all();
        }
    }

    /// At shutdown: waits until no thread takes goroutines out of queues any more, and empties the one that
    /// links them to each other.
    pub(super) fn wait_for_readers(&self) {
        // None comes any more: who is hired after one of them has seen that the runtime stops sees it too.
        let crew = self
            .all_gone
            .wait_while(self.crew(), |crew| crew.readers > 0);
        drop(crew.unwrap_or_else(PoisonError::into_inner));
        self.global.close();
    }

    /// The last thing that a thread does. The last one of all drops what is left.
    fn thread_ends(&self, index: usize) {
        let mut crew = self.crew();
        if crew.alive > 1 || !self.is_stopping() {
            crew.alive -= 1;
            crew.vacant.push(index);
            if !self.is_stopping() {
                // Nobody waits for this thread: what the system keeps of it goes when it ends.
                crew.threads[index] = None;
            }
            // It was missing among those who rest.
            self.sysmon.nudge();
            return;
        }
        drop(crew);
        // No other worker is left that could touch a goroutine. The count stays up until all is
        // dropped: who waits for it finds every destructor run.
        self.tidy_up();
        let mut crew = self.crew();
        (crew.alive, crew.tidy) = (0, true);
        self.all_gone.notify_all();
    }

    /// Waits until all threads have ended, at most for `limit`; false if some have not.
    pub(crate) fn join(&self, limit: Option<Duration>) -> bool {
        let crew = self.crew();
        let mut crew = match limit {
            None => self
                .all_gone
                .wait_while(crew, |crew| crew.alive > 0)
                .unwrap_or_else(PoisonError::into_inner),
            Some(limit) => {
                let waited = self
                    .all_gone
                    .wait_timeout_while(crew, limit, |crew| crew.alive > 0);
                let (crew, waited) = waited.unwrap_or_else(PoisonError::into_inner);
                if waited.timed_out() {
                    return false;
                }
                crew
            }
        };
        let threads = std::mem::take(&mut crew.threads);
        let tidy = std::mem::replace(&mut crew.tidy, true);
        drop(crew);
        if !tidy {
            // The last thread ended before anybody knew that it was the last: no other could be had.
            self.tidy_up();
        }
        for thread in threads.into_iter().flatten().chain(self.sysmon.thread()) {
            // A worker catches what goroutines throw; its own panic was printed when it happened.
            let _ = thread.join();
        }
        true
    }
}

#[cfg(all(test, loom))]
#[path = "../tests/loom_workers.rs"]
pub(super) mod loom_workers;

#[cfg(all(test, loom))]
#[path = "../tests/loom_handoff.rs"]
mod loom_handoff;
