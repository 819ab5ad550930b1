//! Models of falling asleep and being woken: work that was queued is always found.
//!
//! Modelled: `Idle` and `Parker` with one or two workers that search, sleep, leave, come back and are
//! called exactly as `worker.rs` and `handoff.rs` do, against producers, and against somebody who changes
//! the number of rights as `procs.rs` does. Left out: the netpoller (a sleep in it is a parked thread
//! here). Up to a minute each:
//!
//! `RUSTFLAGS="--cfg loom" cargo test --release -p chango-core --lib loom_idle`

use loom::thread;

use super::{Called, Idle};
use crate::primitive::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::primitive::sync::Arc;
use crate::sched::park::Parker;

fn model(f: impl Fn() + Sync + Send + 'static) {
    crate::loom_model::model(2, f);
}

struct Model {
    idle: Idle,
    parkers: Vec<Parker>,
    /// Of each worker, whether it has no right.
    away: Vec<AtomicBool>,
    /// The global queue, by its length alone: relaxed, so that the protocol has to order it.
    queue: AtomicUsize,
    done: AtomicBool,
    begun: loom::sync::Mutex<usize>,
    all_begun: loom::sync::Condvar,
    total: usize,
}

impl Model {
    fn new(workers: usize, total: usize) -> Arc<Self> {
        Self::with_spares(workers, 0, total)
    }

    fn with_spares(procs: usize, spares: usize, total: usize) -> Arc<Self> {
        let workers = procs + spares;
        Arc::new(Self {
            idle: Idle::new(procs),
            parkers: (0..workers).map(|_| Parker::new()).collect(),
            away: (0..workers)
                .map(|me| AtomicBool::new(me >= procs))
                .collect(),
            queue: AtomicUsize::new(0),
            done: AtomicBool::new(false),
            begun: loom::sync::Mutex::new(0),
            all_begun: loom::sync::Condvar::new(),
            total,
        })
    }

    fn produce(&self) {
        self.queue.fetch_add(1, Ordering::Relaxed);
        self.wake_one();
    }

    fn wake_one(&self) {
        let called = match self.idle.worker_to_wake() {
            Some(Called::Worker(worker)) => Some(worker),
            // No thread can be had.
            Some(Called::Newcomer) => self.idle.decline(),
            None => None,
        };
        if let Some(worker) = called {
            let _ = self.parkers[worker].unpark();
        }
    }

    fn has_work(&self) -> bool {
        self.queue.load(Ordering::Relaxed) > 0
    }

    fn is_done(&self) -> bool {
        self.done.load(Ordering::Acquire)
    }

    fn is_away(&self, me: usize) -> bool {
        self.away[me].load(Ordering::Acquire)
    }

    fn mark_away(&self, me: usize) -> bool {
        !self.away[me].swap(true, Ordering::AcqRel)
    }

    /// Marks that sleeper, or any that is awake.
    fn mark(&self, asleep: Option<usize>) -> bool {
        match asleep {
            Some(worker) => self.mark_away(worker),
            None => (0..self.away.len()).rev().any(|me| self.mark_away(me)),
        }
    }

    fn set_procs(&self, procs: usize) {
        let woken = self.idle.set_procs(procs, |asleep| self.mark(asleep));
        for worker in woken {
            let _ = self.parkers[worker].unpark();
        }
        if self.has_work() {
            self.wake_one();
        }
    }

    /// When all threads have ended: debts are paid as `sysmon` has them paid, and then as many workers
    /// have a right as there are to be.
    fn rights_are_right(&self, procs: usize) {
        let _ = self.idle.settle(|asleep| self.mark(asleep));
        let counts = self.idle.counts();
        assert_eq!(counts.rights(), procs as u64);
        let holders = (0..self.away.len()).filter(|&me| !self.is_away(me));
        assert_eq!(counts.rights() - counts.free(), holders.count() as u64);
        assert_eq!(
            counts.parked(),
            self.idle.lists.lock().sleepers.len() as u64
        );
    }

    /// A worker gives its right up.
    fn leave(&self, me: usize) {
        if !self.mark_away(me) {
            return;
        }
        let _ = self.idle.leave();
        if self.has_work() {
            self.wake_one();
        }
    }

    /// A worker that is away takes a right back if there is one.
    fn try_back(&self, me: usize) -> bool {
        let back = self.is_away(me) && self.idle.come_back();
        if back {
            self.away[me].store(false, Ordering::Release);
        }
        back
    }

