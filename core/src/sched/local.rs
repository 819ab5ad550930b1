//! Goroutines whose future need not be `Send`: born locked to a thread. (Go: a goroutine of which
//! `LockOSThread` is the first statement.)
//!
//! Such a goroutine is one like all others, whose future is a [`Local`]: until its first poll that has
//! only the user's closure, which is `Send` and may be moved, stolen and dropped anywhere. The first poll
//! locks the goroutine to the thread that it is on (see [`locked`]), and makes the user's future there.
//! The lock is the future's neighbour and is dropped after it, so the goroutine is locked for all of the
//! future's life, and all that holds for locked goroutines holds for it: who passes it on, what becomes of
//! the right to run, and who drops it at shutdown. When the lock is dropped the thread serves all again.
//!
//! **Why it is sound.** The user's future stands in a [`Bound`], which remembers the thread on which it was
//! made. Nothing but `Bound` touches it, and that asks first whether it is on this thread, in release builds
//! too: on another one it gives no access, and leaks instead of dropping. A thread's number is never used
//! again by the process. So no mistake of the scheduler's can bring the future to another thread. The future
//! has an allocation of its own, which is leaked with it: what others keep pointers to, as a channel does to
//! whoever waits in its queue, stays where it is, as `Pin` promises. The outputs are `Send` and go anywhere.
//!
//! **Why none is leaked.** All ways to the end of a goroutine lead through its worker: its last poll, an exit,
//! a panic, and an abort, which makes it runnable. A locked goroutine is run by its thread only. At shutdown
//! its thread drops it before that ends; see `Worker::end_locked`. What is left is a thread that never comes
//! back from a poll: then the process ends before the future does.

use std::future::Future;
use std::mem::{self, ManuallyDrop};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread::{self, ThreadId};

use super::locked::{self, Lock};

/// A value that only the thread on which it was made may use and drop.
struct Bound<T> {
    thread: ThreadId,
    value: ManuallyDrop<T>,
}

// SAFETY: to move it is to move bytes. The value is touched by `get` and `drop` alone, and they do so on the
// thread that made it only, whichever thread they are called on.
unsafe impl<T> Send for Bound<T> {}

impl<T> Bound<T> {
    fn new(value: T) -> Self {
        Self {
            thread: thread::current().id(),
            value: ManuallyDrop::new(value),
        }
    }

    fn is_here(&self) -> bool {
        thread::current().id() == self.thread
    }

    /// The value.
    ///
    /// # Panics
    ///
    /// On any thread but that on which it was made.
    fn get(&mut self) -> &mut T {
        assert!(
            self.is_here(),
            "a local goroutine is polled by its own thread"
        );
        &mut self.value
    }
}

impl<T> Drop for Bound<T> {
    fn drop(&mut self) {
        if self.is_here() {
            // SAFETY: it is dropped once, here, on its thread.
            unsafe { ManuallyDrop::drop(&mut self.value) };
        } else {
            debug_assert!(
                thread::panicking(),
                "a local goroutine is dropped by its own thread"
            );
        }
    }
}

/// The future of a goroutine that makes its own on the thread that polls it first.
pub(super) enum Local<M, F> {
    /// It was not polled yet.
    Unmade(M),
    Made(Made<F>),
    /// The closure has taken over, or has panicked.
    Over,
}

/// In this order: the goroutine is locked until its future is gone.
pub(super) struct Made<F> {
    future: Bound<Pin<Box<F>>>,
    _lock: Lock,
}

// The closure is moved out before it is called, and the future is pinned in its own box.
impl<M, F> Unpin for Local<M, F> {}

impl<M, F> Future for Local<M, F>
where
    M: FnOnce() -> F,
    F: Future,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        if let Self::Unmade(_) = this
            && let Self::Unmade(make) = mem::replace(this, Self::Over)
        {
            let lock = locked::lock().expect("this is polled as a goroutine");
            *this = Self::Made(Made {
                future: Bound::new(Box::pin(make())),
                _lock: lock,
            });
        }
        match this {
            Self::Made(made) => made.future.get().as_mut().poll(cx),
            _ => unreachable!("a goroutine that has panicked is not polled again"),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::cell::Cell;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::rc::Rc;

    use super::*;

    #[test]
    fn what_is_bound_is_out_of_reach_elsewhere() {
        let count = Rc::new(Cell::new(0));
        let mut bound = Bound::new(Rc::clone(&count));
        bound.get().set(1);
        let mut bound = thread::spawn(move || {
            let reached = catch_unwind(AssertUnwindSafe(|| drop(bound.get().clone())));
            assert!(reached.is_err());
            bound
        })
        .join()
        .unwrap();
        assert_eq!(Rc::strong_count(&count), 2);
        bound.get().set(2);
        drop(bound);
        assert_eq!((Rc::strong_count(&count), count.get()), (1, 2));
    }

    #[test]
    fn what_is_bound_is_leaked_elsewhere() {
        let count = Rc::new(());
        let bound = Bound::new(Rc::clone(&count));
        let dropped = thread::spawn(move || drop(bound)).join();
        // In debug builds it says so.
        assert_eq!(dropped.is_err(), cfg!(debug_assertions));
        assert_eq!(Rc::strong_count(&count), 2);
    }
}
