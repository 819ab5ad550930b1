//! Models of falling asleep and being woken: work that was queued is always found.
//!
//! Modelled: `Idle` and `Parker` with one or two workers that search, sleep, leave, come back and are
//! called exactly as `worker.rs` and `handoff.rs` do, against producers. Left out: the netpoller (a sleep in it is a parked
//! thread here). Up to a minute each:
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

    /// A worker gives its right up.
    fn leave(&self) {
        let unwatched = self.idle.leave();
        assert!(unwatched, "the other one is a spare");
        if self.has_work() {
            self.wake_one();
        }
    }

    /// A worker without a right takes one or waits for one, and goes on.
    fn come_back(&self, me: usize) {
        self.parkers[me].bind();
        let mut called = false;
        if !self.idle.come_back_or_wait(me) {
            called = true;
            while self.idle.is_spare(me, false) {
                self.parkers[me].park();
                if self.done.load(Ordering::Acquire) {
                    return;
                }
            }
        }
        self.work_as(me, false, called);
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
        self.work_as(me, together, false);
    }

    fn work_as(&self, me: usize, together: bool, mut spinning: bool) {
        loop {
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
            let asleep = self.idle.sleep(me, std::mem::take(&mut spinning), || false);
            assert!(asleep);
            let over = || self.done.load(Ordering::Acquire);
            let last_look = self.has_work() || over();
            if !last_look {
                self.parkers[me].park();
            }
            spinning = self.idle.wake_self(me, last_look);
            if over() {
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
            thread::spawn(move || model.come_back(1))
        };
        let producer = {
            let model = Arc::clone(&model);
            thread::spawn(move || model.produce())
        };
        model.leave();
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
            thread::spawn(move || model.come_back(1))
        };
        let producer = {
            let model = Arc::clone(&model);
            thread::spawn(move || model.produce())
        };
        model.leave();
        if model.idle.come_back() {
            model.work(0, false);
        } else {
            model.come_back(0);
        }
        producer.join().unwrap();
        spare.join().unwrap();
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