    /// A worker without a right takes one or waits for one; none if all is done. Whether it counts as
    /// spinning then.
    fn come_back(&self, me: usize, spinning: bool) -> Option<bool> {
        if spinning && self.idle.found_work() {
            self.wake_one();
        }
        if self.try_back(me) {
            return Some(false);
        }
        let called = !self.idle.come_back_or_wait(me);
        if called {
            if self.has_work() {
                self.wake_one();
            }
            while self.idle.is_spare(me, false) && !self.is_done() {
                self.parkers[me].park();
            }
            if self.is_done() {
                return None;
            }
        }
        self.away[me].store(false, Ordering::Release);
        Some(called)
    }

    fn take(&self) -> bool {
        let mut len = self.queue.load(Ordering::Relaxed);
        while len > 0 {
            let taken =
                self.queue
                    .compare_exchange(len, len - 1, Ordering::Relaxed, Ordering::Relaxed);
            match taken {
                Ok(_) => return true,
                Err(actual) => len = actual,
            }
        }
        false
    }

    /// Does a piece of work; true if no more will come.
    fn begin_piece(&self, together: bool) -> bool {
        let mut begun = self.begun.lock().unwrap();
        *begun += 1;
        if *begun == self.total {
            self.done.store(true, Ordering::Release);
            self.all_begun.notify_all();
            drop(begun);
            // All is done: the others are told as shutdown tells them.
            self.idle.take_all();
            self.parkers.iter().for_each(|parker| drop(parker.unpark()));
            return true;
        }
        while together && *begun < self.total {
            begun = self.all_begun.wait(begun).unwrap();
        }
        together
    }

    /// The loop of a worker, until all work there will be is done. With `together`, a piece of work
    /// takes until all others have begun, so each needs a worker of its own.
    fn work(&self, me: usize, together: bool) {
        self.parkers[me].bind();
        let mut spinning = false;
        loop {
            if self.is_away(me) {
                match self.come_back(me, std::mem::take(&mut spinning)) {
                    Some(called) => spinning = called,
                    None => return,
                }
            }
            let found = self.take() || {
                // The search of other queues: only who may spin looks again.
                spinning = spinning || self.idle.try_spin();
                spinning && self.take()
            };
            if found {
                if std::mem::take(&mut spinning) && self.idle.found_work() {
                    self.wake_one();
                }
                if self.begin_piece(together) {
                    return;
                }
                continue;
            }
            if !self.idle.sleep(me, spinning, || self.is_away(me)) {
                continue;
            }
            let counts = self.idle.counts();
            assert!(counts.parked() + counts.free() <= counts.rights());
            let last_look = self.has_work() || self.is_done();
            if !last_look {
                self.parkers[me].park();
            }
            spinning = self.idle.wake_self(me, last_look);
            if self.is_done() {
                return;
            }
        }
    }
}

#[test]
fn a_worker_that_falls_asleep_does_not_miss_work() {
    model(|| {
        let model = Model::new(1, 2);
        let producer = {
            let model = Arc::clone(&model);
            thread::spawn(move || (0..2).for_each(|_| model.produce()))
        };
        model.work(0, false);
        producer.join().unwrap();
    });
}

#[test]
fn two_producers_wake_one_worker() {
    model(|| {
        let model = Model::new(1, 2);
        let producers: Vec<_> = (0..2)
            .map(|_| {
                let model = Arc::clone(&model);
                thread::spawn(move || model.produce())
            })
            .collect();
        model.work(0, false);
        producers
            .into_iter()
            .for_each(|producer| producer.join().unwrap());
    });
}

#[test]
fn two_workers_do_all_the_work() {
    model(|| {
        let model = Model::new(2, 2);
        let other = {
            let model = Arc::clone(&model);
            thread::spawn(move || model.work(1, false))
        };
        let producer = {
            let model = Arc::clone(&model);
            thread::spawn(move || (0..2).for_each(|_| model.produce()))
        };
        model.work(0, false);
        producer.join().unwrap();
        other.join().unwrap();
    });
}

#[test]
fn a_spinner_that_finds_work_calls_another_for_the_rest() {
    model(|| {
        let model = Model::new(2, 2);
        let other = {
            let model = Arc::clone(&model);
            thread::spawn(move || model.work(1, true))
        };
        let producer = {
            let model = Arc::clone(&model);
            thread::spawn(move || (0..2).for_each(|_| model.produce()))
        };
        model.work(0, true);
        producer.join().unwrap();
        other.join().unwrap();
    });
}

#[test]
fn work_is_found_while_the_only_worker_is_away_until_it_is_done() {
    model(|| {
        let model = Model::with_spares(1, 1, 1);
        let spare = {
            let model = Arc::clone(&model);
            thread::spawn(move || model.work(1, false))
        };
        let producer = {
            let model = Arc::clone(&model);
            thread::spawn(move || model.produce())
        };
        model.leave(0);
        let mut begun = model.begun.lock().unwrap();
        while *begun == 0 {
            begun = model.all_begun.wait(begun).unwrap();
        }
        drop(begun);
        producer.join().unwrap();
        spare.join().unwrap();
    });
}

