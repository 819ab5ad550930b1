//! Models of the state word: no wake-up is lost, and everything is dropped once.
//!
//! Modelled: the word and what it guards (a future's data, the joiner's waker, the result, the
//! allocation), each by the transitions that the real code makes in the same order. Left out: the
//! queues. Seconds each:
//!
//! `RUSTFLAGS="--cfg loom" cargo test --release -p chango-core --lib loom_task_state`

use loom::thread;

use super::{Detach, Finish, Park, Start, State, Wake};
use crate::primitive::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::primitive::cell::UnsafeCell;
use crate::primitive::sync::Arc;

fn model(f: impl Fn() + Sync + Send + 'static) {
    crate::loom_model::model(4, f);
}

/// A state word and a piece of data that only its phase *running* gives the right to.
struct Task {
    state: State,
    polls: UnsafeCell<usize>,
    event: AtomicBool,
    queued: AtomicUsize,
}

// SAFETY: the model itself checks that the accesses to `polls` are ordered.
unsafe impl Send for Task {}
// SAFETY: as above.
unsafe impl Sync for Task {}

impl Task {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            state: State::new(false),
            polls: UnsafeCell::new(0),
            event: AtomicBool::new(false),
            queued: AtomicUsize::new(1),
        })
    }

    fn queue(&self, wake: Wake) {
        if wake == Wake::Schedule {
            assert_eq!(
                self.queued.fetch_add(1, Ordering::Relaxed),
                0,
                "it is queued once"
            );
        }
    }

    /// Takes it from the queue and polls it, if it is there; true if the event was seen.
    fn run_queued(&self) -> Option<bool> {
        let queued = &self.queued;
        queued
            .compare_exchange(1, 0, Ordering::Relaxed, Ordering::Relaxed)
            .ok()?;
        assert_eq!(self.state.start(), Start::Poll);
        // SAFETY: the model checks it: a running goroutine is this thread's alone.
        self.polls.with_mut(|polls| unsafe { *polls += 1 });
        let seen = self.event.load(Ordering::Relaxed);
        match self.state.park() {
            Park::Waiting => {}
            Park::Again => self.queue(Wake::Schedule),
            Park::Cancel => unreachable!("nobody aborts here"),
        }
        Some(seen)
    }
}

#[test]
fn an_event_before_a_wake_up_is_seen_by_a_poll_after_it() {
    model(|| {
        let task = Task::new();
        let wakers: Vec<_> = (0..2)
            .map(|_| {
                let task = Arc::clone(&task);
                thread::spawn(move || {
                    // Relaxed on purpose: the wake-up alone has to publish it.
                    task.event.store(true, Ordering::Relaxed);
                    task.queue(task.state.wake());
                })
            })
            .collect();
        let mut seen = task.run_queued() == Some(true);
        wakers.into_iter().for_each(|waker| waker.join().unwrap());
        while let Some(now) = task.run_queued() {
            seen |= now;
        }
        assert!(seen, "the wake-up was lost");
    });
}

#[test]
fn two_workers_never_poll_at_the_same_time() {
    model(|| {
        let task = Task::new();
        let other = Arc::clone(&task);
        let worker = thread::spawn(move || {
            other.queue(other.state.wake());
            other.run_queued();
        });
        task.run_queued();
        task.queue(task.state.wake());
        task.run_queued();
        worker.join().unwrap();
    });
}

#[test]
fn an_abort_beside_a_poll_is_seen_once() {
    model(|| {
        let state = Arc::new(State::new(false));
        let aborter = {
            let state = Arc::clone(&state);
            thread::spawn(move || state.abort())
        };
        let mut cancelled = 0;
        let mut queued = true;
        match state.start() {
            Start::Cancel => cancelled += 1,
            Start::Poll => match state.park() {
                Park::Waiting => queued = false,
                Park::Again => unreachable!("nobody wakes here"),
                Park::Cancel => cancelled += 1,
            },
        }
        if aborter.join().unwrap() == Wake::Schedule {
            assert!(!queued, "it was waiting");
            assert_eq!(state.start(), Start::Cancel);
            cancelled += 1;
        }
        assert_eq!(cancelled, 1);
    });
}

