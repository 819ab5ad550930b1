//! Mutual exclusion. (Go: `sync.Mutex`.)
//!
//! What must hold: the value is touched only through a guard, and there is a guard only for who took the
//! one permit of the semaphore.

use std::cell::UnsafeCell;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use chango_core::note::{Position, Reason};

use super::line::Ask;
use super::sema::{Acquire, Home, Sema, Taking};
use crate::blocking::block_on;
use crate::primitive::const_fn;

/// A value that one at a time may use. (Go: `sync.Mutex`, with what it protects inside.)
///
/// The guard may be held over an `.await`, and be sent to another thread. It works in goroutines, on
/// other executors, and from plain threads by [`lock_blocking`](Mutex::lock_blocking). Where the value is
/// used without an `.await` in between, and for a moment only, `std::sync::Mutex` does as well.
///
/// # Who is next
///
/// As in Go: an open mutex is anybody's. When it is unlocked, whoever has waited longest is woken, and
/// competes with those who come by; if it loses it stays first in the queue. Who has waited for
/// more than a millisecond and then lost is handed the mutex when it is unlocked next. So a mutex that is
/// locked for moments is passed on without a switch of goroutines each time, and nobody waits for ever.
///
/// # Cancellation
///
/// A `lock` that is dropped while it waits leaves the queue. If it had been woken, the next one is woken in
/// its place; if it had been handed the mutex, that is unlocked. A waiting `lock` that is neither polled
/// nor dropped keeps nobody from an open mutex who asks for it, but those behind it in the queue are not
/// woken before.
///
/// # No poisoning
///
/// There is none, as in Go: a goroutine that panics while it holds the guard unlocks the mutex, and the next
/// one finds the value as it was left.
///
/// # Size
///
/// 64 bytes beside the value, on 64-bit machines; it never allocates. To lock and unlock it, when nobody
/// waits, is one compare-and-swap and one addition.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use chango_chan::sync::{Mutex, WaitGroup};
///
/// chango_core::runtime::Runtime::new()?.run(async {
///     let (sum, group) = (Arc::new(Mutex::new(0)), WaitGroup::new());
///     for i in 1..=10 {
///         let sum = Arc::clone(&sum);
///         group.go(async move { *sum.lock().await += i });
///     }
///     group.wait().await;
///     assert_eq!(*sum.lock().await, 55);
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Mutex<T: ?Sized> {
    sema: Sema,
    value: UnsafeCell<T>,
}

// SAFETY: whoever has a guard uses the value alone, on any thread; it is never shared by the mutex.
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}
// SAFETY: as for `Send`.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}

impl<T> Mutex<T> {
    const_fn! {
        /// An open mutex around `value`. It may be a `static`.
        ///
        /// # Examples
        ///
        /// ```
        /// use chango_chan::sync::Mutex;
        ///
        /// static NAMES: Mutex<Vec<String>> = Mutex::new(Vec::new());
        ///
        /// chango_core::runtime::Runtime::new()?.run(async {
        ///     NAMES.lock().await.push("gopher".to_owned());
        /// });
        /// assert_eq!(*NAMES.lock_blocking(), ["gopher"]);
        /// # Ok::<(), std::io::Error>(())
        /// ```
        pub fn new(value: T) -> Self {
            Self {
                sema: Sema::new(1),
                value: UnsafeCell::new(value),
            }
        }
    }

    /// Takes the value out.
    ///
    /// # Examples
    ///
    /// ```
    /// let mutex = chango_chan::sync::Mutex::new(1);
    /// *mutex.lock_blocking() = 2;
    /// assert_eq!(mutex.into_inner(), 2);
    /// ```
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Waits until the mutex is open, and locks it until the guard is dropped.
    ///
    /// The future may be dropped at any time; see [the type](Mutex#cancellation). A goroutine that locks it
    /// a second time waits for itself.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::future;
    ///
    /// let mutex = chango_chan::sync::Mutex::new(vec![]);
    /// future::block_on(async {
    ///     let mut guard = mutex.lock().await;
    ///     guard.push(future::ready(1).await);
    ///     assert_eq!(*guard, [1]);
    /// });
    /// ```
    #[inline]
    #[track_caller]
    pub fn lock(&self) -> impl Future<Output = MutexGuard<'_, T>> {
        Acquire::new(self)
    }

    /// The same for an operation that began elsewhere.
    pub(super) fn lock_from(&self, at: Position) -> impl Future<Output = MutexGuard<'_, T>> {
        Acquire::begun_at(self, at)
    }

    /// The same with a guard that keeps the mutex alive.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use chango_chan::sync::Mutex;
    ///
    /// chango_core::runtime::Runtime::new()?.run(async {
    ///     let mutex = Arc::new(Mutex::new(1));
    ///     let guard = Arc::clone(&mutex).lock_owned().await;
    ///     let unlocks = chango_core::spawn::spawn(async move { drop(guard) });
    ///     *mutex.lock().await += 1;
    ///     unlocks.await.unwrap();
    /// });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[inline]
    #[track_caller]
    pub fn lock_owned(self: Arc<Self>) -> impl Future<Output = OwnedMutexGuard<T>> {
        Acquire::new(self)
    }

    /// Locks the mutex if it is open, and nobody starves for it.
    ///
    /// # Examples
    ///
    /// ```
    /// let mutex = chango_chan::sync::Mutex::new(1);
    /// let guard = mutex.try_lock().unwrap();
    /// assert!(mutex.try_lock().is_none());
    /// drop(guard);
    /// assert!(mutex.try_lock().is_some());
    /// ```
    #[inline]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        let taken = self.sema.try_take(Ask::ONE, || true) == Taking::Taken;
        taken.then(|| Home::guard(&self))
    }

    /// The same with a guard that keeps the mutex alive.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// let mutex = Arc::new(chango_chan::sync::Mutex::new(1));
    /// let guard = Arc::clone(&mutex).try_lock_owned().unwrap();
    /// assert!(mutex.try_lock().is_none());
    /// # drop(guard);
    /// ```
    pub fn try_lock_owned(self: Arc<Self>) -> Option<OwnedMutexGuard<T>> {
        let taken = self.sema.try_take(Ask::ONE, || true) == Taking::Taken;
        taken.then(|| Home::guard(&self))
    }

    /// Locks the mutex from a plain thread, which blocks until it is open.
    ///
    /// In a goroutine it works too: if it has to wait, another thread runs the other goroutines of the
    /// worker meanwhile. [`lock`](Mutex::lock) costs no thread.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    ///
    /// let mutex = chango_chan::sync::Mutex::new(0);
    /// thread::scope(|scope| {
    ///     for _ in 0..4 {
    ///         scope.spawn(|| *mutex.lock_blocking() += 1);
    ///     }
    /// });
    /// assert_eq!(mutex.into_inner(), 4);
    /// ```
    #[track_caller]
    pub fn lock_blocking(&self) -> MutexGuard<'_, T> {
        block_on(self.lock())
    }

    /// The value, of a mutex that nobody else has.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut mutex = chango_chan::sync::Mutex::new(1);
    /// *mutex.get_mut() = 2;
    /// assert_eq!(mutex.into_inner(), 2);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Mutex");
        match self.try_lock() {
            Some(guard) => text.field("value", &&*guard),
            None => text.field("value", &format_args!("<locked>")),
        };
        text.finish_non_exhaustive()
    }
}

