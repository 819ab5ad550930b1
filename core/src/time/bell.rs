//! A deadline at which a waker is woken, whoever waits: that of a context.
//!
//! It is one timer, which costs no goroutine. What must hold: once it was stopped it is in no heap, and never
//! will be again, also if whoever sets it comes later.

use std::fmt;
use std::pin::Pin;
use std::task::Waker;
use std::time::Instant;

use super::{announce, shard};
use crate::primitive::{Mutex, Rank};
use crate::timer::{Armed, Entry};
use crate::util::foreign_waker::ForeignWaker;

/// Wakes once, at a deadline or, if it comes first, at the end of the runtime.
///
/// # Examples
///
/// ```
/// use std::task::Waker;
/// use std::time::Duration;
///
/// use chango_core::{runtime, time};
///
/// let runtime = runtime::Builder::new().workers(1).build()?;
/// runtime.block_on(async {
///     let bell = time::Bell::new();
///     assert!(bell.set(time::now() + Duration::from_secs(60), Waker::noop().clone()));
///     bell.stop();
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Bell {
    state: Mutex<State>,
}

struct State {
    timer: Pin<Box<Entry>>,
    stopped: bool,
}

impl Bell {
    /// One that is not set.
    ///
    /// # Examples
    ///
    /// ```
    /// drop(chango_core::time::Bell::new());
    /// ```
    pub fn new() -> Self {
        let state = State {
            timer: Box::pin(Entry::new()),
            stopped: false,
        };
        Self {
            state: Mutex::new(Rank::Deadline, state),
        }
    }

    /// Has `waker` woken at `deadline`, unless it was stopped; false if the runtime has shut down, and
    /// nobody will be.
    ///
    /// The waker is woken by the runtime's worker that finds the timer, when no lock is held.
    ///
    /// # Panics
    ///
    /// Outside every runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::task::Waker;
    ///
    /// use chango_core::{runtime, time};
    ///
    /// let runtime = runtime::Builder::new().workers(1).build()?;
    /// let bell = time::Bell::new();
    /// runtime.block_on(async {
    ///     assert!(bell.set(time::now(), Waker::noop().clone()));
    /// });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set(&self, deadline: Instant, waker: Waker) -> bool {
        let (shard, waker) = (shard(), ForeignWaker::from(waker));
        let mut state = self.state.lock();
        if state.stopped {
            drop(state);
            drop(waker);
            return true;
        }
        let (armed, old) = state.timer.as_mut().arm(&shard, Some(deadline), waker);
        drop(state);
        drop(old);
        announce(armed, Some(deadline));
        armed != Armed::Refused
    }

    /// Forgets the deadline, for good.
    ///
    /// # Examples
    ///
    /// ```
    /// chango_core::time::Bell::new().stop();
    /// ```
    pub fn stop(&self) {
        let mut state = self.state.lock();
        state.stopped = true;
        let waker = state.timer.as_mut().disarm();
        drop(state);
        drop(waker);
    }
}

impl Default for Bell {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Bell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let armed = self.state.lock().timer.is_armed();
        f.debug_struct("Bell")
            .field("armed", &armed)
            .finish_non_exhaustive()
    }
}
