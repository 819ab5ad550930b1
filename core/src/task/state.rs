//! A goroutine's state: one atomic word, its transitions, and what each of them tells the caller.
//!
//! The low two bits are the phase, by Go's names; four phases and the steps between them:
//!
//! ```text
//!            wake, abort                 start                 finish
//!   waiting ─────────────▶ runnable ─────────────▶ running ─────────────▶ dead
//!      ▲                      ▲                       │
//!      │                      └── park, if notified ──┤
//!      └───────────────────────── park ───────────────┘
//! ```
//!
//! | bits | name     | meaning while set                                                        |
//! |------|----------|--------------------------------------------------------------------------|
//! | 0, 1 | phase    | 0 waiting, 1 runnable, 2 running, 3 dead                                 |
//! | 2    | NOTIFIED | woken while running: it becomes runnable, not waiting, when the poll ends |
//! | 3    | ABORTED  | to be dropped instead of polled, when nobody polls it                    |
//! | 4    | HANDLE   | the `JoinHandle` exists                                                  |
//! | 5    | JOINER   | the joiner's waker belongs to the goroutine, else to the handle           |
//! | 6    | OUTPUT   | dead, and the result was not taken yet                                   |
//! | 7    | MAIN     | the goroutine of `run`; never changes                                    |
//! | 8    | LOCKED   | locked to an OS thread, or was: who takes it out of a queue asks (`sched::locked`) |
//! | 9    | SAMPLED  | runnable, and the time until it runs is taken                            |
//! | 10   | REGISTERING | one of those who share the handle is at the joiner's waker              |
//! | 11.. | refs     | owners of the allocation: wakers, the handle, and one while not dead     |
//!
//! What must hold:
//!
//! * Whoever moves the word to *runnable* puts the goroutine into a queue, once. So a runnable
//!   goroutine stands in exactly one queue (or is on its way there), and no queue owns a reference:
//!   the one that a goroutine has for not being dead covers it.
//! * Whoever moves it to *running* alone may touch the future, until `park` or `finish`.
//! * A waking thread's writes are seen by the next poll: every wake-up of a goroutine that is not
//!   dead writes the word, also where its bits do not change.

use std::fmt;

use crate::primitive::atomic::{AtomicUsize, Ordering};
use crate::primitive::wait_until;
use crate::runtime::GoroutineState;

const PHASE: usize = 0b11;
const WAITING: usize = 0;
const RUNNABLE: usize = 1;
const RUNNING: usize = 2;
const DEAD: usize = 3;
const NOTIFIED: usize = 1 << 2;
const ABORTED: usize = 1 << 3;
const HANDLE: usize = 1 << 4;
const JOINER: usize = 1 << 5;
const OUTPUT: usize = 1 << 6;
const MAIN: usize = 1 << 7;
const LOCKED: usize = 1 << 8;
const SAMPLED: usize = 1 << 9;
const REGISTERING: usize = 1 << 10;
const REF: usize = 1 << 11;

/// More references than this are a leak of wakers that would soon wrap around. (A million on a 32-bit machine.)
const MAX_REFS: usize = usize::MAX / REF / 2;

/// Where a goroutine is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Waiting,
    Runnable,
    Running,
    Dead,
}

/// What a wake-up found.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// It was waiting and is runnable now: the caller puts it into a queue.
    Schedule,
    /// It is runnable or notified already, or dead.
    Nothing,
    /// As `Nothing`, and the reference given up was the last: the caller frees the goroutine.
    Free,
}

/// What to do with a goroutine taken from a queue.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// Poll it.
    Poll,
    /// It was aborted: drop the future and finish.
    Cancel,
}

/// What became of a goroutine whose poll returned pending.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Park {
    /// It waits; whoever wakes it owns it from here on.
    Waiting,
    /// It was woken during the poll and is runnable: the caller puts it into a queue.
    Again,
    /// It was aborted during the poll and is still running: drop the future and finish.
    Cancel,
}

/// What a goroutine that has just died leaves to its worker.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    /// Nothing: the handle has the result, and the goroutine's own reference is given up. The
    /// worker does not touch the goroutine any more.
    Nothing,
    /// Nobody will ask for the result: the worker drops it, and then releases.
    DropOutput,
    /// As `DropOutput`, and nobody else has a reference: the worker drops the result, and frees the goroutine.
    Free,
    /// The joiner's waker belongs to the worker, which takes it out, wakes it, and then releases.
    WakeJoiner,
}

/// What a `JoinHandle` that goes away still has to tidy up.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Detach {
    /// The goroutine is dead and its result was not taken: the handle drops it.
    pub(crate) drop_output: bool,
    /// The joiner's waker is the handle's: it drops it.
    pub(crate) drop_joiner: bool,
}

