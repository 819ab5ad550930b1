//! Something that is set once, and for which any number wait: the end of a context.
//!
//! A channel that is closed would do, as it does in Go; this is one without the channel, 32 bytes. What
//! must hold:
//!
//! * it is set once, and stays so;
//! * whoever waits is queued only while it is not set: setting it empties the queue, but for selects that are
//!   looking by themselves, and they look at it again under the lock before they sleep;
//! * wakers are handed out, to be woken by whoever sets it when no lock is held any more.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use chango_core::coop;
use chango_core::note::{self, At, Position, Reason};
use chango_core::util::foreign_waker::ForeignWaker;
use chango_core::util::wake_list::WakeList;

use crate::blocking::block_on;
use crate::primitive::atomic::{AtomicBool, Ordering};
use crate::primitive::{Mutex, MutexGuard, Rank};
use crate::receive::{Enter, Look, Place, Receive};
use crate::wait_queue::WaitQueue;
use crate::waiter::{Incoming, State, Waiter, Who};

/// Set once; `<-latch` waits for it. For `chango::context`.
pub struct Latch {
    /// Written under the lock.
    set: AtomicBool,
    waiting: Mutex<WaitQueue<Incoming<()>>>,
}

impl Latch {
    /// One that is not set.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(!chango_chan::latch::Latch::new().is_set());
    /// ```
    pub fn new() -> Self {
        Self {
            set: AtomicBool::new(false),
            waiting: Mutex::new(Rank::Sync, WaitQueue::new()),
        }
    }

    /// Whether it is set. What was written before is seen by whoever sees that.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_core::util::wake_list::WakeList;
    ///
    /// let latch = chango_chan::latch::Latch::new();
    /// latch.set(&mut WakeList::new());
    /// assert!(latch.is_set());
    /// ```
    #[inline]
    pub fn is_set(&self) -> bool {
        // Acquire: pairs with the store in `set`.
        self.set.load(Ordering::Acquire)
    }

    /// Sets it, and moves those who wait to `wake`; false if it was set already.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_core::util::wake_list::WakeList;
    ///
    /// let (latch, mut wake) = (chango_chan::latch::Latch::new(), WakeList::new());
    /// assert!(latch.set(&mut wake));
    /// assert!(!latch.set(&mut wake));
    /// wake.wake_all();
    /// ```
    pub fn set(&self, wake: &mut WakeList) -> bool {
        let mut waiting = self.waiting.lock();
        if self.set.load(Ordering::Relaxed) {
            return false;
        }
        // Release: pairs with the load in `is_set`.
        self.set.store(true, Ordering::Release);
        waiting.close(wake);
        true
    }

    /// Waits until it is set.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_core::util::wake_list::WakeList;
    ///
    /// let latch = chango_chan::latch::Latch::new();
    /// latch.set(&mut WakeList::new());
    /// futures_lite::future::block_on(latch.wait());
    /// ```
    #[track_caller]
    pub fn wait(&self) -> LatchWait<'_> {
        self.wait_at(Location::caller())
    }

    /// The same for an operation that began at `at`.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_core::util::wake_list::WakeList;
    ///
    /// let latch = chango_chan::latch::Latch::new();
    /// latch.set(&mut WakeList::new());
    /// futures_lite::future::block_on(latch.wait_at(std::panic::Location::caller()));
    /// ```
    pub fn wait_at(&self, at: Position) -> LatchWait<'_> {
        LatchWait {
            latch: self,
            at,
            waiter: Waiter::receive(),
        }
    }

    /// Waits by blocking this thread; in a goroutine its worker is handed off first.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_core::util::wake_list::WakeList;
    ///
    /// let latch = chango_chan::latch::Latch::new();
    /// latch.set(&mut WakeList::new());
    /// latch.wait_blocking();
    /// ```
    #[track_caller]
    pub fn wait_blocking(&self) {
        block_on(self.wait());
    }

    fn lock(&self) -> MutexGuard<'_, WaitQueue<Incoming<()>>> {
        self.waiting.lock()
    }

    /// Goes on with a wait; if it has to go on, it notes that it does at `at`.
    ///
    /// # Safety
    ///
    /// The node belongs to the caller, is pinned, is used with this latch only, and is withdrawn before it
    /// goes.
    unsafe fn poll_wait(
        &self,
        waiter: &Waiter<Incoming<()>>,
        at: At,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        match waiter.state() {
            State::Idle | State::Tried if self.is_set() => {
                ready!(coop::poll_proceed(cx));
                return finish(waiter);
            }
            State::Queued if self.is_waiting(waiter, cx) => {
                note::waits(Reason::ContextDone, at);
                return Poll::Pending;
            }
            State::Idle | State::Tried | State::Queued => {}
            State::Done | State::Closed => return finish(waiter),
            State::Finished => panic!("the future of a context was polled after it was done"),
        }
        // A waker is cloned and dropped outside the lock only.
        let waker = ForeignWaker::of(cx.waker());
        let mut waiting = self.lock();
        let old = match waiter.state() {
            State::Queued => {
                // SAFETY: queued, and the lock is held.
                Some(unsafe { waiter.set_waker(waker) })
            }
            State::Idle | State::Tried if !self.is_set() => {
                // SAFETY: the node is in no queue, pinned, and is withdrawn before it goes.
                unsafe { waiting.push(waiter, Who::Plain(waker), 0) };
                None
            }
            State::Idle | State::Tried => {
                drop(waiting);
                drop(waker);
                ready!(coop::poll_proceed(cx));
                return finish(waiter);
            }
            State::Done | State::Closed | State::Finished => {
                // Set between the two looks.
                drop(waiting);
                drop(waker);
                return finish(waiter);
            }
        };
        drop(waiting);
        drop(old);
        note::waits(Reason::ContextDone, at);
        Poll::Pending
    }

    /// Whether a queued node still is, with the waker of this context.
    fn is_waiting(&self, waiter: &Waiter<Incoming<()>>, cx: &Context<'_>) -> bool {
        let _waiting = self.lock();
        // SAFETY: queued, and the lock is held.
        waiter.state() == State::Queued && unsafe { waiter.will_wake(cx.waker()) }
    }

    /// Ends a wait: its node leaves the queue.
    #[inline]
    fn withdraw(&self, waiter: &Waiter<Incoming<()>>) {
        if waiter.state() == State::Queued {
            self.withdraw_waiting(waiter);
        }
    }

    #[inline(never)]
    fn withdraw_waiting(&self, waiter: &Waiter<Incoming<()>>) {
        let mut waiting = self.lock();
        let who = leave(&mut waiting, waiter);
        drop(waiting);
        drop(who);
    }
}

