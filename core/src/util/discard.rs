//! Wakers that are not needed any more.
//!
//! The destructor of a waker is a user's, and may panic. What must hold: that costs nobody a value,
//! and does not end the process because the future around it unwinds already.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Drops a waker, or what has one in it, that has not to be woken any more. No lock may be held.
///
/// A panic of its destructor ends here, after the hook has seen it: whoever lets the waker go is done
/// with it, and has something of more worth in its hands.
pub fn discard<W>(unneeded: W) {
    // Nothing of ours is half done.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(unneeded)));
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::discard;

    #[test]
    fn a_destructor_that_panics_is_nobodys_concern() {
        struct Bad;
        impl Drop for Bad {
            fn drop(&mut self) {
                std::panic::resume_unwind(Box::new("a bad destructor"));
            }
        }
        discard(Bad);
        discard(Some(Bad));
    }
}