#[test]
fn of_one_that_comes_back_and_a_spare_one_gets_the_right_and_does_the_work() {
    model(|| {
        let model = Model::with_spares(1, 1, 1);
        let spare = {
            let model = Arc::clone(&model);
            thread::spawn(move || model.work(1, false))
        };
        let producer = {
            let model = Arc::clone(&model);
            thread::spawn(move || model.produce())
        };
        model.leave(0);
        model.try_back(0);
        model.work(0, false);
        producer.join().unwrap();
        spare.join().unwrap();
    });
}

/// Workers 0 and 1 of a model work, and a third changes the number of rights.
fn two_workers_and(model: &Arc<Model>, together: bool, third: impl FnOnce(&Model) + 'static) {
    let other = {
        let model = Arc::clone(model);
        thread::spawn(move || model.work(1, together))
    };
    let third = {
        let model = Arc::clone(model);
        thread::spawn(move || third(&model))
    };
    model.work(0, together);
    third.join().unwrap();
    other.join().unwrap();
}

#[test]
fn work_is_found_when_one_of_two_workers_is_taken() {
    model(|| {
        let model = Model::new(2, 2);
        two_workers_and(&model, false, |model| {
            model.produce();
            model.set_procs(1);
            model.produce();
        });
        model.rights_are_right(1);
    });
}

#[test]
fn work_that_waits_is_found_by_a_worker_that_is_added() {
    model(|| {
        let model = Model::with_spares(1, 1, 2);
        two_workers_and(&model, true, |model| {
            model.produce();
            model.produce();
            model.set_procs(2);
        });
    });
}

#[test]
fn work_is_found_by_a_worker_that_is_added_while_it_is_made() {
    model(|| {
        let model = Model::with_spares(1, 1, 1);
        let spare = {
            let model = Arc::clone(&model);
            thread::spawn(move || model.work(1, false))
        };
        let producer = {
            let model = Arc::clone(&model);
            thread::spawn(move || model.produce())
        };
        // The other worker, this one, is in a poll that does not end before the work has begun.
        model.set_procs(2);
        let mut begun = model.begun.lock().unwrap();
        while *begun == 0 {
            begun = model.all_begun.wait(begun).unwrap();
        }
        drop(begun);
        producer.join().unwrap();
        spare.join().unwrap();
    });
}

#[test]
fn a_worker_that_is_taken_and_added_again_does_its_share() {
    model(|| {
        let model = Model::new(2, 2);
        two_workers_and(&model, true, |model| {
            model.set_procs(1);
            model.produce();
            model.produce();
            model.set_procs(2);
        });
    });
}

#[test]
fn a_sleeper_that_is_taken_leaves_its_place_in_the_netpoller_to_another() {
    model(|| {
        let idle = Arc::new(Idle::new(2));
        // Worker 1 sleeps there, and its right is taken; worker 0 is about to go to sleep.
        let poller = Arc::new(AtomicBool::new(true));
        assert!(idle.sleep(1, false, || false));
        assert_eq!(idle.set_procs(1, |_| true), [1]);
        let taken = {
            let (idle, poller) = (Arc::clone(&idle), Arc::clone(&poller));
            thread::spawn(move || {
                poller.store(false, Ordering::Release);
                assert!(!idle.wake_self(1, false));
                assert!(!idle.come_back_or_wait(1));
                let unwatched = idle.is_quiet() && !poller.load(Ordering::Acquire);
                unwatched && idle.worker_to_wake().is_some()
            })
        };
        assert!(idle.sleep(0, false, || false));
        poller.swap(true, Ordering::AcqRel);
        let called = taken.join().unwrap();
        assert!(called || poller.load(Ordering::Relaxed));
    });
}

#[test]
fn a_right_is_taken_while_a_worker_leaves_and_comes_back() {
    model(|| {
        let model = Model::new(2, 1);
        let other = {
            let model = Arc::clone(&model);
            thread::spawn(move || model.work(1, false))
        };
        let third = {
            let model = Arc::clone(&model);
            thread::spawn(move || {
                model.set_procs(1);
                model.produce();
            })
        };
        model.leave(0);
        model.try_back(0);
        model.work(0, false);
        third.join().unwrap();
        other.join().unwrap();
        let _ = model.idle.settle(|asleep| model.mark(asleep));
        assert_eq!(model.idle.counts().rights(), 1);
    });
}

#[test]
fn a_call_before_the_sleep_ends_it_at_once() {
    model(|| {
        let parker = Arc::new(Parker::new());
        let sleeper = {
            let parker = Arc::clone(&parker);
            thread::spawn(move || {
                parker.bind();
                parker.park();
            })
        };
        let _ = parker.unpark();
        sleeper.join().unwrap();
    });
}
