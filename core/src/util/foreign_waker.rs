//! A waker that somebody else made, as everything here that waits keeps it.
//!
//! A waker is anybody's code: whatever is done to it may panic. What must hold: **a wake-up or a drop
//! that panics stays with the waker**. The panic hook reports it, and whoever woke or dropped goes on
//! as if nothing had happened, since the operation is not the waker's: the value is sent or received,
//! the channel closed, the result stored, and an unwinding would take down what was just won, or keep
//! others asleep. So every waker that is kept is one of these from the moment it was cloned.
//!
//! What unwinds is only what a poll does to the waker of its own context: a clone, or the wake-up of
//! one that yields. It unwinds to whoever polls with that waker. Do it before anything is taken and
//! before a lock: then nothing can be lost.

use std::any::Any;
use std::fmt;
use std::mem::{self, ManuallyDrop};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

use crate::primitive::MODELLED;

/// A waker of whose panics nobody else hears.
///
/// # Examples
///
/// ```
/// use std::task::Waker;
///
/// use chango_core::util::foreign_waker::ForeignWaker;
///
/// let waker = ForeignWaker::of(Waker::noop());
/// assert!(waker.will_wake(Waker::noop()));
/// waker.wake();
/// ```
pub struct ForeignWaker(ManuallyDrop<Waker>);

impl ForeignWaker {
    /// A clone of `waker`. No lock may be held.
    ///
    /// # Panics
    ///
    /// If cloning does.
    #[inline]
    pub fn of(waker: &Waker) -> Self {
        Self::from(waker.clone())
    }

    /// Wakes. No lock may be held.
    #[inline]
    pub fn wake(self) {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: neither is used again: `this` is not dropped.
        let waker = unsafe { ManuallyDrop::take(&mut this.0) };
        contain(|| waker.wake());
    }

    /// Wakes, and keeps the waker. No lock may be held.
    pub(crate) fn wake_by_ref(&self) {
        contain(|| self.0.wake_by_ref());
    }

    /// Whether it wakes the same as `other`. Runs nobody else's code.
    #[inline]
    pub fn will_wake(&self, other: &Waker) -> bool {
        self.0.will_wake(other)
    }

    /// What it points to, which is anything.
    #[inline]
    pub(crate) fn data(&self) -> *const () {
        self.0.data()
    }

    /// The same of two that are kept.
    #[inline]
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.0.will_wake(&other.0)
    }
}

impl From<Waker> for ForeignWaker {
    #[inline]
    fn from(waker: Waker) -> Self {
        Self(ManuallyDrop::new(waker))
    }
}

impl Drop for ForeignWaker {
    fn drop(&mut self) {
        // SAFETY: dropped once, here.
        contain(|| unsafe { ManuallyDrop::drop(&mut self.0) });
    }
}

impl fmt::Debug for ForeignWaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the waker's own, which says no more than two addresses.
        f.debug_struct("ForeignWaker").finish_non_exhaustive()
    }
}

/// Runs what may panic, and ends the panic here.
#[inline]
fn contain(f: impl FnOnce()) {
    if MODELLED {
        // A model fails by a panic, and ends its threads by one.
        f();
    } else if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        bury(payload);
    }
}

/// The panic hook has reported it; but what was thrown has a destructor as well.
#[cold]
fn bury(payload: Box<dyn Any + Send>) {
    if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        mem::forget(another);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::panic::panic_any;
    use std::sync::Arc;
    use std::task::{Wake, Waker};

    use super::ForeignWaker;

    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("a bad destructor");
        }
    }

    /// Panics when it is woken and when it goes, with something that panics when it goes.
    struct Bad;

    impl Wake for Bad {
        fn wake(self: Arc<Self>) {
            // A second panic on the way out would end the process, which is the waker's own fault.
            std::mem::forget(self);
            panic_any(Bomb);
        }
    }

    impl Drop for Bad {
        fn drop(&mut self) {
            panic_any(Bomb);
        }
    }

    #[test]
    fn whatever_a_waker_throws_stays_with_it() {
        let bad = Arc::new(Bad);
        ForeignWaker::from(Waker::from(Arc::clone(&bad))).wake();
        // `wake` left its count, so this does not go.
        drop(bad);
        drop(ForeignWaker::from(Waker::from(Arc::new(Bad))));
    }
}
