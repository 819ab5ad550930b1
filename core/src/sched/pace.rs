//! How long the polls of a worker take, from two looks at the clock for many of them.
//!
//! A worker asks before it calls another one: what stands in its queue may be done before that one comes. What
//! must hold: time in which the worker sleeps is not counted; as long as nothing is known, and in a model, in
//! which no time passes, polls are taken for long, so that somebody is called.

use std::time::{Duration, Instant};

use crate::clock;
use crate::primitive::MODELLED;

/// How long a poll of a worker's takes.
#[derive(Debug)]
pub(super) struct Pace {
    /// Since when it has been awake, or was last reckoned.
    since: Instant,
    /// How long it had been awake before, since then.
    awake: Duration,
    /// The mean of the last polls, in nanoseconds.
    pub(super) mean: u64,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self {
            since: clock::now(),
            awake: Duration::ZERO,
            // As long as nothing is known, all are called.
            mean: u64::from(u32::MAX),
        }
    }

    pub(super) fn falls_asleep(&mut self) {
        self.awake += clock::now().saturating_duration_since(self.since);
    }

    pub(super) fn wakes_up(&mut self) {
        self.since = clock::now();
    }

    /// So many polls were made since it was last reckoned.
    pub(super) fn reckon(&mut self, polls: u32) {
        self.falls_asleep();
        self.wakes_up();
        let mean = std::mem::take(&mut self.awake).as_nanos() / u128::from(polls);
        // In a model no time passes.
        if !MODELLED {
            self.mean = u64::try_from(mean).unwrap_or(u64::MAX);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_poll_takes_what_the_worker_was_awake_for() {
        let mut pace = Pace::new();
        pace.falls_asleep();
        pace.awake = Duration::from_micros(61 * 3);
        pace.wakes_up();
        pace.reckon(61);
        assert!(pace.mean >= 3_000);
        assert_eq!(pace.awake, Duration::ZERO);
        // While it sleeps nothing is added.
        pace.falls_asleep();
        let (awake, woken) = (pace.awake, clock::now());
        pace.wakes_up();
        assert_eq!(pace.awake, awake);
        assert!(pace.since >= woken);
    }
}
