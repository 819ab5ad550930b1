//! What a `Timer` and a `Ticker` have in common: the next deadline, and a list of who waits for it.
//!
//! The deadline lives in the alarm, the entries of the heaps of timers in those who wait: an alarm
//! that nobody waits for costs the runtime nothing. What must hold, all of it under the lock:
//!
//! * a firing is received once: whoever takes it moves the deadline on in the same step;
//! * a [`Wait`] in the list is armed for the deadline or for an earlier one (it then wakes in vain
//!   and waits again), or is on its way to be polled. So `reset`, which may set an earlier deadline,
//!   wakes all;
//! * when an alarm fires, all who wait are woken, since each has an entry of its own; one of them
//!   gets the firing. That is dear with many on one timer, which is rare, and needs no care when one
//!   of those woken never comes.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use super::{announce, deadline_after, shard};
use crate::note::{self, At, Position, Reason};
use crate::primitive::cell::UnsafeCell;
use crate::primitive::{Mutex, Rank};
use crate::timer::Entry;
use crate::util::foreign_waker::ForeignWaker;
use crate::util::wake_list::WakeList;
use crate::{clock, coop};

/// A deadline that may come again.
pub(super) struct Alarm {
    state: Mutex<State>,
}

struct State {
    next: Next,
    /// From one deadline to the next; none for an alarm that fires once.
    period: Option<Duration>,
    /// The head of the list of those who wait.
    waiting: Option<NonNull<Wait>>,
}

/// When an alarm fires next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// Stopped, or fired and received.
    Off,
    /// Running, with a deadline too far off to be expressed.
    Never,
    At(Instant),
}

impl Next {
    fn after(duration: Duration) -> Self {
        deadline_after(duration).map_or(Self::Never, Self::At)
    }

    fn deadline(self) -> Option<Instant> {
        match self {
            Self::At(deadline) => Some(deadline),
            Self::Off | Self::Never => None,
        }
    }
}

// SAFETY: the pointers of the list are used under the lock; what they point to, a `Wait`, may be
// used from any thread.
unsafe impl Send for State {}

impl Alarm {
    /// An alarm that fires once, `duration` from now.
    pub(super) fn once(duration: Duration) -> Self {
        Self::new(Next::after(duration), None)
    }

    /// An alarm that fires every `period`, first in one period from now.
    pub(super) fn every(period: Duration) -> Self {
        Self::new(Next::after(period), Some(period))
    }

    fn new(next: Next, period: Option<Duration>) -> Self {
        let state = State {
            next,
            period,
            waiting: None,
        };
        Self {
            state: Mutex::new(Rank::TimerWaiters, state),
        }
    }

    /// Whether a firing could be received now.
    pub(super) fn is_fired(&self) -> bool {
        self.state.lock().is_due(clock::now())
    }

    /// Receives the firing, if there is one. Does not ask `coop`.
    pub(super) fn try_fired(&self) -> Option<Instant> {
        self.state.lock().take(clock::now())
    }

    /// Receives the firing, if there is one and `coop` lets it through.
    pub(super) fn poll_now(&self) -> Poll<Instant> {
        let mut state = self.state.lock();
        let now = clock::now();
        if state.is_due(now) && coop::take() {
            // Due, so there is something to take.
            return state.take(now).map_or(Poll::Pending, Poll::Ready);
        }
        Poll::Pending
    }

    /// Receives the firing, or waits for it, as a dump says: at `at`.
    ///
    /// # Safety
    ///
    /// As for [`Alarm::poll_ready`].
    pub(super) unsafe fn poll_fired(
        &self,
        cx: &mut Context<'_>,
        mut wait: Pin<&mut Wait>,
        at: At,
    ) -> Poll<Instant> {
        loop {
            // SAFETY: what the caller promises.
            if unsafe { self.poll_ready(cx, wait.as_mut()) }.is_pending() {
                note::waits(Reason::SleepWait, at);
                return Poll::Pending;
            }
            ready!(coop::poll_proceed(cx));
            if let Some(fired) = self.try_fired() {
                wait.detach();
                return Poll::Ready(fired);
            }
            // Another one was faster.
        }
    }

