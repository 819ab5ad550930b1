//! Waiting for somebody who notifies. (Go: `sync.Cond`.)
//!
//! What must hold: whoever waits is in the queue before its mutex is unlocked, so that nothing that
//! happens under the mutex is missed; a notification for one ends in one `wait` that returned, or in none if
//! nobody waits.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::mem;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use chango_core::note::{self, At, Position, Reason};
use chango_core::util::foreign_waker::ForeignWaker;
use chango_core::util::wake_list::WakeList;

use super::mutex::MutexGuard;
use super::wait::{enter, is_waiting, withdraw};
use crate::blocking::block_on;
use crate::claim::Right;
use crate::primitive::{Mutex, Rank, const_fn};
use crate::wait_queue::{Claimed, WaitQueue};
use crate::waiter::{Incoming, State, Waiter};

/// A condition that goroutines wait for under a [`Mutex`](super::Mutex). (Go: `sync.Cond`.)
///
/// A `wait` ends only after a notification, as in Go; but by the time it has the mutex again the
/// condition may not hold any more, so it is asked again, in a loop. Those who wait are notified in the order
/// in which they began to. Where a channel fits it is easier to get right.
///
/// # Cancellation
///
/// A `wait` that is dropped leaves the queue. If [`notify_one`](Cond::notify_one) had chosen it, the next
/// one is notified in its place, also if it had come as far as waiting for the mutex: no notification
/// is lost.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use chango_chan::sync::{Cond, Mutex};
/// use chango_core::spawn::spawn;
///
/// chango_core::runtime::Runtime::new()?.run(async {
///     let shared = Arc::new((Mutex::new(None), Cond::new()));
///     let waits = Arc::clone(&shared);
///     let waits = spawn(async move {
///         let (value, is_there) = &*waits;
///         let mut guard = value.lock().await;
///         while guard.is_none() {
///             guard = is_there.wait(guard).await;
///         }
///         guard.take()
///     });
///     *shared.0.lock().await = Some(7);
///     shared.1.notify_one();
///     assert_eq!(waits.await.unwrap(), Some(7));
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Cond {
    waiting: Mutex<WaitQueue<Incoming<()>>>,
}

impl Cond {
    const_fn! {
        /// A condition for which nobody waits. It may be a `static`.
        ///
        /// # Examples
        ///
        /// ```
        /// use chango_chan::sync::Cond;
        ///
        /// static CHANGED: Cond = Cond::new();
        /// // Nobody hears of it.
        /// CHANGED.notify_all();
        /// ```
        pub fn new() -> Self {
            Self {
                waiting: Mutex::new(Rank::Sync, WaitQueue::new()),
            }
        }
    }