/// The word. Only this file knows its bits.
pub(crate) struct State(AtomicUsize);

impl State {
    /// A goroutine that is about to be queued: runnable, with a handle; two references.
    pub(crate) fn new(main: bool) -> Self {
        let main = if main { MAIN } else { 0 };
        Self(AtomicUsize::new(RUNNABLE | HANDLE | main | (2 * REF)))
    }

    /// Wakes it; the caller keeps its reference.
    #[inline]
    pub(crate) fn wake(&self) -> Wake {
        self.wake_releasing(0)
    }

    /// Wakes it and gives the caller's reference up in the same step.
    ///
    /// On `Schedule` the goroutine's own reference covers it until a worker finishes it; the caller
    /// must be sure that no other thread can do so before it is in a queue.
    #[inline]
    pub(crate) fn wake_and_release(&self) -> Wake {
        self.wake_releasing(REF)
    }

    #[inline]
    fn wake_releasing(&self, refs: usize) -> Wake {
        let mut word = self.0.load(Ordering::Relaxed);
        loop {
            let (next, outcome) = match word & PHASE {
                WAITING => (word + RUNNABLE - refs, Wake::Schedule),
                RUNNING => ((word | NOTIFIED) - refs, Wake::Nothing),
                RUNNABLE => (word - refs, Wake::Nothing),
                _ if refs == 0 => return Wake::Nothing,
                _ => (
                    word - refs,
                    if word / REF == 1 {
                        Wake::Free
                    } else {
                        Wake::Nothing
                    },
                ),
            };
            // Release: what the waker's thread wrote is seen by the next poll, which acquires in
            // `start` or `park`. Acquire: whoever frees sees what every other owner did.
            match self
                .0
                .compare_exchange_weak(word, next, Ordering::AcqRel, Ordering::Relaxed)
            {
                Ok(_) => return outcome,
                Err(actual) => word = actual,
            }
        }
    }

    /// Runnable becomes running. Only whoever took the goroutine out of a queue may call it.
    #[inline]
    pub(crate) fn start(&self) -> Start {
        // Acquire: pairs with the release of `wake` and of the last poll's `park`.
        let word = self.0.fetch_add(RUNNING - RUNNABLE, Ordering::AcqRel);
        debug_assert_eq!(
            word & PHASE,
            RUNNABLE,
            "only a runnable goroutine is started"
        );
        if word & ABORTED == 0 {
            Start::Poll
        } else {
            Start::Cancel
        }
    }

    /// Running becomes waiting, or runnable if it was woken meanwhile.
    #[inline]
    pub(crate) fn park(&self) -> Park {
        let mut word = self.0.load(Ordering::Relaxed);
        loop {
            debug_assert_eq!(word & PHASE, RUNNING, "only a running goroutine parks");
            let (next, outcome) = if word & ABORTED != 0 {
                return Park::Cancel;
            } else if word & NOTIFIED != 0 {
                ((word & !(PHASE | NOTIFIED)) | RUNNABLE, Park::Again)
            } else {
                ((word & !PHASE) | WAITING, Park::Waiting)
            };
            // Release: the poll's writes are seen by the next `start`, through the waker's own
            // read-modify-write between them. Acquire: pairs with a `wake` during the poll.
            match self
                .0
                .compare_exchange_weak(word, next, Ordering::AcqRel, Ordering::Relaxed)
            {
                Ok(_) => return outcome,
                Err(actual) => word = actual,
            }
        }
    }

    /// Running becomes dead, with its result in place.
    ///
    /// The reference that the goroutine had for not being dead is given up in the same step where
    /// nothing is left to do (the usual end of a goroutine that is joined later); else it is the
    /// caller's to release.
    #[inline]
    pub(crate) fn finish(&self) -> Finish {
        const DIE: usize = DEAD - RUNNING;
        // Acquire: pairs with the release of whoever gave up the last reference but this.
        let mut word = self.0.load(Ordering::Acquire);
        debug_assert_eq!(word & PHASE, RUNNING, "only a running goroutine dies");
        if word & HANDLE == 0 && word / REF == 1 {
            // Out of the registry, and alone: nobody is left to see it dead.
            return Finish::Free;
        }
        loop {
            let (next, outcome) = match (word & HANDLE != 0, word & JOINER != 0) {
                (true, false) => (word + DIE + OUTPUT - REF, Finish::Nothing),
                (true, true) => (word + DIE + OUTPUT, Finish::WakeJoiner),
                (false, _) => (word + DIE, Finish::DropOutput),
            };
            // Release: the result is seen by whoever sees the goroutine dead. Acquire: the joiner's
            // waker, written before `give_joiner`, is seen here.
            match self
                .0
                .compare_exchange_weak(word, next, Ordering::AcqRel, Ordering::Relaxed)
            {
                Ok(_) => return outcome,
                Err(actual) => word = actual,
            }
        }
    }

