//! Which signals.

use std::ffi::c_int;
use std::fmt;

/// A set of signals, which have numbers from 1 to 64.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Numbers(pub(super) u64);

impl Numbers {
    pub(crate) const NONE: Self = Self(0);

    /// One; none if no signal can have this number.
    pub(crate) fn of(number: c_int) -> Option<Self> {
        let bit = u32::try_from(number).ok()?.checked_sub(1)?;
        1_u64.checked_shl(bit).map(Self)
    }

    pub(crate) fn has(self, number: c_int) -> bool {
        Self::of(number).is_some_and(|one| self.0 & one.0 != 0)
    }

    pub(crate) fn with(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    pub(crate) fn with_number(self, number: c_int) -> Self {
        self.with(Self::of(number).unwrap_or(Self::NONE))
    }

    /// In ascending order.
    pub(crate) fn iter(self) -> impl Iterator<Item = c_int> {
        (1..=64).filter(move |&number| self.has(number))
    }
}

impl fmt::Debug for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
