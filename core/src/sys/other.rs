//! Systems without cgroups, which nobody has taught us to ask for their threads.

use std::num::NonZero;
use std::thread;
use std::time::Duration;

use mio::{Interest, Registry, Token};

/// How many processors this process may use.
pub(crate) fn processors() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// How many threads this process has: not known.
pub(crate) fn threads() -> Option<usize> {
    None
}

/// Has this thread woken when its sleeps end, if it can be had.
pub(crate) fn sleep_to_the_point() {}

/// Whether a read of a TCP stream that gives less than was asked for has taken all there was: not known.
pub(crate) const SHORT_READ_DRAINS: bool = false;

/// Which events a file is registered for.
pub(crate) fn interest() -> Interest {
    Interest::READABLE | Interest::WRITABLE
}

/// A thread, for others to ask after.
#[derive(Debug)]
pub(crate) struct Thread;

impl Thread {
    /// The calling one.
    pub(crate) fn current() -> Self {
        Self
    }

    /// Whether it sleeps in a call that blocks: not known.
    pub(crate) fn sleeps(&self) -> bool {
        false
    }
}

/// Ends a poll at a moment, where the poll's own timeout is not as exact: not known.
#[derive(Debug)]
pub(crate) struct Alarm;

impl Alarm {
    /// None.
    pub(crate) fn new(_registry: &Registry, _token: Token) -> Option<Self> {
        None
    }

    /// Never called.
    pub(crate) fn set(&self, _after: Duration) {}
}
