//! Many readers or one writer. (Go: `sync.RWMutex`.)
//!
//! What must hold: the value is shared by guards that have one permit each, or changed through the one
//! that has all.

use std::cell::UnsafeCell;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};

use chango_core::note::Reason;

use super::line::{ALL, Ask};
use super::sema::{Acquire, Home, Sema, Taking};
use crate::blocking::block_on;
use crate::primitive::const_fn;

/// A value that many may read at the same time, or one may write. (Go: `sync.RWMutex`, with what it
/// protects inside.)
///
/// What is said of a [`Mutex`](super::Mutex) goes for this lock too: its guards may be held over an
/// `.await`; it is no grant to be woken; a lock is handed only to who has waited for more than a
/// millisecond and then lost; a future that is dropped has nothing and keeps nobody asleep; there is no
/// poisoning; it has 64 bytes beside the value.
///
/// # Who is next
///
/// As in Go a writer that waits keeps new readers out, so that it comes to its turn when those who
/// read have ended; and those who waited to read while a writer had the lock go before the next writer
/// that waits, unless that one had been woken before. (A lock that nobody has is anybody's who comes by; in Go not to a writer where
/// readers wait.) So a goroutine that reads must not begin to read a second time: if a writer waits
/// meanwhile, both wait for ever.
///
/// # Examples
///
/// ```
/// use chango_chan::sync::RwLock;
///
/// futures_lite::future::block_on(async {
///     let lock = RwLock::new(1);
///     {
///         let (one, other) = (lock.read().await, lock.read().await);
///         assert_eq!(*one + *other, 2);
///     }
///     *lock.write().await += 1;
///     assert_eq!(lock.into_inner(), 2);
/// });
/// ```
pub struct RwLock<T: ?Sized> {
    sema: Sema,
    value: UnsafeCell<T>,
}

// SAFETY: to send the lock is to send the value.
unsafe impl<T: ?Sized + Send> Send for RwLock<T> {}
// SAFETY: a writer uses the value alone, on any thread, and readers share it.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}

impl<T> RwLock<T> {
    const_fn! {
        /// An open lock around `value`. It may be a `static`.
        ///
        /// # Examples
        ///
        /// ```
        /// use chango_chan::sync::RwLock;
        ///
        /// static LIMIT: RwLock<u32> = RwLock::new(1);
        /// *LIMIT.write_blocking() += 1;
        /// assert_eq!(*LIMIT.read_blocking(), 2);
        /// ```
        pub fn new(value: T) -> Self {
            Self {
                sema: Sema::new(ALL),
                value: UnsafeCell::new(value),
            }
        }
    }

    /// Takes the value out.
    ///
    /// # Examples
    ///
    /// ```
    /// let lock = chango_chan::sync::RwLock::new(1);
    /// *lock.write_blocking() = 2;
    /// assert_eq!(lock.into_inner(), 2);
    /// ```
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Waits until no writer has the lock or waits for it, and shares the value until the guard is dropped.
    ///
    /// The future may be dropped at any time.
    ///
    /// # Examples
    ///
    /// ```
    /// let lock = chango_chan::sync::RwLock::new(1);
    /// futures_lite::future::block_on(async { assert_eq!(*lock.read().await, 1) });
    /// ```
    #[inline]
    #[track_caller]
    pub fn read(&self) -> impl Future<Output = RwLockReadGuard<'_, T>> {
        Acquire::new(ToRead(self))
    }

    /// Waits until nobody has the lock, and has the value alone until the guard is dropped.
    ///
    /// The future may be dropped at any time; readers that it kept out are then let in.
    ///
    /// # Examples
    ///
    /// ```
    /// let lock = chango_chan::sync::RwLock::new(1);
    /// futures_lite::future::block_on(async { *lock.write().await += 1 });
    /// assert_eq!(lock.into_inner(), 2);
    /// ```
    #[inline]
    #[track_caller]
    pub fn write(&self) -> impl Future<Output = RwLockWriteGuard<'_, T>> {
        Acquire::new(ToWrite(self))
    }

    /// Shares the value if no writer has the lock or waits for it.
    ///
    /// # Examples
    ///
    /// ```
    /// let lock = chango_chan::sync::RwLock::new(1);
    /// let writer = lock.try_write().unwrap();
    /// assert!(lock.try_read().is_none());
    /// drop(writer);
    /// assert!(lock.try_read().is_some());
    /// ```
    #[inline]
    pub fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
        let taken = self.sema.try_take(Ask::ONE, || true) == Taking::Taken;
        taken.then(|| ToRead(self).guard())
    }

    /// Takes the value alone if nobody has the lock.
    ///
    /// # Examples
    ///
    /// ```
    /// let lock = chango_chan::sync::RwLock::new(1);
    /// let reader = lock.try_read().unwrap();
    /// assert!(lock.try_write().is_none());
    /// drop(reader);
    /// assert!(lock.try_write().is_some());
    /// ```
    #[inline]
    pub fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
        let taken = self.sema.try_take(Ask::WRITE, || true) == Taking::Taken;
        taken.then(|| ToWrite(self).guard())
    }

    /// [`read`](RwLock::read) from a plain thread, which blocks; in a goroutine another thread runs the
    /// other goroutines of the worker meanwhile.
    ///
    /// # Examples
    ///
    /// ```
    /// let lock = chango_chan::sync::RwLock::new(1);
    /// assert_eq!(*lock.read_blocking(), 1);
    /// ```
    #[track_caller]
    pub fn read_blocking(&self) -> RwLockReadGuard<'_, T> {
        block_on(self.read())
    }

    /// [`write`](RwLock::write) from a plain thread, which blocks; in a goroutine another thread runs the
    /// other goroutines of the worker meanwhile.
    ///
    /// # Examples
    ///
    /// ```
    /// let lock = chango_chan::sync::RwLock::new(1);
    /// *lock.write_blocking() = 2;
    /// assert_eq!(lock.into_inner(), 2);
    /// ```
    #[track_caller]
    pub fn write_blocking(&self) -> RwLockWriteGuard<'_, T> {
        block_on(self.write())
    }

    /// The value, of a lock that nobody else has.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut lock = chango_chan::sync::RwLock::new(1);
    /// *lock.get_mut() = 2;
    /// assert_eq!(lock.into_inner(), 2);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("RwLock");
        match self.try_read() {
            Some(guard) => text.field("value", &&*guard),
            None => text.field("value", &format_args!("<locked>")),
        };
        text.finish_non_exhaustive()
    }
}

