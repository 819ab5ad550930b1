//! The only source of time: what a simulated run replaces to own the clock.

use std::time::Instant;

use crate::primitive::time;

/// The present moment of the monotonic clock.
#[inline]
pub fn now() -> Instant {
    time::now()
}
