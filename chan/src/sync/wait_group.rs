//! Waiting for a number of goroutines to end. (Go: `sync.WaitGroup`.)
//!
//! What must hold:
//!
//! * there are two counts: of the members, which `go` has started, and of those that are counted by hand, so
//!   that a `done` too many takes no member's count away. Each goes to zero, and away from it, under the lock
//!   of the queue only; in between it is changed without;
//! * whoever waits is queued only while one of them is not zero; when both are, all who wait then are
//!   released, also if the group grows again before they are polled;
//! * a member owns nothing but its count: while there are members the group keeps itself.
//!
//! To start one goroutine more, and to end it, costs one read-modify-write each.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll, ready};

use chango_core::coop;
use chango_core::note::{self, At, Position, Reason};
use chango_core::spawn::spawn;
use chango_core::task::JoinHandle;
use chango_core::util::foreign_waker::ForeignWaker;
use chango_core::util::wake_list::WakeList;

use crate::primitive::atomic::{AtomicUsize, Ordering};
use crate::primitive::sync::Arc;
use crate::primitive::{Mutex, Rank};
use crate::wait_queue::WaitQueue;
use crate::waiter::{Incoming, State as Stage, Waiter, Who};

/// Waits for a number of goroutines to end. (Go: `sync.WaitGroup`.)
///
/// Clones are the same group. [`go`](WaitGroup::go) does the counting; with [`add`](WaitGroup::add)
/// and [`done`](WaitGroup::done) it is done by hand.
///
/// # Examples
///
/// ```
/// use chango_chan::sync::WaitGroup;
///
/// chango_core::runtime::Runtime::new()?.run(async {
///     let group = WaitGroup::new();
///     for i in 0..3 {
///         group.go(async move { println!("worker {i}") });
///     }
///     group.wait().await;
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct WaitGroup {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    members: Count,
    by_hand: Count,
    state: Mutex<State>,
}

struct State {
    waiting: WaitQueue<Incoming<()>>,
    /// The group itself, while it has members.
    kept: Option<Arc<Shared>>,
}

struct Count(AtomicUsize);

/// A count that was to become more than it can be, or less than it may be.
#[derive(Debug)]
struct OutOfRange;

impl Count {
    fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// As of some moment, or, where it is zero, for as long as the caller has the lock.
    fn get(&self) -> usize {
        // Relaxed: whoever goes on because of it has the lock, under which it became zero.
        self.0.load(Ordering::Relaxed)
    }

    /// `n` more, if there were at least `least`; how many there were.
    #[inline]
    fn add(&self, n: usize, least: usize) -> Result<usize, OutOfRange> {
        self.update(|count| count.checked_add(n).filter(|_| count >= least))
    }

    /// One less, if there were at least `least`; how many there were.
    #[inline]
    fn remove(&self, least: usize) -> Result<usize, OutOfRange> {
        self.update(|count| count.checked_sub(1).filter(|_| count >= least))
    }

    #[inline]
    fn update(&self, change: impl Fn(usize) -> Option<usize>) -> Result<usize, OutOfRange> {
        // Release: what was done before the end of one who is waited for is seen by whoever makes the count
        // zero, and, through the lock, by whoever waits. Acquire: that is the last to end.
        self.0
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, change)
            .map_err(|_| OutOfRange)
    }
}

impl WaitGroup {
    /// A group of none. It allocates what its clones share, so it is no `const fn` as those of the locks
    /// are; a `static` group is a `LazyLock`.
    ///
    /// # Examples
    ///
    /// ```
    /// let group = chango_chan::sync::WaitGroup::new();
    /// // There is nothing to wait for.
    /// futures_lite::future::block_on(group.wait());
    /// ```
    pub fn new() -> Self {
        let state = State {
            waiting: WaitQueue::new(),
            kept: None,
        };
        Self {
            shared: Arc::new(Shared {
                members: Count::new(),
                by_hand: Count::new(),
                state: Mutex::new(Rank::Sync, state),
            }),
        }
    }

