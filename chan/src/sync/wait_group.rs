//! Waiting for a number of goroutines to end. (Go: `sync.WaitGroup`.)
//!
//! What must hold: whoever waits is queued only while the count is not zero; when it becomes zero,
//! all who wait then are released, also if it grows again before they are polled.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use chango_core::coop;
use chango_core::note::{self, At, Position, Reason};
use chango_core::spawn::spawn;
use chango_core::task::JoinHandle;
use chango_core::util::foreign_waker::ForeignWaker;
use chango_core::util::wake_list::WakeList;

use crate::primitive::sync::Arc;
use crate::primitive::{Mutex, Rank};
use crate::wait_queue::WaitQueue;
use crate::waiter::{State as Stage, Waiter, Who};

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
    shared: Arc<Mutex<State>>,
}

struct State {
    count: usize,
    waiting: WaitQueue<()>,
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
            count: 0,
            waiting: WaitQueue::new(),
        };
        Self {
            shared: Arc::new(Mutex::new(Rank::Sync, state)),
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
        let sum = {
            let mut state = self.shared.lock();
            let sum = state.count.checked_add(n);
            state.count = sum.unwrap_or(state.count);
            sum
        };
        assert!(
            sum.is_some(),
            "a wait group waits for more than it can count"
        );
    }

    /// One of those waited for has ended. With the last one, all who wait are released.
    ///
    /// # Panics
    ///
    /// If the group waits for nobody: `done` was called more often than `add` said.
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
        let mut wake = WakeList::new();
        let left = {
            let mut state = self.shared.lock();
            let left = state.count.checked_sub(1);
            state.count = left.unwrap_or(0);
            if left == Some(0) {
                state.waiting.close(&mut wake);
            }
            left
        };
        wake.wake_all();
        assert!(
            left.is_some(),
            "`done` on a wait group that waits for nobody"
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
        self.add(1);
        let member = Member(self.clone());
        spawn(async move {
            // Goes after the future, also when the goroutine panics or is aborted.
            let _member = member;
            future.await
        })
    }
}

/// One who is waited for.
struct Member(WaitGroup);

impl Drop for Member {
    fn drop(&mut self) {
        self.0.done();
    }
}

impl Default for WaitGroup {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for WaitGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.shared.lock().count;
        f.debug_struct("WaitGroup")
            .field("count", &count)
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
    waiter: Waiter<()>,
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
        let mut state = group.shared.lock();
        match waiter.state() {
            Stage::Queued => {
                // SAFETY: queued, and the lock is held.
                let old = unsafe { waiter.set_waker(waker) };
                drop(state);
                drop(old);
                note::waits(Reason::WaitGroupWait, At::Here(at));
                Poll::Pending
            }
            Stage::Idle | Stage::Tried if state.count > 0 => {
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
        let mut state = self.group.shared.lock();
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
