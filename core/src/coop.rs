//! The running goroutine's slice: how many ready operations it has left, and what it asked for.
//!
//! Every channel, timer and socket operation that finds itself ready asks here first (ARCHITECTURE:
//! preemption points). It costs one thread-local and no atomic read-modify-write. What must hold:
//!
//! * outside a goroutine everything is let through;
//! * an operation that is not let through has taken nothing and sent nothing;
//! * a goroutine whose slice is used up is woken before its operation returns pending, so that it comes to
//!   stand behind all that wait, and neither stalls nor comes back at once.
//!
//! `sysmon` ends the slice of a goroutine that has run for long by taking what is left of it away (Go:
//! the preempt flag). The running thread changes its budget by a load and a store, so now and then it
//! overwrites that; `sysmon` comes again.

use std::cell::Cell;
use std::ptr::NonNull;
// Not through `primitive`: loom does not know that what a compare-and-swap writes comes right behind what it
// has read, and shows an owner that reads a slice taken away before it wrote another one.
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use crate::primitive::constant_locals;

/// Ready operations in one slice.
pub const SLICE: u32 = 128;

/// The budget of code that runs outside every goroutine.
const UNLIMITED: u32 = u32::MAX;

/// What the running goroutine asked the worker for during its poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// Nothing: pending means that it waits, unless it was woken meanwhile.
    None,
    /// To end here: `task::exit`, or a send that nobody will ever receive.
    Exit,
}

constant_locals! {
    /// Written by its own thread, and by `sysmon` through a [`Budget`]. All accesses are relaxed: it
    /// is a number by itself.
    static BUDGET: AtomicU32 = AtomicU32::new(UNLIMITED);
    static REQUEST: Cell<Request> = Cell::new(Request::None);
}

/// Takes one ready operation from the slice; false if it is used up.
///
/// After `false` an operation goes through [`poll_proceed`], which does what has to be done then.
#[inline]
pub fn take() -> bool {
    BUDGET.with(|budget| match budget.load(Ordering::Relaxed) {
        UNLIMITED => true,
        0 => false,
        left => {
            budget.store(left - 1, Ordering::Relaxed);
            true
        }
    })
}

/// Lets an operation through, or has its goroutine go behind all others that wait.
///
/// An operation asks once for each time it completes, before it changes anything.
#[inline]
pub fn poll_proceed(cx: &mut Context<'_>) -> Poll<()> {
    if take() {
        return Poll::Ready(());
    }
    // A combinator between the goroutine and the operation polls only what was woken.
    cx.waker().wake_by_ref();
    Poll::Pending
}

/// Asks for the end of the running goroutine. The caller returns pending for ever.
pub(crate) fn request_exit() {
    REQUEST.with(|request| request.set(Request::Exit));
}

/// Begins a poll with `budget` ready operations left in the slice.
#[inline]
pub(crate) fn begin(budget: u32) {
    BUDGET.with(|cell| cell.store(budget, Ordering::Relaxed));
    REQUEST.with(|request| request.set(Request::None));
}

/// Ends a poll: what is left of the slice, and what the goroutine asked for.
#[inline]
pub(crate) fn end() -> (u32, Request) {
    (
        BUDGET.with(|cell| {
            let left = cell.load(Ordering::Relaxed);
            cell.store(UNLIMITED, Ordering::Relaxed);
            left
        }),
        REQUEST.with(|request| request.replace(Request::None)),
    )
}

/// The budget of a worker's thread, for `sysmon`.
#[derive(Debug)]
pub(crate) struct Budget(NonNull<AtomicU32>);

// SAFETY: it leads to an atomic, which any thread may use; whoever has it keeps it no longer than the
// thread lives, by the contract of `budget`.
unsafe impl Send for Budget {}

/// The budget of this thread.
///
/// # Safety
///
/// It is not used any more when this thread ends.
pub(crate) unsafe fn budget() -> Budget {
    BUDGET.with(|budget| Budget(NonNull::from(budget)))
}

impl Budget {
    /// Ends the slice of the goroutine that runs there, if one does; whether there was something left.
    pub(crate) fn take_away(&self) -> bool {
        // SAFETY: the thread lives, by the contract of `budget`, and its budget has no destructor.
        let budget = unsafe { self.0.as_ref() };
        let left = budget.load(Ordering::Relaxed);
        if left == UNLIMITED || left == 0 {
            return false;
        }
        // If it has changed meanwhile, it may be that no goroutine runs any more.
        let taken = budget.compare_exchange(left, 0, Ordering::Relaxed, Ordering::Relaxed);
        taken.is_ok()
    }
}

/// Lets everything through until the guard is dropped: for what a goroutine does while it blocks its
/// thread, when it stands in nobody's way.
pub(crate) fn suspend() -> Suspended {
    let (budget, request) = end();
    Suspended { budget, request }
}

/// What was left of the slice.
#[must_use = "the slice goes on when this is dropped"]
pub(crate) struct Suspended {
    budget: u32,
    request: Request,
}

impl Drop for Suspended {
    fn drop(&mut self) {
        BUDGET.with(|cell| cell.store(self.budget, Ordering::Relaxed));
        REQUEST.with(|cell| cell.set(self.request));
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;
    use std::task::{Wake, Waker};

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicBool);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    #[test]
    fn outside_a_goroutine_everything_is_let_through() {
        assert!((0..10_000).all(|_| take()));
    }

    #[test]
    fn who_has_used_its_slice_up_is_woken_and_returns_pending() {
        begin(3);
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut cx = Context::from_waker(&waker);
        for _ in 0..3 {
            assert!(poll_proceed(&mut cx).is_ready());
        }
        assert!(!woken.0.load(Ordering::Relaxed));
        assert!(poll_proceed(&mut cx).is_pending());
        assert!(woken.0.load(Ordering::Relaxed));
        assert!(!take());
        assert_eq!(end(), (0, Request::None));
        assert!(take());
    }

    #[test]
    fn a_slice_that_is_taken_away_is_used_up_and_outside_there_is_none_to_take() {
        // SAFETY: it is gone before this thread is.
        let budget = unsafe { budget() };
        assert!(!budget.take_away());
        assert!((0..10_000).all(|_| take()));
        begin(SLICE);
        assert!(take());
        assert!(budget.take_away());
        assert!(!take());
        assert!(!budget.take_away(), "it was taken before");
        assert_eq!(end().0, 0);
    }

    #[test]
    fn a_slice_that_is_suspended_goes_on_where_it_was() {
        begin(1);
        let suspended = suspend();
        assert!((0..10_000).all(|_| take()));
        drop(suspended);
        assert!(take());
        assert!(!take());
        end();
    }

    #[test]
    fn the_wish_to_exit_is_not_forgotten_over_a_yield() {
        begin(0);
        request_exit();
        let mut cx = Context::from_waker(Waker::noop());
        assert!(poll_proceed(&mut cx).is_pending());
        assert_eq!(end().1, Request::Exit);
    }
}