    /// Waits for `n` more.
    ///
    /// Call it before what is to be waited for begins, not inside of it: a wait that comes first
    /// would find nothing to wait for.
    ///
    /// # Panics
    ///
    /// If the count would exceed `usize`.
    ///
    /// # Examples
    ///
    /// ```
    /// let group = chango_chan::sync::WaitGroup::new();
    /// group.add(1);
    /// let worker = group.clone();
    /// let thread = std::thread::spawn(move || worker.done());
    /// futures_lite::future::block_on(group.wait());
    /// # thread.join().unwrap();
    /// ```
    #[track_caller]
    pub fn add(&self, n: usize) {
        assert!(self.shared.add(n).is_ok(), "{TOO_MANY}");
    }

    /// One of those counted by [`add`](Self::add) has ended. With the last one, all who wait are released.
    ///
    /// # Panics
    ///
    /// If it is called more often than `add` has said. Those that [`go`](Self::go) has started count for
    /// themselves, and are waited for all the same.
    ///
    /// # Examples
    ///
    /// ```
    /// let group = chango_chan::sync::WaitGroup::new();
    /// group.add(1);
    /// group.done();
    /// futures_lite::future::block_on(group.wait());
    /// ```
    #[track_caller]
    pub fn done(&self) {
        assert!(
            self.shared.done().is_ok(),
            "`done` on a wait group more often than `add` has said"
        );
    }

    /// Waits until the count is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::future;
    ///
    /// let group = chango_chan::sync::WaitGroup::new();
    /// group.add(1);
    /// future::block_on(future::zip(group.wait(), async { group.done() }));
    /// ```
    #[track_caller]
    pub fn wait(&self) -> WaitGroupWait<'_> {
        WaitGroupWait {
            group: self,
            at: Location::caller(),
            waiter: Waiter::receive(),
        }
    }

    /// Starts a goroutine that the group waits for, however it ends. (Go 1.25: `WaitGroup.Go`.)
    ///
    /// # Panics
    ///
    /// Outside every runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_chan::sync::WaitGroup;
    ///
    /// chango_core::runtime::Runtime::new()?.run(async {
    ///     let group = WaitGroup::new();
    ///     let square = group.go(async { 7 * 7 });
    ///     group.wait().await;
    ///     assert_eq!(square.await.unwrap(), 49);
    /// });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn go<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let _member = Member::of(&self.shared);
        spawn(Counted { future, _member })
    }
}

/// What a goroutine of a group does. The member goes after all that the future has, also when the goroutine
/// panics, or is aborted before it begins: an async block that was never polled drops what it has taken in
/// the order in which it is mentioned. (Such a block would also have room for the future twice.)
struct Counted<F> {
    future: F,
    _member: Member,
}

impl<F: Future> Future for Counted<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: the future is pinned as this is: nothing moves it out, this has no destructor of its own,
        // and is `Unpin` only if the future is.
        let future = unsafe { self.map_unchecked_mut(|this| &mut this.future) };
        future.poll(cx)
    }
}

const TOO_MANY: &str = "a wait group waits for more than it can count";

impl Shared {
    /// How many are waited for.
    fn len(&self) -> usize {
        self.members.get().saturating_add(self.by_hand.get())
    }

    /// `n` more, by hand.
    fn add(&self, n: usize) -> Result<(), OutOfRange> {
        if self.by_hand.add(n, 1).is_err() {
            let _state = self.state.lock();
            self.by_hand.add(n, 0)?;
        }
        Ok(())
    }

    /// One less, by hand.
    fn done(&self) -> Result<(), OutOfRange> {
        if self.by_hand.remove(2).is_ok() {
            return Ok(());
        }
        let mut wake = WakeList::new();
        let mut state = self.state.lock();
        self.by_hand.remove(1)?;
        self.release(&mut state, &mut wake);
        drop(state);
        wake.wake_all();
        Ok(())
    }

    /// Releases all who wait, if nobody is waited for any more.
    fn release(&self, state: &mut State, wake: &mut WakeList) {
        if self.len() == 0 {
            state.waiting.close(wake);
        }
    }
}

/// One who is waited for, and who keeps the group by that.
pub(crate) struct Member(NonNull<Shared>);

// SAFETY: a group may be used, and freed, by any thread.
unsafe impl Send for Member {}
// SAFETY: nothing can be done to it by shared reference.
unsafe impl Sync for Member {}

