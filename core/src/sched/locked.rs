//! Goroutines that are locked to an OS thread. (Go: `LockOSThread`, `stoplockedm`, `startlockedm`.)
//!
//! A worker to whose thread a goroutine is locked runs that one and no other. While the goroutine waits,
//! the worker has no right to run: it gives it up as one that blocks does. When the goroutine becomes
//! runnable it goes to the queues like all others; the worker that comes to it passes it on, its own right
//! with it, and looks for another right. What must hold:
//!
//! * a locked goroutine is polled by its thread only, from the lock until its last guard is dropped;
//! * a goroutine that was passed on is in `next` of its entry until its thread has taken it from there,
//!   and its entry is there as long, also if it is unlocked meanwhile;
//! * a right that was passed on with it belongs to its thread from then on: the number of rights does
//!   not change;
//! * also at shutdown it is dropped by its thread. What libraries keep in thread-locals for it is there
//!   then; and one that is not `Send` can be dropped nowhere else.
//!
//! All of it is behind one lock, which nobody takes who has no locked goroutine in hand: the bit in the
//! goroutine's state says whether it may be one. (But `sysmon`, where no thread can be had.)

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::worker::Worker;
use super::{Shared, current};
use crate::primitive::sync::Arc;
use crate::task::{self, Runnable, TaskId};
use crate::util::abort::AbortOnPanic;

/// Which goroutine is locked to which worker's thread.
#[derive(Debug, Default)]
pub(super) struct LockedThreads(Mutex<HashMap<TaskId, Entry>>);

#[derive(Debug)]
struct Entry {
    worker: usize,
    /// Guards that were not dropped.
    guards: usize,
    /// The goroutine, runnable, for its worker to take; a right comes with it.
    next: Option<Runnable>,
}

// SAFETY: a `Runnable` may be handed to another thread, which is what queues do with it.
unsafe impl Send for Entry {}

impl LockedThreads {
    fn lock(&self) -> MutexGuard<'_, HashMap<TaskId, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which goroutines a worker's thread may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Serves {
    /// Whichever come.
    All,
    /// The one that is locked to it.
    One(TaskId),
    /// None: the one that was locked to it has ended, and left it in a state that nobody knows.
    Nobody,
}

/// Keeps a goroutine on its thread; see [`crate::spawn::lock_os_thread`].
#[must_use = "the goroutine is unlocked when this is dropped"]
pub(crate) struct Lock {
    shared: Arc<Shared>,
    goroutine: TaskId,
}

/// Locks the running goroutine to this thread; none outside a goroutine.
pub(crate) fn lock() -> Option<Lock> {
    current::with_worker(|worker| {
        let worker = worker?;
        // SAFETY: a goroutine that runs is live, and it runs on this thread.
        let header = unsafe { worker.running()?.as_ref() };
        let goroutine = header.meta.id;
        header.set_locked(true);
        worker.set_serves(Serves::One(goroutine));
        let mut threads = worker.shared().locked.lock();
        let entry = threads.entry(goroutine).or_insert(Entry {
            worker: worker.index(),
            guards: 0,
            next: None,
        });
        entry.guards += 1;
        Some(Lock {
            shared: Arc::clone(worker.shared()),
            goroutine,
        })
    })
}

impl Drop for Lock {
    fn drop(&mut self) {
        let mut threads = self.shared.locked.lock();
        let Some(entry) = threads.get_mut(&self.goroutine) else {
            // It has ended, and its thread with it.
            return;
        };
        entry.guards -= 1;
        if entry.guards > 0 {
            return;
        }
        let index = entry.worker;
        // What was passed on is taken by its thread all the same.
        if entry.next.is_none() {
            threads.remove(&self.goroutine);
        }
        drop(threads);
        current::with_worker_of(&self.shared, |worker| match worker {
            // In the goroutine itself: it may go on anywhere after this poll.
            Some(worker) if worker.index() == index => worker.set_serves(Serves::All),
            _ => self.shared.unpark(&self.shared.remote(index)),
        });
    }
}

impl Shared {
    /// For the thread that watches the workers, when there is a right and no thread to be had that would take
    /// it: gives it to a thread whose locked goroutine stands in the global queue. False if there is none such.
    #[cold]
    pub(super) fn pass_on_from_outside(this: &Arc<Self>) -> bool {
        // Until this is dropped no goroutine is dropped for shutdown: see `wait_for_readers`.
        let crew = this.crew();
        if this.is_stopping() || !this.idle.come_back() {
            return false;
        }
        let passed = this.take_out_locked();
        match passed {
            Some(worker) => this.unpark(&this.remote(worker)),
            None => {
                let _ = this.idle.leave();
            }
        }
        drop(crew);
        // Who went to sleep meanwhile has not seen what was taken out and put back, and who came back has not
        // found the right.
        if this.global.len() > 0 {
            Self::wake_one(this);
        }
        passed.is_some()
    }