struct ToRead<'a, T: ?Sized>(&'a RwLock<T>);

impl<'a, T: ?Sized> Home for ToRead<'a, T> {
    type Guard = RwLockReadGuard<'a, T>;

    const REASON: Reason = Reason::RwLockRead;

    #[inline]
    fn sema(&self) -> &Sema {
        &self.0.sema
    }

    #[inline]
    fn ask(&self) -> Ask {
        Ask::ONE
    }

    #[inline]
    fn guard(&self) -> RwLockReadGuard<'a, T> {
        RwLockReadGuard {
            lock: self.0,
            _value: PhantomData,
        }
    }
}

struct ToWrite<'a, T: ?Sized>(&'a RwLock<T>);

impl<'a, T: ?Sized> Home for ToWrite<'a, T> {
    type Guard = RwLockWriteGuard<'a, T>;

    const REASON: Reason = Reason::RwLockWrite;

    #[inline]
    fn sema(&self) -> &Sema {
        &self.0.sema
    }

    #[inline]
    fn ask(&self) -> Ask {
        Ask::WRITE
    }

    #[inline]
    fn guard(&self) -> RwLockWriteGuard<'a, T> {
        RwLockWriteGuard {
            lock: self.0,
            _value: PhantomData,
        }
    }
}

/// The right to read the value of a [`RwLock`]; dropping it gives the lock back.
///
/// It is `Send` where the value is `Sync`.
///
/// # Examples
///
/// ```
/// let lock = chango_chan::sync::RwLock::new(1);
/// let guard = lock.read_blocking();
/// assert_eq!(*guard, 1);
/// ```
#[must_use = "the lock is given back when the guard is dropped"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    /// It is as a `&T`, and not as a `&RwLock<T>`, to other threads.
    _value: PhantomData<*const T>,
}

// SAFETY: it gives a shared value, and any thread may give the lock back.
unsafe impl<T: ?Sized + Sync> Send for RwLockReadGuard<'_, T> {}
// SAFETY: as for `Send`.
unsafe impl<T: ?Sized + Sync> Sync for RwLockReadGuard<'_, T> {}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: while there are guards to read there is none to write.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized> Drop for RwLockReadGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.sema.release(1, false);
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// The right to write the value of a [`RwLock`]; dropping it gives the lock back.
///
/// It is `Send` where the value is `Send` and `Sync`: a writer may become one of several readers.
///
/// # Examples
///
/// ```
/// let lock = chango_chan::sync::RwLock::new(1);
/// *lock.write_blocking() += 1;
/// assert_eq!(lock.into_inner(), 2);
/// ```
#[must_use = "the lock is given back when the guard is dropped"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    /// It is as a `&mut T`, and not as a `&RwLock<T>`, to other threads.
    _value: PhantomData<*mut T>,
}

// SAFETY: it is the only way to the value; made a reader by `downgrade`, one of several that share it. And any
// thread may give the lock back.
unsafe impl<T: ?Sized + Send + Sync> Send for RwLockWriteGuard<'_, T> {}
// SAFETY: a shared guard gives a shared value.
unsafe impl<T: ?Sized + Sync> Sync for RwLockWriteGuard<'_, T> {}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// Makes a reader of the writer, with nobody in between who writes; others who wait to read are let in.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_chan::sync::{RwLock, RwLockWriteGuard};
    ///
    /// let lock = RwLock::new(1);
    /// let mut writer = lock.write_blocking();
    /// *writer += 1;
    /// let reader = RwLockWriteGuard::downgrade(writer);
    /// assert_eq!((*reader, lock.try_read().is_some()), (2, true));
    /// ```
    pub fn downgrade(this: Self) -> RwLockReadGuard<'a, T> {
        let this = ManuallyDrop::new(this);
        this.lock.sema.release(ALL - 1, true);
        ToRead(this.lock).guard()
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: while there is a guard to write there is no other one.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: while there is a guard to write there is no other one.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T: ?Sized> Drop for RwLockWriteGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.sema.release(ALL, true);
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
