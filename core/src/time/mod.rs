//! Time as goroutines see it: [`sleep`], [`after`], [`tick`] and [`timeout`].
//!
//! The public futures over the heaps of timers below the scheduler. What must hold:
//!
//! * nothing fires early, and a duration too long to be added to the present means never;
//! * nothing is allocated beyond the waiting future: the node that stands in the heap is part of it;
//! * whoever drops a future has taken its node out of the heap.
//!
//! | here | in Go |
//! |---|---|
//! | [`sleep`] | `time.Sleep` |
//! | [`after`], [`Timer`] | `time.After`, `time.NewTimer`, `time.Timer` |
//! | [`tick`], [`Ticker`] | `time.Tick`, `time.NewTicker`, `time.Ticker` |
//! | [`timeout`] | `context.WithTimeout` around one call |
//!
//! Timers and tickers behave as Go's do since Go 1.23: after `stop` or `reset` no old firing is
//! received any more.

mod alarm;
mod bell;
mod moment;
mod sleep;
mod ticker;
mod timeout;
mod timer;

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

pub use self::alarm::{Fired, Wait};
pub use self::bell::Bell;
pub(crate) use self::sleep::sleep_at;
pub use self::sleep::{Sleep, sleep, sleep_until};
pub use self::ticker::{Ticker, tick};
pub use self::timeout::{Elapsed, Timeout, timeout};
pub use self::timer::{Timer, after};
use crate::clock;
use crate::primitive::sync::Arc;
use crate::sched::current;
use crate::spawn::no_runtime;
use crate::timer::{Armed, Entry, Shard};
use crate::util::foreign_waker::ForeignWaker;

/// The present moment of the monotonic clock, from which the deadlines here are counted.
///
/// # Examples
///
/// ```
/// use chango_core::time;
///
/// let start = time::now();
/// assert!(time::now() >= start);
/// ```
#[inline]
pub fn now() -> Instant {
    clock::now()
}

/// The moment `duration` from now; none if it is too far off to be expressed.
fn deadline_after(duration: Duration) -> Option<Instant> {
    clock::now().checked_add(duration)
}

/// Whether a deadline has come.
fn is_over(deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|deadline| deadline <= clock::now())
}

/// Where a timer goes that is set here.
pub(crate) fn shard() -> Arc<Shard> {
    current::timer_shard().unwrap_or_else(|| no_runtime("waiting for a timer"))
}

/// Waits for `deadline` with this context's waker; ready when the deadline has come. Does not ask
/// `coop`.
fn poll_deadline(
    mut entry: Pin<&mut Entry>,
    deadline: Option<Instant>,
    cx: &mut Context<'_>,
) -> Poll<()> {
    if entry.as_mut().set_waker(cx.waker()) {
        return Poll::Pending;
    }
    // Not whether the entry has fired: it may have been armed for a moment before this one.
    if is_over(deadline) {
        return Poll::Ready(());
    }
    let (armed, old) = entry.arm(&shard(), deadline, ForeignWaker::of(cx.waker()));
    drop(old);
    announce(armed, deadline);
    Poll::Pending
}

/// Has whoever waits with this entry woken at `deadline`. If its time has come meanwhile he has been woken.
fn arm_sooner(mut entry: Pin<&mut Entry>, deadline: Instant) {
    let shard = shard();
    if let Some(waker) = entry.as_mut().disarm() {
        let (armed, [none, _refused]) = entry.arm(&shard, Some(deadline), waker);
        debug_assert!(none.is_none(), "it was disarmed");
        announce(armed, Some(deadline));
    }
}

/// After an entry was armed, and with no lock held: sees to it that nobody sleeps past the deadline.
pub(crate) fn announce(armed: Armed, deadline: Option<Instant>) {
    // `Refused`: the runtime has shut down and drops whatever waits in it.
    if let (Armed::Waiting { earliest: true }, Some(deadline)) = (armed, deadline) {
        current::timer_moved(deadline);
    }
}
