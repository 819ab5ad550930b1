//! Permits of which somebody may want several. (Go: `golang.org/x/sync/semaphore`.)
//!
//! What must hold: the permits that are free and those of all guards are together as many as were made.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use chango_core::note::Reason;

use super::line::Ask;
use super::sema::{Acquire, Home, MOST, Sema, Taking};
use crate::blocking::block_on;
use crate::primitive::const_fn;

/// Permits that are taken and given back: at most so many at the same time. (Go: `semaphore.Weighted` of
/// `golang.org/x/sync`.)
///
/// # Who is next
///
/// Who waits is woken in the order in which it began to. It is woken when there is enough for it, and then
/// competes with those who come by; if it loses it keeps its place. Who has waited for more than a
/// millisecond and then lost, or is found not to have enough when permits come back, has them collected
/// for it: from then on nobody else takes any. So somebody who wants many is not overtaken for ever by
/// those who want few. Who wants more than there are in all keeps nobody waiting.
///
/// # Cancellation
///
/// An `acquire` that is dropped has no permits: what it was handed goes back, and if it had been woken, the
/// next one is woken in its place. A waiting `acquire` that is neither polled nor dropped keeps nobody from
/// permits that are free who asks for them, but those behind it in the queue are not woken before.
///
/// There is no closing, as there is none in Go's: who may have to give up waits under a
/// [`timeout`](chango_core::time::timeout), or in a `select!`.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use chango_chan::sync::{Semaphore, WaitGroup};
///
/// chango_core::runtime::Runtime::new()?.run(async {
///     // No more than two at a time.
///     let (two, group) = (Arc::new(Semaphore::new(2)), WaitGroup::new());
///     for _ in 0..10 {
///         let two = Arc::clone(&two);
///         group.go(async move {
///             let _permit = two.acquire(1).await;
///             assert!(two.available_permits() < 2);
///         });
///     }
///     group.wait().await;
///     assert_eq!(two.available_permits(), 2);
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Semaphore {
    sema: Sema,
}

impl Semaphore {
    /// So many permits at most.
    pub const MAX_PERMITS: usize = MOST;

    const_fn! {
        /// A semaphore with so many permits, all of them free. It may be a `static`.
        ///
        /// # Panics
        ///
        /// If they are more than [`MAX_PERMITS`](Self::MAX_PERMITS).
        ///
        /// # Examples
        ///
        /// ```
        /// use chango_chan::sync::Semaphore;
        ///
        /// static AT_ONCE: Semaphore = Semaphore::new(3);
        /// let one = AT_ONCE.try_acquire(1).unwrap();
        /// assert_eq!(AT_ONCE.available_permits(), 2);
        /// # drop(one);
        /// ```
        #[track_caller]
        pub fn new(permits: usize) -> Self {
            assert!(
                permits <= Self::MAX_PERMITS,
                "a semaphore has at most `Semaphore::MAX_PERMITS` permits"
            );
            Self {
                sema: Sema::new(permits),
            }
        }
    }

    /// How many permits are free now.
    ///
    /// # Examples
    ///
    /// ```
    /// let semaphore = chango_chan::sync::Semaphore::new(3);
    /// let two = semaphore.try_acquire(2).unwrap();
    /// assert_eq!(semaphore.available_permits(), 1);
    /// # drop(two);
    /// ```
    pub fn available_permits(&self) -> usize {
        self.sema.free()
    }

    /// Waits until `permits` of them are free, and takes them until the guard is dropped.
    ///
    /// Where that is more than there are it waits for [`add_permits`](Self::add_permits). The future may be
    /// dropped at any time; see [the type](Semaphore#cancellation).
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::future;
    ///
    /// let semaphore = chango_chan::sync::Semaphore::new(3);
    /// let two = semaphore.try_acquire(2).unwrap();
    /// future::block_on(future::zip(semaphore.acquire(3), async { drop(two) }));
    /// ```
    #[inline]
    #[track_caller]
    pub fn acquire(&self, permits: usize) -> impl Future<Output = SemaphorePermit<'_>> {
        Acquire::new((self, permits))
    }

    /// The same with a guard that keeps the semaphore alive, for another goroutine.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use chango_chan::sync::Semaphore;
    ///
    /// chango_core::runtime::Runtime::new()?.run(async {
    ///     let workers = Arc::new(Semaphore::new(4));
    ///     for _ in 0..100 {
    ///         // Waits here, and not in a hundred goroutines.
    ///         let permit = Arc::clone(&workers).acquire_owned(1).await;
    ///         chango_core::spawn::spawn(async move { drop(permit) });
    ///     }
    ///     let _all_have_ended = workers.acquire(4).await;
    /// });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn acquire_owned(
        self: Arc<Self>,
        permits: usize,
    ) -> impl Future<Output = OwnedSemaphorePermit> {
        Acquire::new((self, permits))
    }

    /// Takes permits if so many are free, and none are collected for somebody who starves.
    ///
    /// # Examples
    ///
    /// ```
    /// let semaphore = chango_chan::sync::Semaphore::new(3);
    /// let two = semaphore.try_acquire(2).unwrap();
    /// assert!(semaphore.try_acquire(2).is_none());
    /// drop(two);
    /// assert!(semaphore.try_acquire(2).is_some());
    /// ```
    #[inline]
    pub fn try_acquire(&self, permits: usize) -> Option<SemaphorePermit<'_>> {
        let taken = self.sema.try_take(Ask::some(permits), || true) == Taking::Taken;
        taken.then(|| (self, permits).guard())
    }

    /// The same with a guard that keeps the semaphore alive.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(chango_chan::sync::Semaphore::new(3));
    /// let all = Arc::clone(&semaphore).try_acquire_owned(3).unwrap();
    /// assert!(semaphore.try_acquire(1).is_none());
    /// # drop(all);
    /// ```
    pub fn try_acquire_owned(self: Arc<Self>, permits: usize) -> Option<OwnedSemaphorePermit> {
        let taken = self.sema.try_take(Ask::some(permits), || true) == Taking::Taken;
        taken.then(|| (self, permits).guard())
    }

    /// Takes permits from a plain thread, which blocks until so many are free.
    ///
    /// In a goroutine it works too: if it has to wait, another thread runs the other goroutines of the
    /// worker meanwhile. [`acquire`](Self::acquire) costs no thread.
    ///
    /// # Examples
    ///
    /// ```
    /// let semaphore = chango_chan::sync::Semaphore::new(3);
    /// let two = semaphore.acquire_blocking(2);
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| semaphore.acquire_blocking(2));
    ///     drop(two);
    /// });
    /// ```
    #[track_caller]
    pub fn acquire_blocking(&self, permits: usize) -> SemaphorePermit<'_> {
        block_on(self.acquire(permits))
    }

    /// Makes more permits.
    ///
    /// # Panics
    ///
    /// If there would be more than [`MAX_PERMITS`](Self::MAX_PERMITS), those that are taken included.
    ///
    /// # Examples
    ///
    /// ```
    /// let semaphore = chango_chan::sync::Semaphore::new(0);
    /// semaphore.add_permits(2);
    /// assert_eq!(semaphore.available_permits(), 2);
    /// ```
    #[track_caller]
    pub fn add_permits(&self, permits: usize) {
        assert!(
            self.sema.add(permits),
            "a semaphore has at most `Semaphore::MAX_PERMITS` permits"
        );
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore")
            .field("available_permits", &self.available_permits())
            .finish_non_exhaustive()
    }
}

