//! `sleep` and `sleep_until`: a deadline, and one entry for a heap of timers.
//!
//! What must hold: a sleep is ready only when its deadline has come, and stays ready from then on.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::{deadline_after, poll_deadline};
use crate::coop;
use crate::note::{self, At, Position, Reason};
use crate::timer::Entry;

/// Waits for at least `duration`, counted from this call. (Go: `time.Sleep`.)
///
/// A duration of zero is over at once; one that is too long to be added to the present, such as
/// [`Duration::MAX`], never is. Dropping the future ends the wait and leaves nothing behind.
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
        deadline: deadline_after(duration),
        at,
        entry: Entry::new(),
    }
}

/// Waits until `deadline`; not at all if it has passed.
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
        deadline: Some(deadline),
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
    /// None: never.
    deadline: Option<Instant>,
    at: Position,
    entry: Entry,
}

impl Sleep {
    /// When the sleep is over; `None` if never.
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
        self.deadline
    }

    /// Where it was begun.
    pub(super) fn at(&self) -> At {
        At::Here(self.at)
    }

    /// As `poll`, without asking `coop` and without a note.
    pub(super) fn poll_over(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = self.deadline;
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
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