    /// Marks it to be dropped instead of polled. On `Schedule` the caller puts it into a queue.
    pub(crate) fn abort(&self) -> Wake {
        let mut word = self.0.load(Ordering::Relaxed);
        loop {
            let (next, outcome) = match word & PHASE {
                DEAD => return Wake::Nothing,
                WAITING => ((word | ABORTED) + RUNNABLE, Wake::Schedule),
                _ => (word | ABORTED, Wake::Nothing),
            };
            // Release: as in `wake`.
            match self
                .0
                .compare_exchange_weak(word, next, Ordering::AcqRel, Ordering::Relaxed)
            {
                Ok(_) => return outcome,
                Err(actual) => word = actual,
            }
        }
    }

    /// Takes a goroutine that waits, or stands in a queue nobody reads any more, to running, so
    /// that shutdown may drop it. False if it is dead. No worker may be left that could run it.
    pub(crate) fn seize(&self) -> bool {
        let mut word = self.0.load(Ordering::Relaxed);
        loop {
            if word & PHASE == DEAD {
                return false;
            }
            debug_assert_ne!(word & PHASE, RUNNING, "shutdown comes after the last poll");
            let next = (word & !PHASE) | RUNNING;
            // Acquire: pairs with the release of the last poll's `park`.
            match self
                .0
                .compare_exchange_weak(word, next, Ordering::AcqRel, Ordering::Relaxed)
            {
                Ok(_) => return true,
                Err(actual) => word = actual,
            }
        }
    }

    /// Takes the right to the result, which only one caller gets.
    pub(crate) fn take_output(&self) -> bool {
        // Acquire: pairs with the release of `finish`.
        self.0.fetch_and(!OUTPUT, Ordering::AcqRel) & OUTPUT != 0
    }

    /// Whether the goroutine has ended.
    pub(crate) fn is_dead(&self) -> bool {
        // Acquire: pairs with the release of `finish`.
        self.0.load(Ordering::Acquire) & PHASE == DEAD
    }

    /// Says that it may be locked to a thread; only while it is running or in the caller's hands.
    pub(crate) fn set_locked(&self, locked: bool) {
        // Relaxed: whoever starts it next is ordered after this by the phase.
        if locked {
            self.0.fetch_or(LOCKED, Ordering::Relaxed);
        } else {
            self.0.fetch_and(!LOCKED, Ordering::Relaxed);
        }
    }

    /// Whether there is something to be done before it is polled: it may be locked to a thread, or its
    /// way to a worker is timed. Only for whoever took it out of a queue, as the next two.
    #[inline]
    pub(crate) fn is_special(&self) -> bool {
        self.0.load(Ordering::Relaxed) & (LOCKED | SAMPLED) != 0
    }

    /// Whether it may be locked to a thread.
    pub(crate) fn is_locked(&self) -> bool {
        self.0.load(Ordering::Relaxed) & LOCKED != 0
    }

    /// Where it is in its life, a moment ago.
    pub(crate) fn phase(&self) -> Phase {
        match self.0.load(Ordering::Relaxed) & PHASE {
            WAITING => Phase::Waiting,
            RUNNABLE => Phase::Runnable,
            RUNNING => Phase::Running,
            _ => Phase::Dead,
        }
    }

    /// What it does, as of some moment; none if it is dead.
    pub(crate) fn goroutine_state(&self) -> Option<GoroutineState> {
        match self.0.load(Ordering::Acquire) & PHASE {
            WAITING => Some(GoroutineState::Waiting),
            RUNNABLE => Some(GoroutineState::Runnable),
            RUNNING => Some(GoroutineState::Running),
            _ => None,
        }
    }

    /// Whether it is the goroutine of `run`.
    pub(crate) fn is_main(&self) -> bool {
        self.0.load(Ordering::Relaxed) & MAIN != 0
    }

    /// The way of a goroutine to a worker is timed: it is runnable, and the caller's to queue.
    pub(crate) fn begin_sample(&self) {
        // Relaxed: the queue brings it to who runs the goroutine.
        self.0.fetch_or(SAMPLED, Ordering::Relaxed);
    }

    /// Whether its way to a worker is timed.
    pub(crate) fn is_sampled(&self) -> bool {
        self.0.load(Ordering::Relaxed) & SAMPLED != 0
    }

