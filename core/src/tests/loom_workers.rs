//! A runtime for models, made of the real one's parts: each thread of a model is a worker of it, or
//! `sysmon`, or a stranger.
//!
//! Workers run the loop of `worker.rs` as it is, and real goroutines. Left out: threads that start and
//! end (no newcomer can be had, no spare retires), files, and time, which stands still. What must hold:
//! a goroutine that is never polled leaves its model hanging, which loom reports as a deadlock.

use std::future::Future;
use std::panic::Location;

use loom::sync::{Condvar, Mutex};
use loom::thread;

use super::worker;
use super::*;
use crate::coop;
use crate::primitive::atomic::AtomicUsize;
use crate::runtime::{Config, Deadlock};
use crate::sched::idle::Snapshot;
use crate::trace::Debug;

/// A runtime, and how many of its goroutines have not ended.
pub(in crate::sched) struct Runtime {
    pub(in crate::sched) shared: Arc<Shared>,
    left: Arc<AtomicUsize>,
}

impl Runtime {
    /// `procs` rights to run, and `threads` workers: the first ones have a right, the others are called
    /// when there is one. The last of `goroutines` that ends stops it.
    pub(in crate::sched) fn new(procs: usize, threads: usize, goroutines: usize) -> Self {
        let config = Config {
            workers: procs,
            follows: None,
            max_threads: threads,
            name: String::new(),
            debug: Debug::default(),
            deadlock: Deadlock::Panic,
            fails_when_silent: false,
        };
        let shared = crate::sched::new(config).unwrap();
        for index in 0..threads {
            let mut crew = shared.crew();
            assert_eq!(shared.vacancy(&mut crew).unwrap(), index);
            crew.alive += 1;
            drop(crew);
            if index < procs {
                shared.remote(index).answer(AWAY);
            }
        }
        Self {
            shared,
            left: Arc::new(AtomicUsize::new(goroutines)),
        }
    }

    /// As if somebody slept in the netpoller for ever, so that all workers sleep on their own.
    pub(in crate::sched) fn watched(self) -> Self {
        self.shared.poller.store(true, Ordering::Relaxed);
        self
    }

    /// A goroutine that counts.
    pub(in crate::sched) fn goroutine(
        &self,
        future: impl Future<Output = ()> + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        let (left, shared) = (Arc::clone(&self.left), Arc::clone(&self.shared));
        async move {
            future.await;
            if left.fetch_sub(1, Ordering::AcqRel) == 1 {
                shared.stop();
            }
        }
    }

    /// Spawns one that counts, from outside.
    pub(in crate::sched) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        spawn(&self.shared, self.goroutine(future));
    }

    /// What a goroutine of this runtime spawns another one with.
    pub(in crate::sched) fn spawner<F>(&self) -> impl FnOnce(F) + Send + 'static
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let shared = Arc::clone(&self.shared);
        move |future| spawn(&shared, future)
    }

    /// Runs all workers, and `stranger` on this thread, until the runtime has stopped; then all that hold
    /// a right are as many as there are rights that somebody has.
    pub(in crate::sched) fn run(self, stranger: impl FnOnce(&Arc<Shared>)) {
        let threads = self.shared.remotes().len();
        let workers: Vec<_> = (0..threads)
            .map(|index| {
                let shared = Arc::clone(&self.shared);
                thread::spawn(move || live(&shared, index))
            })
            .collect();
        stranger(&self.shared);
        for worker in workers {
            worker.join().unwrap();
        }
        self.check_rights();
        self.shared.tidy_up();
    }

    fn check_rights(&self) {
        // Debts are paid as `sysmon` has them paid.
        Shared::settle(&self.shared, None);
        let Snapshot { free, spinning, .. } = self.shared.idle.snapshot();
        if self.shared.idle.has_debt() {
            assert!(spinning > 0, "a right that nobody has cannot be taken");
            return;
        }
        let is_here = |remote: &&Arc<Remote>| !remote.is_away();
        let holders = self.shared.remotes().iter().filter(is_here).count();
        let held = self.shared.max_procs() - free;
        // One that was called when the runtime stopped has a right, and has not heard of it.
        assert!(
            holders <= held && held <= holders + spinning,
            "{holders} of {held}"
        );
    }
}

/// The life of a worker's thread.
pub(in crate::sched) fn live(shared: &Arc<Shared>, index: usize) {
    let remote = shared.remote(index);
    let queue = remote.owner.lock().unwrap().take().unwrap();
    // SAFETY: it is taken out below, before this thread ends.
    *remote.budget.lock().unwrap() = Some(unsafe { coop::budget() });
    drop(worker::run(Arc::clone(shared), index, queue, false));
    *remote.budget.lock().unwrap() = None;
}

/// Spawns, from this thread.
pub(in crate::sched) fn spawn(
    shared: &Arc<Shared>,
    future: impl Future<Output = ()> + Send + 'static,
) {
    drop(Shared::spawn(
        shared,
        future,
        None,
        Location::caller(),
        false,
    ));
}

/// Something that happens once, for which threads wait, blocked.
#[derive(Clone)]
pub(in crate::sched) struct Event(Arc<(Mutex<bool>, Condvar)>);

impl Event {
    pub(in crate::sched) fn new() -> Self {
        Self(Arc::new((Mutex::new(false), Condvar::new())))
    }

    pub(in crate::sched) fn happens(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    /// A goroutine by which it happens.
    pub(in crate::sched) async fn to_happen(self) {
        self.happens();
    }

    pub(in crate::sched) fn wait(&self) {
        let mut happened = self.0.0.lock().unwrap();
        while !*happened {
            happened = self.0.1.wait(happened).unwrap();
        }
    }
}
