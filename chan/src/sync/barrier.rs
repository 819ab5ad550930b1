//! Waiting until all are there. (Go has none; the algorithm is that of `std::sync::Barrier`.)
//!
//! What must hold: `arrived` is the length of the queue, and smaller than the number of those who are to
//! come; the last one empties both.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use chango_core::coop;
use chango_core::note::{self, At, Position, Reason};
use chango_core::util::foreign_waker::ForeignWaker;
use chango_core::util::wake_list::WakeList;

use super::wait::{Waits, enter, is_waiting, withdraw};
use crate::blocking::block_on;
use crate::primitive::{Mutex, Rank, const_fn};
use crate::wait_queue::WaitQueue;
use crate::waiter::{Incoming, State, Waiter};

/// A place where a number of goroutines wait for each other, again and again.
///
/// # Cancellation
///
/// A `wait` that is dropped before the last one came is not counted: one more has to come.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use chango_chan::sync::Barrier;
/// use chango_core::spawn::spawn;
///
/// chango_core::runtime::Runtime::new()?.run(async {
///     let barrier = Arc::new(Barrier::new(3));
///     let all: Vec<_> = (0..3)
///         .map(|_| {
///             let barrier = Arc::clone(&barrier);
///             spawn(async move { barrier.wait().await.is_leader() })
///         })
///         .collect();
///     let mut leaders = 0;
///     for one in all {
///         leaders += usize::from(one.await.unwrap());
///     }
///     assert_eq!(leaders, 1);
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Barrier {
    parties: usize,
    state: Mutex<Arrived>,
}

struct Arrived {
    count: usize,
    waiting: WaitQueue<Incoming<()>>,
}

impl Waits for Arrived {
    fn waiting(&mut self) -> &mut WaitQueue<Incoming<()>> {
        &mut self.waiting
    }
}

/// What a [`Barrier`] says to one of those who waited.
///
/// # Examples
///
/// ```
/// let barrier = chango_chan::sync::Barrier::new(1);
/// assert!(barrier.wait_blocking().is_leader());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarrierWaitResult {
    is_leader: bool,
}

impl BarrierWaitResult {
    /// Whether this was the last one that came. One of all is.
    ///
    /// # Examples
    ///
    /// ```
    /// let barrier = chango_chan::sync::Barrier::new(1);
    /// assert!(barrier.wait_blocking().is_leader());
    /// ```
    pub fn is_leader(self) -> bool {
        self.is_leader
    }
}

impl Barrier {
    const_fn! {
        /// A barrier for so many; for 0 and 1 nobody waits. It may be a `static`.
        ///
        /// # Examples
        ///
        /// ```
        /// use chango_chan::sync::Barrier;
        ///
        /// static START: Barrier = Barrier::new(0);
        /// START.wait_blocking();
        /// ```
        pub fn new(parties: usize) -> Self {
            let state = Arrived {
                count: 0,
                waiting: WaitQueue::new(),
            };
            Self {
                parties,
                state: Mutex::new(Rank::Sync, state),
            }
        }
    }

    /// Waits until all have come. After that the barrier is as new.
    ///
    /// The future may be dropped at any time; see [the type](Barrier#cancellation). It has come with its
    /// first poll.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::future;
    ///
    /// let barrier = chango_chan::sync::Barrier::new(2);
    /// let (one, other) = future::block_on(future::zip(barrier.wait(), barrier.wait()));
    /// assert!(one.is_leader() != other.is_leader());
    /// ```
    #[track_caller]
    pub fn wait(&self) -> impl Future<Output = BarrierWaitResult> {
        Wait {
            barrier: self,
            at: Location::caller(),
            waiter: Waiter::receive(),
        }
    }

    /// [`wait`](Barrier::wait) from a plain thread, which blocks; in a goroutine another thread runs the
    /// other goroutines of the worker meanwhile.
    ///
    /// # Examples
    ///
    /// ```
    /// let barrier = chango_chan::sync::Barrier::new(2);
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| barrier.wait_blocking());
    ///     barrier.wait_blocking();
    /// });
    /// ```
    #[track_caller]
    pub fn wait_blocking(&self) -> BarrierWaitResult {
        block_on(self.wait())
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arrived = self.state.lock().count;
        f.debug_struct("Barrier")
            .field("parties", &self.parties)
            .field("arrived", &arrived)
            .finish_non_exhaustive()
    }
}

struct Wait<'a> {
    barrier: &'a Barrier,
    at: Position,
    waiter: Waiter<Incoming<()>>,
}

impl Future for Wait<'_> {
    type Output = BarrierWaitResult;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<BarrierWaitResult> {
        let Self {
            barrier,
            at,
            waiter,
        } = self.as_ref().get_ref();
        loop {
            match waiter.state() {
                State::Idle | State::Tried => {
                    let waker = ForeignWaker::of(cx.waker());
                    // SAFETY: the node is pinned with the future, in no queue, and withdrawn by `drop`.
                    match unsafe { barrier.arrive(waiter, waker) } {
                        Some(true) => {
                            waiter.set_state(State::Finished);
                            return Poll::Ready(BarrierWaitResult { is_leader: true });
                        }
                        Some(false) => break,
                        None => ready!(coop::poll_proceed(cx)),
                    }
                }
                State::Queued if is_waiting(&barrier.state, waiter, cx) => break,
                State::Queued | State::Done | State::Closed => {
                    waiter.set_state(State::Finished);
                    return Poll::Ready(BarrierWaitResult { is_leader: false });
                }
                State::Finished => panic!("the future of a barrier was polled after it was done"),
            }
        }
        note::waits(Reason::BarrierWait, At::Here(at));
        Poll::Pending
    }
}

impl Barrier {
    /// One more has come: whether it is the last one; none if `coop` says that it has to give way.
    ///
    /// # Safety
    ///
    /// The node belongs to the caller, is in no queue, pinned, and is withdrawn before it goes.
    unsafe fn arrive(&self, waiter: &Waiter<Incoming<()>>, waker: ForeignWaker) -> Option<bool> {
        let mut wake = WakeList::new();
        let mut state = self.state.lock();
        if state.count + 1 < self.parties {
            state.count += 1;
            // SAFETY: what the caller promises.
            unsafe { enter(&mut state, waiter, waker) };
            return Some(false);
        }
        if !coop::take() {
            return None;
        }
        state.count = 0;
        state.waiting.close(&mut wake);
        drop(state);
        wake.wake_all();
        Some(true)
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        withdraw(&self.barrier.state, &self.waiter, |state| state.count -= 1);
    }
}
