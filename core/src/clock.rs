//! The only source of time: what a simulated run replaces to own the clock.

use std::time::Instant;

/// The present moment of the monotonic clock.
#[inline]
pub fn now() -> Instant {
    Instant::now()
}