    /// Takes the first goroutine that is locked out of the global queue, for its thread, which is returned.
    fn take_out_locked(&self) -> Option<usize> {
        let mut tasks = Vec::new();
        let first = self.global.pop(usize::MAX, |task| tasks.push(task));
        tasks.splice(..0, first);
        let mut threads = self.locked.lock();
        let at = tasks
            .iter()
            .position(|task| threads.contains_key(&task.header().meta.id));
        let passed = at.and_then(|at| {
            let task = tasks.remove(at);
            let entry = threads.get_mut(&task.header().meta.id)?;
            entry.next = Some(task);
            Some(entry.worker)
        });
        drop(threads);
        self.global.push(tasks);
        passed
    }
}

/// What a thread to which a goroutine is locked finds.
enum Next {
    /// It runs the goroutine, which is locked still, or not.
    Run(Runnable, bool),
    /// The goroutine was unlocked elsewhere.
    Unlocked,
    Nothing,
}

impl Worker {
    /// A goroutine that may be locked came out of a queue. It comes back if it is this worker's to run.
    #[cold]
    pub(super) fn pass_on(&self, task: Runnable) -> Option<Runnable> {
        if self.take_spinning() {
            // As for every other goroutine that it has found.
            self.stop_spinning();
        }
        let shared = self.shared();
        let mut threads = shared.locked.lock();
        let Some(entry) = threads.get_mut(&task.header().meta.id) else {
            drop(threads);
            task.header().set_locked(false);
            return Some(task);
        };
        if entry.worker == self.index() {
            return Some(task);
        }
        if !Shared::mark_away(self.remote()) {
            // It has no right that it could pass on.
            drop(threads);
            Shared::ready_from_outside(shared, task);
            return None;
        }
        entry.next = Some(task);
        let index = entry.worker;
        drop(threads);
        shared.unpark(&shared.remote(index));
        None
    }

    /// Between two goroutines of a thread that does not serve all: waits for the one that is locked to it,
    /// and runs it. False if the thread is to end.
    #[cold]
    pub(super) fn serve_locked(&self) -> bool {
        if self.take_spinning() {
            self.stop_spinning();
        }
        self.leave();
        // Also if its right was taken before: it does not look for what it has left behind.
        self.give_queue_away();
        if self.last_look() {
            Shared::wake_one(self.shared());
        }
        let Serves::One(goroutine) = self.serves() else {
            return false;
        };
        loop {
            match self.next_of(goroutine) {
                Next::Run(task, locked) => {
                    self.set_back(false);
                    if !locked {
                        self.set_serves(Serves::All);
                    }
                    let task = self.fresh_slice(task);
                    self.run_one(task);
                    return true;
                }
                Next::Unlocked => {
                    self.set_serves(Serves::All);
                    return true;
                }
                Next::Nothing if self.shared().is_stopping() => return false,
                Next::Nothing => self.wait_for_its_own(),
            }
        }
    }

    /// Sleeps until somebody calls: whoever passes the goroutine on, or unlocks it.
    fn wait_for_its_own(&self) {
        let idle = &self.shared().idle;
        idle.waits_for_its_own(self.index());
        // It was missing among those who rest, if all others do by now.
        self.shared().sysmon.nudge();
        self.remote().parker.park();
        idle.stops_waiting(self.index());
    }

    fn next_of(&self, goroutine: TaskId) -> Next {
        let mut threads = self.shared().locked.lock();
        // Unlocked elsewhere it may have gone on elsewhere, and be locked to that thread by now.
        let here = |entry: &&mut Entry| entry.worker == self.index();
        let Some(entry) = threads.get_mut(&goroutine).filter(here) else {
            return Next::Unlocked;
        };
        let locked = entry.guards > 0;
        match entry.next.take() {
            Some(task) => {
                if !locked {
                    threads.remove(&goroutine);
                }
                Next::Run(task, locked)
            }
            None => Next::Nothing,
        }
    }

    /// This thread has left its loop. At shutdown it drops the goroutine that is locked to it.
    ///
    /// Nobody else can: this thread alone runs it, it is dropped by those who tidy up only when all threads
    /// have ended, and another thread that does the same as this one has another goroutine. But it may stand
    /// in a queue, or in the hands of a worker that is about to pass it on, so this waits until all have left
    /// their loops. A worker that stays in a poll for ever keeps it waiting, as it keeps those who tidy up.
    pub(super) fn end_locked(&self) {
        let _guard = AbortOnPanic;
        let shared = self.shared();
        shared.stops_to_read();
        let Serves::One(goroutine) = self.serves() else {
            return;
        };
        shared.wait_for_readers();
        let mut threads = shared.locked.lock();
        let mine = threads
            .get(&goroutine)
            .is_some_and(|entry| entry.worker == self.index() && entry.guards > 0);
        if mine {
            threads.remove(&goroutine);
            drop(threads);
            task::drop_one(&shared.registry, goroutine);
        }
    }

    /// A goroutine has ended on this thread, which does not serve all: with a guard, that is, which
    /// somebody still has or has leaked. Who knows in which state it has left the thread, so that ends,
    /// too. (As in Go.)
    #[cold]
    pub(super) fn locked_has_ended(&self) {
        if let Serves::One(goroutine) = self.serves() {
            self.set_serves(Serves::Nobody);
            self.shared().locked.lock().remove(&goroutine);
        }
    }
}