#[test]
fn a_joiner_sees_the_end_or_is_woken() {
    struct Slot(UnsafeCell<Option<u32>>, UnsafeCell<u32>);
    // SAFETY: the model itself checks that the accesses are ordered.
    unsafe impl Send for Slot {}
    // SAFETY: as above.
    unsafe impl Sync for Slot {}

    model(|| {
        let state = Arc::new(State::new(false));
        let slot = Arc::new(Slot(UnsafeCell::new(None), UnsafeCell::new(0)));
        let worker = {
            let (state, slot) = (Arc::clone(&state), Arc::clone(&slot));
            thread::spawn(move || {
                let _ = state.start();
                // SAFETY: running: the result's place is this thread's.
                slot.1.with_mut(|output| unsafe { *output = 42 });
                let finish = state.finish();
                assert_ne!(finish, Finish::DropOutput);
                let take = |waker: *mut Option<_>| {
                    // SAFETY: the word says that the waker is the worker's.
                    unsafe { (*waker).take() }
                };
                finish == Finish::WakeJoiner && slot.0.with_mut(take).is_some()
            })
        };
        // Registers, and registers again with another waker, as `JoinHandle::register` does.
        let mut dead = false;
        for waker in 0..2 {
            if state.has_joiner() && !state.take_joiner() {
                dead = true;
                break;
            }
            // SAFETY: the word does not say JOINER: the slot is the handle's.
            slot.0.with_mut(|place| unsafe { *place = Some(waker) });
            if !state.give_joiner() {
                dead = true;
                break;
            }
        }
        if dead {
            assert!(state.take_output());
            // SAFETY: the output was won.
            assert_eq!(slot.1.with(|output| unsafe { *output }), 42);
        }
        let woken = worker.join().unwrap();
        assert!(dead || woken, "nobody told the joiner");
    });
}

#[test]
fn the_result_is_dropped_once_when_the_handle_goes_beside_the_end() {
    model(|| {
        let state = Arc::new(State::new(false));
        let worker = {
            let state = Arc::clone(&state);
            thread::spawn(move || {
                let _ = state.start();
                match state.finish() {
                    Finish::Nothing => (0, 0),
                    Finish::Free => (1, 1),
                    Finish::DropOutput => (1, usize::from(state.release())),
                    Finish::WakeJoiner => unreachable!("nobody joins"),
                }
            })
        };
        // As the drop of a `JoinHandle`.
        let (drops, frees) = match state.last_owner() {
            Some(has_output) => (usize::from(has_output), 1),
            None if state.detach_unasked() => (0, 0),
            None => {
                let Detach { drop_output, .. } = state.detach();
                (usize::from(drop_output), usize::from(state.release()))
            }
        };
        let (by_worker, freed_by_worker) = worker.join().unwrap();
        assert_eq!(drops + by_worker, 1);
        assert_eq!(frees + freed_by_worker, 1);
    });
}

#[test]
fn those_who_share_a_handle_are_at_the_waker_one_at_a_time() {
    struct Slot(UnsafeCell<u32>);
    // SAFETY: the model itself checks that the accesses are ordered.
    unsafe impl Send for Slot {}
    // SAFETY: as above.
    unsafe impl Sync for Slot {}

    model(|| {
        let state = Arc::new(State::new(false));
        let slot = Arc::new(Slot(UnsafeCell::new(0)));
        let register = {
            let (state, slot) = (Arc::clone(&state), Arc::clone(&slot));
            move || {
                state.begin_registering();
                // SAFETY: what is to be shown: nobody else is here.
                slot.0.with_mut(|count| unsafe { *count += 1 });
                state.end_registering();
            }
        };
        let other = thread::spawn(register.clone());
        let _ = state.start();
        register();
        other.join().unwrap();
        assert_eq!(state.park(), Park::Waiting);
        // SAFETY: the other one is gone.
        assert_eq!(slot.0.with(|count| unsafe { *count }), 2);
    });
}

#[test]
fn of_two_receivers_one_takes_the_result() {
    model(|| {
        let state = Arc::new(State::new(false));
        let _ = state.start();
        let _ = state.finish();
        let other = Arc::clone(&state);
        let thread = thread::spawn(move || other.take_output());
        let here = state.take_output();
        assert!(here ^ thread.join().unwrap());
    });
}