fn finish(waiter: &Waiter<Incoming<()>>) -> Poll<()> {
    waiter.set_state(State::Finished);
    Poll::Ready(())
}

/// Takes a node out of the queue if it is in it: its waker, to be dropped when the lock is open.
fn leave(waiting: &mut WaitQueue<Incoming<()>>, waiter: &Waiter<Incoming<()>>) -> Option<Who> {
    if waiter.state() != State::Queued {
        return None;
    }
    // SAFETY: queued, in the queue of its latch, whose lock the caller holds.
    let who = unsafe { waiting.remove(waiter) };
    waiter.set_state(State::Tried);
    Some(who)
}

// SAFETY: a `Waiter<Incoming<()>>` is `Send`.
unsafe impl Receive for Latch {
    type Output = ();
    type Each = ();
    type Node = Waiter<Incoming<()>>;

    fn each((): ()) -> Option<()> {
        Some(())
    }

    #[inline]
    fn node() -> Waiter<Incoming<()>> {
        Waiter::receive().tried()
    }

    #[inline]
    fn may(&self) -> bool {
        self.is_set()
    }

    #[inline]
    fn now(&self) -> Poll<()> {
        match self.is_set() && coop::take() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }

    unsafe fn poll_receive(
        &self,
        node: Pin<&mut Waiter<Incoming<()>>>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        // SAFETY: the caller uses the pinned node with this latch only, and releases it.
        unsafe { self.poll_wait(&node, At::Begun, cx) }
    }

    unsafe fn look(&self, node: Pin<&mut Waiter<Incoming<()>>>, _cx: &mut Context<'_>) -> Look<()> {
        if !self.is_set() {
            return Look::NotReady;
        }
        if !coop::take() {
            return Look::Refused;
        }
        self.withdraw(&node);
        Look::Ready(())
    }

    unsafe fn enter(&self, node: Pin<&mut Waiter<Incoming<()>>>, place: Place<'_>) -> Enter<()> {
        let mut waiting = self.lock();
        if self.is_set() {
            if !coop::take() {
                return Enter::Refused;
            }
            if !place.right().win() {
                return Enter::Chosen;
            }
            // A select's node has no waker to be dropped.
            let _ = leave(&mut waiting, &node);
            return Enter::Ready(());
        }
        match node.state() {
            State::Queued => Enter::Waiting,
            // Somebody was faster, for this very arm.
            State::Done | State::Closed => Enter::Chosen,
            State::Idle | State::Tried | State::Finished => {
                // SAFETY: in no queue, and the caller keeps node and claim until the node was released.
                unsafe { waiting.push(&node, Who::Select(place.claim), place.arm) };
                Enter::Waiting
            }
        }
    }

    unsafe fn collect(&self, node: Pin<&mut Waiter<Incoming<()>>>) {
        if node.state() == State::Queued {
            // Whoever chose is about to complete the node, and holds the lock until then.
            drop(self.lock());
        }
        debug_assert_eq!(node.state(), State::Closed);
        node.set_state(State::Finished);
    }

    unsafe fn release(&self, node: Pin<&mut Waiter<Incoming<()>>>) {
        self.withdraw(&node);
    }
}

impl Default for Latch {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Latch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Latch")
            .field("set", &self.is_set())
            .finish_non_exhaustive()
    }
}

/// The future of [`Latch::wait`]. It may be dropped at any time.
#[must_use = "a future does nothing unless it is awaited"]
pub struct LatchWait<'a> {
    latch: &'a Latch,
    at: Position,
    waiter: Waiter<Incoming<()>>,
}

impl Future for LatchWait<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { latch, at, waiter } = self.as_ref().get_ref();
        // SAFETY: the node is pinned with the future, used with its latch only, and withdrawn by `drop`.
        unsafe { latch.poll_wait(waiter, At::Here(at), cx) }
    }
}

impl Drop for LatchWait<'_> {
    fn drop(&mut self) {
        self.latch.withdraw(&self.waiter);
    }
}

impl fmt::Debug for LatchWait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LatchWait")
            .field("latch", &self.latch)
            .finish_non_exhaustive()
    }
}