    /// Waits until there is a firing, and leaves it where it is. Does not ask `coop`.
    ///
    /// # Safety
    ///
    /// From now until `wait` is dropped, or for ever if it is leaked, the alarm stays where it is.
    pub(super) unsafe fn poll_ready(&self, cx: &mut Context<'_>, wait: Pin<&mut Wait>) -> Poll<()> {
        if !ptr::eq(wait.alarm.get(), self) {
            wait.detach();
        }
        {
            let mut state = self.state.lock();
            if state.is_due(clock::now()) {
                return Poll::Ready(());
            }
            let waiting = !wait.alarm.get().is_null();
            if waiting && wait.entry(&mut state).will_wake(cx.waker()) {
                return Poll::Pending;
            }
        }
        // Neither a panic nor the cloning and dropping of wakers is to happen under the lock.
        let (shard, waker) = (shard(), ForeignWaker::of(cx.waker()));
        let mut state = self.state.lock();
        if wait.alarm.get().is_null() {
            wait.alarm.set(self);
            // SAFETY: the node is pinned, in no list, and its drop takes it out of this one; until
            // then, the caller promises, the alarm is here.
            unsafe { state.link(NonNull::from(&*wait)) };
        }
        let deadline = state.next.deadline();
        let (armed, old) = wait.entry(&mut state).arm(&shard, deadline, waker);
        drop(state);
        drop(old);
        announce(armed, deadline);
        Poll::Pending
    }

    /// Forgets the deadline and a firing that was not received; whether there was either.
    pub(super) fn stop(&self) -> bool {
        let mut state = self.state.lock();
        let was_running = state.next != Next::Off;
        state.next = Next::Off;
        // They go on waiting, for a reset.
        state.for_each(Entry::unheap);
        was_running
    }

    /// Starts again with a new deadline, and with a new period if there is one.
    pub(super) fn reset(&self, duration: Duration) {
        // Declared before the lock: wakes after it is open.
        let mut wake = WakeList::new();
        let mut state = self.state.lock();
        state.next = Next::after(duration);
        state.period = state.period.map(|_| duration);
        // Each arms itself anew, in the runtime that it waits in.
        state.for_each(|entry| wake.extend(entry.disarm()));
    }

    /// A future for the next firing.
    #[track_caller]
    pub(super) fn fired(&self) -> Fired<'_> {
        Fired {
            wait: Wait::new(),
            at: Location::caller(),
            alarm: self,
        }
    }
}

impl fmt::Debug for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.lock();
        f.debug_struct("Alarm")
            .field("next", &state.next)
            .field("period", &state.period)
            .finish_non_exhaustive()
    }
}

impl State {
    fn is_due(&self, now: Instant) -> bool {
        self.next.deadline().is_some_and(|deadline| deadline <= now)
    }

    /// Takes the firing that is due and moves the deadline on.
    fn take(&mut self, now: Instant) -> Option<Instant> {
        let fired = self.next.deadline().filter(|&deadline| deadline <= now)?;
        self.next = match self.period {
            None => Next::Off,
            // Go's rule for a slow receiver: it gets the first of the ticks that it missed, and
            // then the next one that is still to come.
            Some(period) => now
                .checked_add(rest(now - fired, period))
                .map_or(Next::Never, Next::At),
        };
        Some(fired)
    }

    /// Puts a node at the head of the list.
    ///
    /// # Safety
    ///
    /// The node is in no list, and neither moves nor goes before it is taken out of this one.
    unsafe fn link(&mut self, node: NonNull<Wait>) {
        let next = self.waiting.replace(node);
        // SAFETY: nodes of the list are valid, and their links belong to whoever holds its lock.
        unsafe {
            node.as_ref()
                .links
                .with_mut(|links| *links = Links { prev: None, next });
            if let Some(next) = next {
                next.as_ref()
                    .links
                    .with_mut(|links| (*links).prev = Some(node));
            }
        }
    }

    /// Takes a node out of the list.
    ///
    /// # Safety
    ///
    /// The node is in this list.
    unsafe fn unlink(&mut self, node: &Wait) {
        // SAFETY: nodes of the list are valid, and their links belong to whoever holds its lock.
        unsafe {
            let Links { prev, next } = node
                .links
                .with_mut(|links| ptr::replace(links, Links::NONE));
            match prev {
                None => self.waiting = next,
                Some(prev) => prev.as_ref().links.with_mut(|links| (*links).next = next),
            }
            if let Some(next) = next {
                next.as_ref().links.with_mut(|links| (*links).prev = prev);
            }
        }
    }

    /// Runs `f` on the entry of each who waits.
    fn for_each(&mut self, mut f: impl FnMut(Pin<&mut Entry>)) {
        let mut at = self.waiting;
        while let Some(node) = at {
            // SAFETY: nodes of the list are valid.
            let node = unsafe { node.as_ref() };
            f(node.entry(self));
            // SAFETY: links belong to whoever holds the lock of the list.
            at = node.links.with(|links| unsafe { (*links).next });
        }
    }
}