    /// Unlocks the mutex of `guard`, waits for a notification, and locks the mutex again.
    ///
    /// The mutex is unlocked by the first poll, or with the future. It may be dropped at any time; see
    /// [the type](Cond#cancellation).
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_chan::sync::{Cond, Mutex};
    /// use futures_lite::future;
    ///
    /// let (mutex, cond) = (Mutex::new(false), Cond::new());
    /// let waits = async {
    ///     let mut ready = mutex.lock().await;
    ///     while !*ready {
    ///         ready = cond.wait(ready).await;
    ///     }
    /// };
    /// let notifies = async {
    ///     *mutex.lock().await = true;
    ///     cond.notify_one();
    /// };
    /// future::block_on(future::zip(waits, notifies));
    /// ```
    #[track_caller]
    pub fn wait<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
    ) -> impl Future<Output = MutexGuard<'a, T>> {
        self.wait_from(guard, Location::caller())
    }

    async fn wait_from<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
        at: Position,
    ) -> MutexGuard<'a, T> {
        let mutex = guard.mutex();
        let notified = Wait {
            cond: self,
            guard: Cell::new(Some(guard)),
            at,
            waiter: Waiter::receive(),
        };
        let notified = notified.await;
        let guard = mutex.lock_from(at).await;
        mem::forget(notified);
        guard
    }

    /// [`wait`](Cond::wait) from a plain thread, which blocks; in a goroutine another thread runs the other
    /// goroutines of the worker meanwhile.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    ///
    /// use chango_chan::sync::{Cond, Mutex};
    ///
    /// let (mutex, cond) = (Mutex::new(false), Cond::new());
    /// thread::scope(|scope| {
    ///     scope.spawn(|| {
    ///         let mut ready = mutex.lock_blocking();
    ///         while !*ready {
    ///             ready = cond.wait_blocking(ready);
    ///         }
    ///     });
    ///     *mutex.lock_blocking() = true;
    ///     cond.notify_one();
    /// });
    /// ```
    #[track_caller]
    pub fn wait_blocking<'a, T: ?Sized>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        block_on(self.wait(guard))
    }

    /// Notifies the one who has waited longest. (Go: `Signal`.)
    ///
    /// The mutex may be locked meanwhile, and need not be.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_chan::sync::{Cond, Mutex};
    /// use futures_lite::future;
    ///
    /// let (mutex, cond) = (Mutex::new(()), Cond::new());
    /// future::block_on(async {
    ///     let wait = cond.wait(mutex.lock().await);
    ///     future::zip(wait, async { cond.notify_one() }).await;
    /// });
    /// ```
    pub fn notify_one(&self) {
        let woken = match self.waiting.lock().claim(Right::Free) {
            // By `Done` it knows that it has to pass it on if it does not come back.
            Claimed::Won(winner) => winner.give((), 0),
            Claimed::Nobody | Claimed::OwnLost => None,
        };
        if let Some(waker) = woken {
            waker.wake();
        }
    }

    /// Notifies all who wait now. (Go: `Broadcast`.)
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_chan::sync::{Cond, Mutex};
    /// use futures_lite::future;
    ///
    /// let (mutex, cond) = (Mutex::new(()), Cond::new());
    /// future::block_on(async {
    ///     let wait = || async { cond.wait(mutex.lock().await).await; };
    ///     future::zip(future::zip(wait(), wait()), async { cond.notify_all() }).await;
    /// });
    /// ```
    pub fn notify_all(&self) {
        let mut wake = WakeList::new();
        self.waiting.lock().close(&mut wake);
        wake.wake_all();
    }
}

impl Default for Cond {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Cond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cond").finish_non_exhaustive()
    }
}

/// The first half of a wait, until it is notified.
struct Wait<'c, G> {
    cond: &'c Cond,
    /// Of the mutex, until the node is in the queue. It is not pinned.
    guard: Cell<Option<G>>,
    at: Position,
    waiter: Waiter<Incoming<()>>,
}

impl<'c, G> Future for Wait<'c, G> {
    type Output = Notified<'c>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Notified<'c>> {
        let this = self.as_ref().get_ref();
        let (shared, waiter) = (&this.cond.waiting, &this.waiter);
        match waiter.state() {
            State::Idle | State::Tried => {
                let waker = ForeignWaker::of(cx.waker());
                // SAFETY: the node is pinned with the future, in no queue, and withdrawn by `drop`.
                unsafe { enter(&mut shared.lock(), waiter, waker) };
                drop(this.guard.take());
            }
            State::Queued if is_waiting(shared, waiter, cx) => {}
            State::Queued | State::Done | State::Closed => {
                let passes_on = waiter.state() == State::Done;
                waiter.set_state(State::Finished);
                return Poll::Ready(Notified(passes_on.then_some(this.cond)));
            }
            State::Finished => panic!("the future of a wait was polled after it was done"),
        }
        note::waits(Reason::CondWait, At::Here(this.at));
        Poll::Pending
    }
}

impl<G> Drop for Wait<'_, G> {
    fn drop(&mut self) {
        withdraw(&self.cond.waiting, &self.waiter, |_| ());
        if self.waiter.state() == State::Done {
            self.cond.notify_one();
        }
    }
}

/// A notification that was received. One that was for nobody else is passed on if it is dropped.
struct Notified<'c>(Option<&'c Cond>);

impl Drop for Notified<'_> {
    fn drop(&mut self) {
        if let Some(cond) = self.0 {
            cond.notify_one();
        }
    }
}