    pub(crate) fn end_sample(&self) {
        // Relaxed: as in `begin_sample`.
        self.0.fetch_and(!SAMPLED, Ordering::Relaxed);
    }

    /// Waits until no other one of those who share the handle is at the joiner's waker: from here to
    /// [`end_registering`](Self::end_registering) it is the caller's, as far as the handle has it.
    pub(crate) fn begin_registering(&self) {
        let taken = |word: usize| (word & REGISTERING == 0).then_some(word | REGISTERING);
        let begin = || {
            // Acquire: pairs with the release of the one before.
            self.0
                .fetch_update(Ordering::Acquire, Ordering::Relaxed, taken)
                .is_ok()
        };
        if !begin() {
            wait_until(begin);
        }
    }

    pub(crate) fn end_registering(&self) {
        // Release: the next one sees what was done to the waker.
        self.0.fetch_and(!REGISTERING, Ordering::Release);
    }

    /// Whether the joiner's waker belongs to the goroutine. Only the handle sets it, so to the
    /// handle the answer is stable until the goroutine dies.
    pub(crate) fn has_joiner(&self) -> bool {
        self.0.load(Ordering::Acquire) & JOINER != 0
    }

    /// Gives the joiner's waker to the goroutine; false if that is dead already.
    pub(crate) fn give_joiner(&self) -> bool {
        self.change_joiner(JOINER)
    }

    /// Takes the joiner's waker back to the handle; false if the goroutine is dead already.
    pub(crate) fn take_joiner(&self) -> bool {
        self.change_joiner(0)
    }

    fn change_joiner(&self, joiner: usize) -> bool {
        let mut word = self.0.load(Ordering::Acquire);
        loop {
            if word & PHASE == DEAD {
                return false;
            }
            let next = (word & !JOINER) | joiner;
            // Release: the waker in the slot is seen by `finish`. Acquire on failure: pairs with
            // the release of `finish`, for the caller goes on to the result.
            match self
                .0
                .compare_exchange_weak(word, next, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => return true,
                Err(actual) => word = actual,
            }
        }
    }

    /// Whether it is dead and the caller's reference is the last, so that nobody else can touch it
    /// any more; and if so, whether its result is still there.
    #[inline]
    pub(crate) fn last_owner(&self) -> Option<bool> {
        // Acquire: pairs with the release of whoever gave up the last reference but this.
        let word = self.0.load(Ordering::Acquire);
        (word & PHASE == DEAD && word / REF == 1).then_some(word & OUTPUT != 0)
    }

    /// The handle goes away together with its reference, if the goroutine is not dead and nobody has asked
    /// for its result; else nothing is changed.
    #[inline]
    pub(crate) fn detach_unasked(&self) -> bool {
        let detached = |word: usize| {
            let unasked = word & PHASE != DEAD && word & JOINER == 0;
            unasked.then(|| (word & !HANDLE) - REF)
        };
        // Release: as in `release`; and not the last, since one is the goroutine's own.
        self.0
            .fetch_update(Ordering::Release, Ordering::Relaxed, detached)
            .is_ok()
    }

    /// The handle goes away. Its reference stays the caller's.
    pub(crate) fn detach(&self) -> Detach {
        let mut word = self.0.load(Ordering::Relaxed);
        loop {
            let dead = word & PHASE == DEAD;
            // While it lives the waker comes back to the handle. In a dead one JOINER stays as it
            // is: then the slot is the worker's, which takes the waker out.
            let cleared = if dead {
                HANDLE | OUTPUT
            } else {
                HANDLE | JOINER
            };
            // Acquire: pairs with the release of `finish`.
            let step = self.0.compare_exchange_weak(
                word,
                word & !cleared,
                Ordering::AcqRel,
                Ordering::Relaxed,
            );
            match step {
                Ok(_) => {
                    return Detach {
                        drop_output: dead && word & OUTPUT != 0,
                        drop_joiner: !(dead && word & JOINER != 0),
                    };
                }
                Err(actual) => word = actual,
            }
        }
    }

    /// One owner more.
    #[inline]
    pub(crate) fn retain(&self) {
        // Relaxed: the new owner got the pointer from one that exists.
        let word = self.0.fetch_add(REF, Ordering::Relaxed);
        if word / REF > MAX_REFS {
            // A wrapped count would free what is in use; as Arc does, end the process before.
            std::process::abort();
        }
    }

