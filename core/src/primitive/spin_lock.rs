//! The lock under every [`Mutex`](super::Mutex): taken by one read-modify-write, opened by a plain store.
//!
//! Why not std's: its unlock has to be a read-modify-write too, since it has to learn whether somebody sleeps,
//! and on a channel's short way the two are a third of the time. Here nobody has to be told, because who waits
//! comes back by itself. What must hold:
//!
//! * a lock that many want is held for tens of instructions, so that whoever waits mostly gets it while he still
//!   spins. Few are held for longer (by a dump, while a batch of events is handed out, while a heap or the global queue
//!   grows), and who meets those sleeps;
//! * nobody waits in any other way than [`wait_until`] or [`step_aside`] does, which let the holder run.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::panic::{RefUnwindSafe, UnwindSafe};

use super::atomic::{AtomicBool, Ordering};
use super::backoff::{step_aside, wait_until};
use super::cell::UnsafeCell;

/// A mutual exclusion lock that does not poison: no user code runs under any of our locks, so a panic under
/// one is a broken invariant of ours and no state of the user's.
///
/// The lock comes before what it guards, and so next to what is used first.
#[derive(Default)]
#[repr(C)]
pub(super) struct SpinLock<T> {
    taken: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached only by whoever has taken the lock, one thread at a time.
unsafe impl<T: Send> Sync for SpinLock<T> {}

// As std's locks are. What a panic could leave half done is our own, and is never left so.
impl<T> UnwindSafe for SpinLock<T> {}
impl<T> RefUnwindSafe for SpinLock<T> {}

impl<T> SpinLock<T> {
    super::const_fn! {
        pub(super) fn new(value: T) -> Self {
            Self {
                taken: AtomicBool::new(false),
                value: UnsafeCell::new(value),
            }
        }
    }

    #[inline]
    pub(super) fn lock(&self) -> Guard<'_, T> {
        if !self.take() {
            self.wait();
        }
        self.guard()
    }

    /// The same, for a lock that two threads may want all the time.
    #[inline]
    pub(super) fn lock_aside(&self) -> Guard<'_, T> {
        if !self.take() {
            self.wait_aside();
        }
        self.guard()
    }

    #[inline]
    pub(super) fn try_lock(&self) -> Option<Guard<'_, T>> {
        self.take().then(|| self.guard())
    }

    pub(super) fn into_inner(self) -> T {
        self.value.into_inner()
    }

    /// Takes the lock; false if it was taken.
    #[inline]
    fn take(&self) -> bool {
        // Acquire: pairs with the store of the one who opened it.
        self.taken
            .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    /// What was taken.
    #[inline]
    fn guard(&self) -> Guard<'_, T> {
        Guard {
            lock: self,
            _thread: PhantomData,
        }
    }

    /// Returns with the lock taken.
    #[cold]
    fn wait(&self) {
        wait_until(|| self.look_and_take());
    }

    /// As `wait`.
    #[cold]
    fn wait_aside(&self) {
        step_aside(|| self.look_and_take());
    }

    /// A look first: to write a line that another thread works on is dear, and in vain.
    fn look_and_take(&self) -> bool {
        !self.taken.load(Ordering::Relaxed) && self.take()
    }
}

impl<T> fmt::Debug for SpinLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpinLock").finish_non_exhaustive()
    }
}

/// The right to the value; dropping it opens the lock.
pub(super) struct Guard<'a, T> {
    lock: &'a SpinLock<T>,
    /// It stays on its thread, as std's does, so that no future keeps a lock while it waits.
    _thread: PhantomData<*const ()>,
}

// SAFETY: by shared reference it gives shared references to the value only.
unsafe impl<T: Sync> Sync for Guard<'_, T> {}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the lock is this guard's.
        self.lock.value.with(|value| unsafe { &*value })
    }
}

impl<T> DerefMut for Guard<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is this guard's, which is borrowed exclusively.
        self.lock.value.with_mut(|value| unsafe { &mut *value })
    }
}

impl<T> Drop for Guard<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        // Release: the next one to take it sees what was done under it.
        self.lock.taken.store(false, Ordering::Release);
    }
}

#[cfg(all(test, loom))]
mod tests {
    use loom::sync::Arc;
    use loom::thread;

    use super::SpinLock;

    #[test]
    fn loom_one_at_a_time_has_a_lock_and_sees_what_the_last_one_did() {
        loom::model(|| {
            let lock = Arc::new(SpinLock::new(0));
            let other = thread::spawn({
                let lock = Arc::clone(&lock);
                move || *lock.lock() += 1
            });
            // loom's cell notices two who are in there at once.
            *lock.lock() += 1;
            if let Some(mut value) = lock.try_lock() {
                *value += 1;
                *value -= 1;
            }
            other.join().unwrap();
            let lock = Arc::try_unwrap(lock).ok().expect("the other one is gone");
            assert_eq!(lock.into_inner(), 2);
        });
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::thread;

    use super::SpinLock;

    #[test]
    fn one_at_a_time_has_a_lock() {
        const THREADS: usize = 8;
        const TURNS: usize = 20_000;
        let lock = SpinLock::new([0; 16]);
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    for turn in 0..TURNS {
                        // Whoever waits in one manner, and in the other.
                        let mut values = match turn % 2 {
                            0 => lock.lock(),
                            _ => lock.lock_aside(),
                        };
                        assert!(values.iter().all(|value| *value == values[0]));
                        for value in values.iter_mut() {
                            *value += 1;
                        }
                        if turn % 1_000 == 0 {
                            // As if the system had taken the processor from it.
                            thread::yield_now();
                        }
                    }
                });
            }
        });
        assert!(lock.try_lock().is_some());
        assert_eq!(lock.into_inner(), [THREADS * TURNS; 16]);
    }

    #[test]
    fn a_lock_that_is_taken_is_not_taken_again() {
        let lock = SpinLock::new(());
        let guard = lock.lock();
        assert!(lock.try_lock().is_none());
        drop(guard);
        assert!(lock.try_lock().is_some());
    }
}