/// The time from `late` after a tick to the next one.
fn rest(late: Duration, period: Duration) -> Duration {
    let (late, period) = (late.as_nanos(), period.as_nanos());
    let rest = period - late % period;
    // Not more than the period, whose nanoseconds make a duration.
    Duration::new((rest / 1_000_000_000) as u64, (rest % 1_000_000_000) as u32)
}

/// One waiter's place in a [`Timer`](super::Timer) or [`Ticker`](super::Ticker).
///
/// Part of the future that waits, so that waiting allocates nothing; its drop ends the waiting. Used
/// by those who write such a future, for example an arm of a select; [`Fired`] is one.
///
/// # Examples
///
/// ```
/// use std::pin::pin;
/// use std::time::Duration;
///
/// use chango_core::{runtime, time};
///
/// let runtime = runtime::Builder::new().build()?;
/// runtime.block_on(async {
///     let timer = time::after(Duration::from_millis(1));
///     let mut wait = pin!(time::Wait::new());
///     // SAFETY: `wait` is dropped before `timer`, which does not move.
///     std::future::poll_fn(|cx| unsafe { timer.poll_ready(cx, wait.as_mut()) }).await;
///     assert!(timer.try_fired().is_some());
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Wait {
    /// The alarm in whose list this node is; null if in none. Only the owner looks.
    alarm: Cell<*const Alarm>,
    /// Belongs to whoever holds the alarm's lock.
    links: UnsafeCell<Links>,
    /// Belongs to whoever holds the alarm's lock; while in no list, to the owner.
    entry: UnsafeCell<Entry>,
}

struct Links {
    prev: Option<NonNull<Wait>>,
    next: Option<NonNull<Wait>>,
}

impl Links {
    const NONE: Self = Self {
        prev: None,
        next: None,
    };
}

// SAFETY: `alarm` is used by the owner only, the rest under the lock of the alarm, which stays where
// it is while the node is in its list.
unsafe impl Send for Wait {}
// SAFETY: there is nothing to be done with an `&Wait` outside this file but to print it, and that
// reads nothing.
unsafe impl Sync for Wait {}

impl Wait {
    /// A node that waits for nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// let wait = chango_core::time::Wait::new();
    /// drop(wait);
    /// ```
    pub fn new() -> Self {
        Self {
            alarm: Cell::new(ptr::null()),
            links: UnsafeCell::new(Links::NONE),
            entry: UnsafeCell::new(Entry::new()),
        }
    }

    /// Ends the waiting.
    fn detach(&self) {
        let alarm = self.alarm.replace(ptr::null());
        // SAFETY: null, or the alarm in whose list this node is, which stays where it is meanwhile.
        let Some(alarm) = (unsafe { alarm.as_ref() }) else {
            return;
        };
        let mut state = alarm.state.lock();
        // SAFETY: the node is in this list.
        unsafe { state.unlink(self) };
        let waker = self.entry(&mut state).disarm();
        drop(state);
        drop(waker);
    }

    /// The entry of a node in the list of the alarm whose state this is.
    fn entry<'a>(&'a self, _state: &'a mut State) -> Pin<&'a mut Entry> {
        self.entry.with_mut(|entry| {
            // SAFETY: a node in a list is pinned, and the lock of the list gives the right to its entry.
            unsafe { Pin::new_unchecked(&mut *entry) }
        })
    }
}

impl Default for Wait {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.detach();
    }
}

impl fmt::Debug for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").finish_non_exhaustive()
    }
}

/// The future of `Timer::fired` and `Ticker::fired`: the next firing.
///
/// It may be dropped at any time: a firing that it did not return is there for others.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
/// let timer = chango_core::time::after(Duration::ZERO);
/// drop(timer.fired());
/// runtime.block_on(timer.fired());
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "a future does nothing unless it is awaited"]
#[derive(Debug)]
pub struct Fired<'a> {
    wait: Wait,
    at: Position,
    alarm: &'a Alarm,
}

impl Future for Fired<'_> {
    type Output = Instant;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Instant> {
        let (alarm, at) = (self.alarm, At::Here(self.at));
        // SAFETY: the node is pinned with the future: nothing here or in `Drop` moves it.
        let wait = unsafe { self.map_unchecked_mut(|fired| &mut fired.wait) };
        // SAFETY: the alarm is borrowed for as long as the node lives; and if the future is leaked,
        // what the list of a moved or dropped alarm says of the node is never used by the node.
        unsafe { alarm.poll_fired(cx, wait, at) }
    }
}