impl<'a, T: ?Sized> Home for &'a Mutex<T> {
    type Guard = MutexGuard<'a, T>;

    const REASON: Reason = Reason::MutexLock;

    #[inline]
    fn sema(&self) -> &Sema {
        &self.sema
    }

    #[inline]
    fn ask(&self) -> Ask {
        Ask::ONE
    }

    #[inline]
    fn guard(&self) -> MutexGuard<'a, T> {
        MutexGuard {
            mutex: self,
            _value: PhantomData,
        }
    }
}

impl<T: ?Sized> Home for Arc<Mutex<T>> {
    type Guard = OwnedMutexGuard<T>;

    const REASON: Reason = Reason::MutexLock;

    fn sema(&self) -> &Sema {
        &self.sema
    }

    fn ask(&self) -> Ask {
        Ask::ONE
    }

    fn guard(&self) -> OwnedMutexGuard<T> {
        OwnedMutexGuard {
            mutex: Arc::clone(self),
            _value: PhantomData,
        }
    }
}

/// The right to the value of a [`Mutex`]; dropping it unlocks the mutex.
///
/// It is `Send` where the value is.
///
/// # Examples
///
/// ```
/// let mutex = chango_chan::sync::Mutex::new(1);
/// let mut guard = mutex.lock_blocking();
/// *guard += 1;
/// assert_eq!(*guard, 2);
/// ```
#[must_use = "the mutex is unlocked when the guard is dropped"]
pub struct MutexGuard<'a, T: ?Sized> {
    mutex: &'a Mutex<T>,
    /// It is as a `&mut T`, and not as a `&Mutex<T>`, to other threads.
    _value: PhantomData<*mut T>,
}

// SAFETY: it is the only way to the value, as a `&mut T` would be, and any thread may unlock.
unsafe impl<T: ?Sized + Send> Send for MutexGuard<'_, T> {}
// SAFETY: a shared guard gives a shared value.
unsafe impl<T: ?Sized + Sync> Sync for MutexGuard<'_, T> {}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// The mutex that it unlocks.
    pub(super) fn mutex(&self) -> &'a Mutex<T> {
        self.mutex
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: there is one guard at a time.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: there is one guard at a time.
        unsafe { &mut *self.mutex.value.get() }
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.mutex.sema.release(1, false);
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// A [`MutexGuard`] that keeps its mutex alive: from [`Mutex::lock_owned`].
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// let mutex = Arc::new(chango_chan::sync::Mutex::new(1));
/// let mut guard = mutex.try_lock_owned().unwrap();
/// *guard += 1;
/// assert_eq!(*guard, 2);
/// ```
#[must_use = "the mutex is unlocked when the guard is dropped"]
pub struct OwnedMutexGuard<T: ?Sized> {
    mutex: Arc<Mutex<T>>,
    /// As in a [`MutexGuard`].
    _value: PhantomData<*mut T>,
}

// SAFETY: as for `MutexGuard`; and the mutex may be dropped with it, on any thread.
unsafe impl<T: ?Sized + Send> Send for OwnedMutexGuard<T> {}
// SAFETY: as for `MutexGuard`.
unsafe impl<T: ?Sized + Sync> Sync for OwnedMutexGuard<T> {}

impl<T: ?Sized> Deref for OwnedMutexGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: there is one guard at a time.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T: ?Sized> DerefMut for OwnedMutexGuard<T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: there is one guard at a time.
        unsafe { &mut *self.mutex.value.get() }
    }
}

impl<T: ?Sized> Drop for OwnedMutexGuard<T> {
    fn drop(&mut self) {
        self.mutex.sema.release(1, false);
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for OwnedMutexGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for OwnedMutexGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
