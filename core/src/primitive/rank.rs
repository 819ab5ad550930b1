//! A mutex with a rank, and the one place where the order of locks is written down.
//!
//! A thread may take a lock only if its [`Rank`] is greater than those of all locks it holds; with
//! that no cycle of waiting threads can form. Debug builds check it at each `lock` and panic with
//! both names (Go's `lockrank.go` is the model); release builds keep neither the rank nor the
//! check. Models skip it: all threads of a model share one set of thread-locals.

use std::fmt;
use std::ops::{Deref, DerefMut};

use super::const_fn;
use super::lock::{Guard, Lock};

/// The order in which locks nest: what stands further up is taken first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
#[non_exhaustive]
pub enum Rank {
    /// The children of a context, and whether it has ended. Contexts never nest.
    Context,
    /// The state of a channel. Channels never nest: a select locks them one at a time.
    Channel,
    /// The state of a lock, wait group or other primitive of `chango::sync`.
    Sync,
    /// The list of those who wait on one `Timer` or `Ticker`.
    TimerWaiters,
    /// The deadline of one direction of a socket, with its timer.
    Deadline,
    /// One shard of the registry of live goroutines.
    Registry,
    /// The heap of timers of one P.
    Timers,
    /// The global run queue.
    GlobalQueue,
    /// The list of parked workers.
    Idle,
    /// The poller of the netpoller, held while blocked in it.
    Poller,
    /// The table of registered files.
    Files,
    /// Wakers and deadlines of one file.
    File,
    /// Anything that is held for one assignment and takes no other lock.
    Leaf,
}

/// A mutual exclusion lock that knows its place in the order of locks.
///
/// It does not poison: nothing of a user's runs under any lock of chango's.
pub struct Mutex<T> {
    #[cfg(debug_assertions)]
    rank: Rank,
    lock: Lock<T>,
}

impl<T> Mutex<T> {
    const_fn! {
        /// An open lock around `value`, at `rank` in the order of locks.
        #[cfg(debug_assertions)]
        pub fn new(rank: Rank, value: T) -> Self {
            Self {
                rank,
                lock: Lock::new(value),
            }
        }
    }

    const_fn! {
        /// An open lock around `value`, at `rank` in the order of locks.
        #[cfg(not(debug_assertions))]
        #[inline]
        pub fn new(_rank: Rank, value: T) -> Self {
            Self {
                lock: Lock::new(value),
            }
        }
    }

    /// Waits until the lock is free and takes it.
    ///
    /// # Panics
    ///
    /// In debug builds, if this thread holds a lock that must not be held here.
    #[inline]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        let held = self.enter();
        MutexGuard {
            guard: self.lock.lock(),
            _held: held,
        }
    }

    /// The same, of a lock that the goroutines of two workers may want all the time, with little else to do: who
    /// finds it taken twice sleeps for some tens of microseconds.
    ///
    /// # Panics
    ///
    /// As [`lock`](Self::lock).
    #[inline]
    pub fn lock_aside(&self) -> MutexGuard<'_, T> {
        let held = self.enter();
        MutexGuard {
            guard: self.lock.lock_aside(),
            _held: held,
        }
    }

    /// Takes the lock if it is free.
    #[inline]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        let guard = self.lock.try_lock()?;
        Some(MutexGuard {
            guard,
            _held: self.enter(),
        })
    }

    /// Takes the value out.
    pub fn into_inner(self) -> T {
        self.lock.into_inner()
    }

    #[cfg(debug_assertions)]
    fn enter(&self) -> Held {
        Held::new(self.rank)
    }

    #[cfg(not(debug_assertions))]
    #[inline(always)]
    fn enter(&self) -> Held {
        Held
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutex").finish_non_exhaustive()
    }
}

/// The right to the value of a [`Mutex`]; dropping it opens the lock.
pub struct MutexGuard<'a, T> {
    guard: Guard<'a, T>,
    _held: Held,
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

impl<T> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MutexGuard").finish_non_exhaustive()
    }
}

#[cfg(not(debug_assertions))]
struct Held;

/// Evidence that a rank stands in this thread's list of held locks; its drop takes it out.
#[cfg(debug_assertions)]
struct Held(Rank);

#[cfg(debug_assertions)]
mod held {
    use std::cell::RefCell;

    use super::{Held, Rank};
    use crate::primitive::MODELLED;

    thread_local! {
        static RANKS: RefCell<Vec<Rank>> = const { RefCell::new(Vec::new()) };
    }

    impl Held {
        pub(super) fn new(rank: Rank) -> Self {
            if !MODELLED {
                // A thread that is being torn down has no list any more; it is then not checked.
                let _ = RANKS.try_with(|ranks| {
                    let mut ranks = ranks.borrow_mut();
                    if let Some(top) = ranks.iter().max().copied().filter(|&top| top >= rank) {
                        drop(ranks);
                        panic!("lock order: {rank:?} must not be taken while {top:?} is held");
                    }
                    ranks.push(rank);
                });
            }
            Self(rank)
        }
    }

    impl Drop for Held {
        fn drop(&mut self) {
            if !MODELLED {
                let _ = RANKS.try_with(|ranks| {
                    let mut ranks = ranks.borrow_mut();
                    if let Some(at) = ranks.iter().rposition(|&rank| rank == self.0) {
                        ranks.remove(at);
                    }
                });
            }
        }
    }
}

#[cfg(all(test, debug_assertions, not(loom)))]
mod tests {
    use super::{Mutex, Rank};

    #[test]
    fn locks_nest_in_the_order_of_their_ranks() {
        let channel = Mutex::new(Rank::Channel, 1);
        let global = Mutex::new(Rank::GlobalQueue, 2);
        let outer = channel.lock();
        let inner = global.lock();
        assert_eq!((*outer, *inner), (1, 2));
    }

    #[test]
    #[should_panic(expected = "Channel must not be taken while GlobalQueue is held")]
    fn a_wrong_order_panics_with_both_names() {
        let channel = Mutex::new(Rank::Channel, ());
        let global = Mutex::new(Rank::GlobalQueue, ());
        let _outer = global.lock();
        let _inner = channel.lock();
    }

    #[test]
    #[should_panic(expected = "lock order")]
    fn two_locks_of_one_rank_never_nest() {
        let one = Mutex::new(Rank::Channel, ());
        let other = Mutex::new(Rank::Channel, ());
        let _outer = one.lock();
        let _inner = other.lock();
    }

    #[test]
    fn a_rank_is_free_again_once_its_guard_is_gone() {
        let global = Mutex::new(Rank::GlobalQueue, ());
        let channel = Mutex::new(Rank::Channel, ());
        drop(global.lock());
        drop(channel.lock());
        assert!(global.try_lock().is_some());
    }
}
