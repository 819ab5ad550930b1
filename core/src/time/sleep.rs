//! `sleep` and `sleep_until`: a deadline, and one entry for a heap of timers.
//!
//! What must hold:
//!
//! * a sleep is ready only when its deadline has come, and stays ready from then on, until it is reset;
//! * whoever waits is woken at the deadline or before it, never only after: an entry may stand in the heap
//!   with an earlier moment than the deadline, and then the poll that it causes arms it again.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::moment::Moment;
use super::{arm_sooner, deadline_after, poll_deadline};
use crate::coop;
use crate::note::{self, At, Position, Reason};
use crate::timer::Entry;

/// Waits for at least `duration`, counted from this call. (Go: `time.Sleep`.)
///
/// A duration of zero is over at once; one of more than 292 years, such as [`Duration::MAX`], never is. Dropping
/// the future ends the wait and leaves nothing behind.
///
/// # Panics
///
/// When it is awaited outside every runtime and has to wait.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
///
/// use chango_core::{runtime, time};
///
/// let runtime = runtime::Builder::new().build()?;
/// let start = Instant::now();
/// runtime.block_on(time::sleep(Duration::from_millis(5)));
/// assert!(start.elapsed() >= Duration::from_millis(5));
/// # Ok::<(), std::io::Error>(())
/// ```
#[track_caller]
pub fn sleep(duration: Duration) -> Sleep {
    sleep_at(duration, Location::caller())
}

/// The same for an operation that began elsewhere.
pub(crate) fn sleep_at(duration: Duration, at: Position) -> Sleep {
    Sleep {
        deadline: deadline_after(duration).map_or(Moment::NEVER, Moment::at),
        at,
        entry: Entry::new(),
    }
}

/// Waits until `deadline`; not at all if it has passed, and for ever if it is more than 292 years away.
///
/// Dropping the future ends the wait and leaves nothing behind.
///
/// # Panics
///
/// When it is awaited outside every runtime and has to wait.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use chango_core::{runtime, time};
///
/// let runtime = runtime::Builder::new().build()?;
/// let deadline = time::now() + Duration::from_millis(5);
/// runtime.block_on(time::sleep_until(deadline));
/// assert!(time::now() >= deadline);
/// # Ok::<(), std::io::Error>(())
/// ```
#[track_caller]
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep {
        deadline: Moment::at(deadline),
        at: Location::caller(),
        entry: Entry::new(),
    }
}

/// The future of [`sleep`] and [`sleep_until`].
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
///
/// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
/// let began = Instant::now();
/// let sleep: chango_core::time::Sleep = chango_core::time::sleep(Duration::from_millis(2));
/// runtime.block_on(sleep);
/// assert!(began.elapsed() >= Duration::from_millis(2));
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "a sleep does nothing unless it is awaited"]
pub struct Sleep {
    deadline: Moment,
    at: Position,
    entry: Entry,
}

impl Sleep {
    /// When the sleep is over; `None` if never, which more than 292 years are.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chango_core::time;
    ///
    /// assert!(time::sleep(Duration::ZERO).deadline() <= Some(time::now()));
    /// assert_eq!(time::sleep(Duration::MAX).deadline(), None);
    /// ```
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline.instant()
    }

    /// Has the sleep last until `deadline`, whatever it was set to and whether or not it was over; whoever
    /// waits goes on waiting, for the new deadline.
    ///
    /// To put it off costs next to nothing, so it may be done for every message of a connection.
    ///
    /// # Panics
    ///
    /// Outside every runtime, if it is awaited already and is to end sooner.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::pin::pin;
    /// use std::time::{Duration, Instant};
    ///
    /// use chango_core::{runtime, time};
    ///
    /// let runtime = runtime::Builder::new().build()?;
    /// let deadline = Instant::now() + Duration::from_millis(5);
    /// let mut sleep = pin!(time::sleep(Duration::ZERO));
    /// sleep.as_mut().reset(deadline);
    /// runtime.block_on(sleep);
    /// assert!(Instant::now() >= deadline);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn reset(self: Pin<&mut Self>, deadline: Instant) {
        // SAFETY: the deadline is a plain field, and the entry is pinned with the sleep.
        let this = unsafe { self.get_unchecked_mut() };
        let new = Moment::at(deadline);
        let sooner = new < std::mem::replace(&mut this.deadline, new);
        if sooner && this.entry.is_armed() {
            // SAFETY: as above.
            let entry = unsafe { Pin::new_unchecked(&mut this.entry) };
            arm_sooner(entry, deadline);
        }
    }

    /// Where it was begun.
    pub(super) fn at(&self) -> At {
        At::Here(self.at)
    }

    /// As `poll`, without asking `coop` and without a note.
    pub(super) fn poll_over(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = self.deadline();
        // SAFETY: the entry is pinned with the sleep: nothing here or in `Drop` moves it.
        let entry = unsafe { self.map_unchecked_mut(|sleep| &mut sleep.entry) };
        poll_deadline(entry, deadline, cx)
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.as_mut().poll_over(cx).is_pending() {
            note::waits(Reason::SleepWait, self.at());
            return Poll::Pending;
        }
        coop::poll_proceed(cx)
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep")
            .field("deadline", &self.deadline())
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_takes_what_a_hundred_thousand_can_afford() {
        assert!(size_of::<Sleep>() <= 48);
    }
}
