//! A moment in eight bytes, for what very many wait with: an `Option<Instant>` takes sixteen.
//!
//! Nanoseconds from a base of the process's. What must hold: the moment that comes out is the one that went in, to the
//! nanosecond, if it lies within 292 years of the base; what lies beyond that is never, or was 292 years ago.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use crate::clock;

static BASE: LazyLock<Instant> = LazyLock::new(clock::now);

/// A moment, or never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(i64);

impl Moment {
    /// Later than all others.
    pub(super) const NEVER: Self = Self(i64::MAX);

    pub(super) fn at(instant: Instant) -> Self {
        let nanos = |length: Duration| i64::try_from(length.as_nanos()).unwrap_or(i64::MAX);
        match instant.checked_duration_since(*BASE) {
            Some(after) => Self(nanos(after)),
            None => Self(-nanos(BASE.saturating_duration_since(instant))),
        }
    }

    /// The instant; none if it is never.
    pub(super) fn instant(self) -> Option<Instant> {
        let from_base = Duration::from_nanos(self.0.unsigned_abs());
        match self {
            Self::NEVER => None,
            Self(0..) => BASE.checked_add(from_base),
            // It was an instant before, or is 292 years ago, to which no system's clock reaches back.
            Self(_) => BASE.checked_sub(from_base),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_the_instant_that_it_was_made_of() {
        // The base may be older than this test.
        const HOUR: u64 = 3_600_000_000_000;
        let now = clock::now();
        let lengths = [
            0,
            1,
            999_999_999,
            1_000_000_000,
            1 << 50,
            i64::MAX as u64 - HOUR,
        ];
        for length in lengths.map(Duration::from_nanos) {
            let later = now + length;
            assert_eq!(Moment::at(later).instant(), Some(later), "{length:?}");
            // The system's clock may not reach back so far.
            if let Some(earlier) = now.checked_sub(length) {
                assert_eq!(Moment::at(earlier).instant(), Some(earlier), "{length:?}");
                assert!(Moment::at(earlier) <= Moment::at(later));
            }
        }
    }

    #[test]
    fn what_is_too_far_off_is_never() {
        let far = clock::now() + Duration::from_secs(300 * 366 * 24 * 60 * 60);
        assert_eq!(Moment::at(far), Moment::NEVER);
        assert_eq!(Moment::NEVER.instant(), None);
        assert!(Moment::NEVER > Moment::at(clock::now()));
    }
}
