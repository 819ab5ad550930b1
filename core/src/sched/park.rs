//! Where one worker sleeps: on its own, or in the netpoller.
//!
//! What must hold: an `unpark` before, during or after the way to sleep lets the next `park`
//! return, once; a wake-up reaches the worker wherever it said that it sleeps.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::primitive::atomic::{AtomicU32, Ordering};
use crate::primitive::thread::{self, Thread};

/// Awake, and nobody has called.
const AWAKE: u32 = 0;
/// Somebody has called; the next sleep ends at once.
const NOTIFIED: u32 = 1;
/// Asleep by `thread::park`.
const PARKED: u32 = 2;
/// Asleep in the netpoller.
const POLLING: u32 = 3;

/// One worker's place to sleep.
pub(crate) struct Parker {
    state: AtomicU32,
    /// The worker's thread, set before it first sleeps. A worker whose thread has retired gets
    /// another one.
    thread: Mutex<Option<Thread>>,
}

/// What wakes a worker that was called.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unpark {
    /// Nothing more has to be done.
    Done,
    /// It sleeps in the netpoller, which the caller interrupts.
    Interrupt,
}

impl Parker {
    pub(crate) fn new() -> Self {
        Self {
            state: AtomicU32::new(AWAKE),
            thread: Mutex::new(None),
        }
    }

    /// Makes the calling thread the one that sleeps here.
    pub(crate) fn bind(&self) {
        *self.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread::current());
    }

    /// Sleeps until called.
    pub(crate) fn park(&self) {
        if !self.fall_asleep(PARKED) {
            return;
        }
        // Acquire: pairs with the release of `unpark`.
        while self.state.load(Ordering::Acquire) == PARKED {
            thread::park();
        }
        self.state.store(AWAKE, Ordering::Relaxed);
    }

    /// Sleeps until called, at most for `limit`; false if nobody has called.
    pub(crate) fn park_timeout(&self, limit: Duration) -> bool {
        if !self.fall_asleep(PARKED) {
            return true;
        }
        // A wake-up without a reason ends it too: whoever sleeps here looks for its reason.
        thread::park_timeout(limit);
        // Acquire: pairs with the release of `unpark`.
        self.state.swap(AWAKE, Ordering::Acquire) == NOTIFIED
    }

    /// Announces a sleep in the netpoller; false if somebody has called already.
    #[must_use]
    pub(crate) fn begin_poll(&self) -> bool {
        self.fall_asleep(POLLING)
    }

    /// Ends a sleep in the netpoller; whether somebody has called meanwhile.
    pub(crate) fn end_poll(&self) -> bool {
        // Acquire: pairs with the release of `unpark`.
        self.state.swap(AWAKE, Ordering::Acquire) == NOTIFIED
    }

    fn fall_asleep(&self, how: u32) -> bool {
        // Acquire on failure: pairs with the release of `unpark`.
        let asleep = self
            .state
            .compare_exchange(AWAKE, how, Ordering::Relaxed, Ordering::Acquire);
        if asleep.is_err() {
            self.state.store(AWAKE, Ordering::Relaxed);
        }
        asleep.is_ok()
    }

    /// Whether it sleeps, or is about to, and nobody has called.
    pub(crate) fn is_asleep(&self) -> bool {
        matches!(self.state.load(Ordering::SeqCst), PARKED | POLLING)
    }

    fn thread(&self) -> Option<Thread> {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        thread.clone()
    }

    /// Calls the worker.
    pub(crate) fn unpark(&self) -> Unpark {
        // Release: what the caller did is seen by the worker when it wakes.
        match self.state.swap(NOTIFIED, Ordering::AcqRel) {
            POLLING => return Unpark::Interrupt,
            PARKED => {
                if let Some(thread) = self.thread() {
                    thread.unpark();
                }
            }
            _ => {}
        }
        Unpark::Done
    }
}

impl fmt::Debug for Parker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.load(Ordering::Relaxed);
        f.debug_struct("Parker")
            .field("state", &state)
            .finish_non_exhaustive()
    }
}