    /// One owner less; true if it was the last and the caller frees the goroutine.
    #[inline]
    #[must_use]
    pub(crate) fn release(&self) -> bool {
        // Release: what this owner did happens before the free. Acquire: whoever frees sees it.
        let word = self.0.fetch_sub(REF, Ordering::AcqRel);
        debug_assert!(word / REF > 0, "a reference is given up once");
        word / REF == 1
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.0.load(Ordering::Relaxed);
        let phase = ["waiting", "runnable", "running", "dead"][word & PHASE];
        f.debug_struct("State")
            .field("phase", &phase)
            .field("notified", &(word & NOTIFIED != 0))
            .field("aborted", &(word & ABORTED != 0))
            .field("refs", &(word / REF))
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_wake_up_during_the_poll_makes_it_runnable_again() {
        let state = State::new(false);
        assert_eq!(state.start(), Start::Poll);
        assert_eq!(state.wake(), Wake::Nothing);
        assert_eq!(state.park(), Park::Again);
        assert_eq!(state.start(), Start::Poll);
        assert_eq!(state.park(), Park::Waiting);
    }

    #[test]
    fn of_many_wake_ups_one_schedules() {
        let state = State::new(false);
        let _ = state.start();
        let _ = state.park();
        assert_eq!(state.wake(), Wake::Schedule);
        assert_eq!(state.wake(), Wake::Nothing);
        assert_eq!(state.abort(), Wake::Nothing);
        assert_eq!(state.start(), Start::Cancel);
    }

    #[test]
    fn an_abort_is_seen_wherever_the_goroutine_is() {
        let waiting = State::new(false);
        let _ = waiting.start();
        let _ = waiting.park();
        assert_eq!(waiting.abort(), Wake::Schedule);
        assert_eq!(waiting.start(), Start::Cancel);

        let running = State::new(false);
        let _ = running.start();
        assert_eq!(running.abort(), Wake::Nothing);
        assert_eq!(running.park(), Park::Cancel);

        let dead = State::new(false);
        let _ = dead.start();
        let _ = dead.finish();
        assert_eq!(dead.abort(), Wake::Nothing);
        assert!(dead.is_dead());
    }

    #[test]
    fn the_result_is_taken_once_by_handle_or_worker() {
        let joined = State::new(false);
        let _ = joined.start();
        assert_eq!(joined.finish(), Finish::Nothing);
        assert_eq!(joined.last_owner(), Some(true));
        assert!(joined.take_output());
        assert!(!joined.take_output());

        let detached = State::new(false);
        assert_eq!(
            detached.detach(),
            Detach {
                drop_output: false,
                drop_joiner: true
            }
        );
        let _ = detached.start();
        assert_eq!(detached.finish(), Finish::DropOutput);
        assert!(!detached.take_output());

        let alone = State::new(false);
        assert!(alone.detach_unasked());
        let _ = alone.start();
        alone.retain();
        assert_eq!(alone.finish(), Finish::DropOutput, "a waker is left");
        let alone = State::new(false);
        assert!(alone.detach_unasked());
        let _ = alone.start();
        assert_eq!(alone.finish(), Finish::Free);

        let late = State::new(false);
        let _ = late.start();
        let _ = late.finish();
        assert!(!late.detach_unasked(), "there is a result");
        assert_eq!(
            late.detach(),
            Detach {
                drop_output: true,
                drop_joiner: true
            }
        );
    }

    #[test]
    fn a_joiner_is_woken_by_the_worker_that_owns_its_waker() {
        let state = State::new(false);
        let _ = state.start();
        assert!(state.give_joiner());
        assert!(state.has_joiner());
        assert!(!state.detach_unasked(), "there is a waker");
        assert_eq!(state.finish(), Finish::WakeJoiner);
        assert!(!state.take_joiner(), "the worker is waking it");
        assert!(
            !state.detach().drop_joiner,
            "the worker still owns the waker"
        );
    }

    #[test]
    fn the_last_reference_frees() {
        let state = State::new(true);
        assert!(state.is_main());
        state.retain();
        let _ = state.start();
        let _ = state.finish();
        // One of three was given up by the end; a waker's goes here, and the handle's is the last.
        assert_eq!(state.last_owner(), None);
        assert_eq!(state.wake_and_release(), Wake::Nothing);
        assert_eq!(state.last_owner(), Some(true));
        assert!(state.release());
    }

    #[test]
    fn waking_by_value_can_free_a_dead_goroutine() {
        let state = State::new(false);
        state.retain();
        let _ = state.start();
        let _ = state.finish();
        assert!(!state.release());
        assert_eq!(state.wake_and_release(), Wake::Free);
    }
}

#[cfg(all(test, loom))]
#[path = "../tests/loom_task_state.rs"]
mod loom_task_state;