impl<'a> Home for (&'a Semaphore, usize) {
    type Guard = SemaphorePermit<'a>;

    const REASON: Reason = Reason::SemaphoreAcquire;

    #[inline]
    fn sema(&self) -> &Sema {
        &self.0.sema
    }

    #[inline]
    fn ask(&self) -> Ask {
        Ask::some(self.1)
    }

    #[inline]
    fn guard(&self) -> SemaphorePermit<'a> {
        SemaphorePermit {
            semaphore: self.0,
            permits: self.1,
        }
    }
}

impl Home for (Arc<Semaphore>, usize) {
    type Guard = OwnedSemaphorePermit;

    const REASON: Reason = Reason::SemaphoreAcquire;

    fn sema(&self) -> &Sema {
        &self.0.sema
    }

    fn ask(&self) -> Ask {
        Ask::some(self.1)
    }

    fn guard(&self) -> OwnedSemaphorePermit {
        OwnedSemaphorePermit {
            semaphore: Arc::clone(&self.0),
            permits: self.1,
        }
    }
}

/// Permits of a [`Semaphore`]; dropping it gives them back.
///
/// # Examples
///
/// ```
/// let semaphore = chango_chan::sync::Semaphore::new(3);
/// let permit = semaphore.acquire_blocking(2);
/// assert_eq!(permit.permits(), 2);
/// ```
#[must_use = "the permits are given back when the guard is dropped"]
#[derive(Debug)]
pub struct SemaphorePermit<'a> {
    semaphore: &'a Semaphore,
    permits: usize,
}

impl SemaphorePermit<'_> {
    /// How many they are.
    ///
    /// # Examples
    ///
    /// ```
    /// let semaphore = chango_chan::sync::Semaphore::new(3);
    /// assert_eq!(semaphore.acquire_blocking(2).permits(), 2);
    /// ```
    pub fn permits(&self) -> usize {
        self.permits
    }

    /// Never gives them back: the semaphore has so many fewer from now on.
    ///
    /// # Examples
    ///
    /// ```
    /// let semaphore = chango_chan::sync::Semaphore::new(3);
    /// semaphore.acquire_blocking(2).forget();
    /// assert_eq!(semaphore.available_permits(), 1);
    /// ```
    pub fn forget(mut self) {
        self.semaphore.sema.forget(self.permits);
        self.permits = 0;
    }
}

impl Drop for SemaphorePermit<'_> {
    #[inline]
    fn drop(&mut self) {
        self.semaphore.sema.release(self.permits, false);
    }
}

/// A [`SemaphorePermit`] that keeps its semaphore alive: from [`Semaphore::acquire_owned`].
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// let semaphore = Arc::new(chango_chan::sync::Semaphore::new(3));
/// let permit = semaphore.try_acquire_owned(2).unwrap();
/// assert_eq!(permit.permits(), 2);
/// ```
#[must_use = "the permits are given back when the guard is dropped"]
#[derive(Debug)]
pub struct OwnedSemaphorePermit {
    semaphore: Arc<Semaphore>,
    permits: usize,
}

impl OwnedSemaphorePermit {
    /// How many they are.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(chango_chan::sync::Semaphore::new(3));
    /// assert_eq!(semaphore.try_acquire_owned(2).unwrap().permits(), 2);
    /// ```
    pub fn permits(&self) -> usize {
        self.permits
    }

    /// Never gives them back: the semaphore has so many fewer from now on.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(chango_chan::sync::Semaphore::new(3));
    /// Arc::clone(&semaphore).try_acquire_owned(2).unwrap().forget();
    /// assert_eq!(semaphore.available_permits(), 1);
    /// ```
    pub fn forget(mut self) {
        self.semaphore.sema.forget(self.permits);
        self.permits = 0;
    }
}

impl Drop for OwnedSemaphorePermit {
    fn drop(&mut self) {
        self.semaphore.sema.release(self.permits, false);
    }
}