impl Member {
    /// One more.
    #[inline]
    #[track_caller]
    pub(crate) fn of(shared: &Arc<Shared>) -> Self {
        if shared.members.add(1, 1).is_err() {
            assert!(Self::first(shared).is_ok(), "{TOO_MANY}");
        }
        Self(NonNull::from(&**shared))
    }

    /// The same where there may be no other.
    #[cold]
    fn first(shared: &Arc<Shared>) -> Result<(), OutOfRange> {
        let mut state = shared.state.lock();
        if shared.members.add(1, 0)? == 0 {
            state.kept = Some(Arc::clone(shared));
        }
        Ok(())
    }

    /// One less, which may be the last.
    #[cold]
    fn leave(&self) {
        // SAFETY: this one is counted, so the group keeps itself; and once it is not, nobody else ends that
        // before the lock is open.
        let shared = unsafe { self.0.as_ref() };
        let (mut wake, mut kept) = (WakeList::new(), None);
        let mut state = shared.state.lock();
        if let Ok(1) = shared.members.remove(1) {
            kept = state.kept.take();
            shared.release(&mut state, &mut wake);
        }
        drop(state);
        wake.wake_all();
        drop(kept);
    }
}

impl Drop for Member {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: this one is counted, so the group keeps itself. It is not touched after the count.
        if unsafe { self.0.as_ref() }.members.remove(2).is_err() {
            self.leave();
        }
    }
}

impl Default for WaitGroup {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for WaitGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitGroup")
            .field("count", &self.shared.len())
            .finish_non_exhaustive()
    }
}

/// The future of [`WaitGroup::wait`]. It may be dropped at any time.
///
/// # Examples
///
/// ```
/// let group = chango_chan::sync::WaitGroup::new();
/// futures_lite::future::block_on(group.wait());
/// ```
#[must_use = "a future does nothing unless it is awaited"]
pub struct WaitGroupWait<'a> {
    group: &'a WaitGroup,
    at: Position,
    waiter: Waiter<Incoming<()>>,
}

impl Future for WaitGroupWait<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { group, at, waiter } = self.as_ref().get_ref();
        match waiter.state() {
            Stage::Idle | Stage::Tried | Stage::Queued => {}
            Stage::Done | Stage::Closed => {
                waiter.set_state(Stage::Finished);
                return Poll::Ready(());
            }
            Stage::Finished => panic!("the future of a wait group was polled after it was done"),
        }
        // A waker is cloned and dropped outside the lock only.
        let waker = ForeignWaker::of(cx.waker());
        let mut state = group.shared.state.lock();
        match waiter.state() {
            Stage::Queued => {
                // SAFETY: queued, and the lock is held.
                let old = unsafe { waiter.set_waker(waker) };
                drop(state);
                drop(old);
                note::waits(Reason::WaitGroupWait, At::Here(at));
                Poll::Pending
            }
            Stage::Idle | Stage::Tried if group.shared.len() > 0 => {
                // SAFETY: the node is pinned with the future, in no queue, and `drop` takes it out
                // of this one.
                unsafe { state.waiting.push(waiter, Who::Plain(waker), 0) };
                drop(state);
                note::waits(Reason::WaitGroupWait, At::Here(at));
                Poll::Pending
            }
            Stage::Idle | Stage::Tried => {
                drop(state);
                drop(waker);
                ready!(coop::poll_proceed(cx));
                waiter.set_state(Stage::Finished);
                Poll::Ready(())
            }
            Stage::Done | Stage::Closed | Stage::Finished => {
                // Released between the two looks.
                drop(state);
                drop(waker);
                waiter.set_state(Stage::Finished);
                Poll::Ready(())
            }
        }
    }
}

impl Drop for WaitGroupWait<'_> {
    fn drop(&mut self) {
        if self.waiter.state() != Stage::Queued {
            return;
        }
        let mut state = self.group.shared.state.lock();
        if self.waiter.state() != Stage::Queued {
            return;
        }
        // SAFETY: queued, in this group's queue.
        let who = unsafe { state.waiting.remove(&self.waiter) };
        drop(state);
        drop(who);
    }
}

impl fmt::Debug for WaitGroupWait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitGroupWait")
            .field("group", &self.group)
            .finish_non_exhaustive()
    }
}
