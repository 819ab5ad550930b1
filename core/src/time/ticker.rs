//! `tick` and `Ticker`: a deadline that comes again and again.
//!
//! A face: docs and a call. What must hold is in [`super::alarm`].

use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::alarm::{Alarm, Fired, Wait};
use crate::note::At;

/// A ticker that fires every `period`, first in one period from now. (Go: `time.Tick`,
/// `time.NewTicker`.)
///
/// Receive from it with `<-ticker`, or in a loop with `for moment in <-ticker`.
///
/// # Panics
///
/// If the period is zero.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use chango_core::{runtime, time};
///
/// let runtime = runtime::Builder::new().build()?;
/// runtime.block_on(async {
///     let period = Duration::from_millis(2);
///     let ticker = time::tick(period);
///     let first = ticker.fired().await;
///     let second = ticker.fired().await;
///     assert!(second - first >= period);
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
#[track_caller]
pub fn tick(period: Duration) -> Ticker {
    assert!(
        !period.is_zero(),
        "the period of a ticker must be longer than zero"
    );
    Ticker {
        alarm: Alarm::every(period),
    }
}

/// A ticker made by [`tick`].
///
/// Each tick is received once, by one of those who wait for it. Ticks do not pile up: whoever comes
/// late receives the first tick that nobody has received, and the others that have passed since are
/// dropped, without a shift of those to come. All methods take `&self`: a ticker can be shared. It
/// needs a runtime only where somebody waits for it.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
/// let ticker = chango_core::time::tick(Duration::from_millis(1));
/// runtime.block_on(async {
///     let first = ticker.fired().await;
///     assert!(ticker.fired().await > first);
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Ticker {
    alarm: Alarm,
}

impl Ticker {
    /// Stops the ticker. False if it was stopped before.
    ///
    /// A tick that nobody has received is forgotten. Whoever waits goes on waiting, for a `reset`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chango_core::time;
    ///
    /// let ticker = time::tick(Duration::from_nanos(1));
    /// assert!(ticker.stop());
    /// assert!(!ticker.stop());
    /// assert_eq!(ticker.try_fired(), None);
    /// ```
    pub fn stop(&self) -> bool {
        self.alarm.stop()
    }

    /// Starts the ticker anew, with this period; the first tick comes in one period from now.
    ///
    /// A tick that nobody has received is forgotten. Whoever waits goes on waiting, for the new
    /// ones.
    ///
    /// # Panics
    ///
    /// If the period is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chango_core::time;
    ///
    /// let ticker = time::tick(Duration::from_nanos(1));
    /// ticker.reset(Duration::MAX);
    /// assert_eq!(ticker.try_fired(), None);
    /// ```
    #[track_caller]
    pub fn reset(&self, period: Duration) {
        assert!(
            !period.is_zero(),
            "the period of a ticker must be longer than zero"
        );
        self.alarm.reset(period);
    }

    /// Whether a tick could be received now.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chango_core::time;
    ///
    /// assert!(!time::tick(Duration::MAX).is_fired());
    /// ```
    pub fn is_fired(&self) -> bool {
        self.alarm.is_fired()
    }

    /// Receives a tick if there is one: the moment it was due.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chango_core::time;
    ///
    /// let ticker = time::tick(Duration::MAX);
    /// assert_eq!(ticker.try_fired(), None);
    /// ```
    pub fn try_fired(&self) -> Option<Instant> {
        self.alarm.try_fired()
    }

    /// Waits for a tick and receives it: what `<-ticker` does.
    ///
    /// Dropping the future ends the wait; a tick it did not return can still be received.
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
    /// let ticker = time::tick(Duration::from_millis(1));
    /// assert!(runtime.block_on(ticker.fired()) <= time::now());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn fired(&self) -> Fired<'_> {
        self.alarm.fired()
    }

    /// The fast path of `<-ticker`: receives a tick if there is one and `coop` lets it through, and
    /// registers nothing otherwise.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chango_core::time;
    ///
    /// assert!(time::tick(Duration::MAX).poll_now().is_pending());
    /// ```
    pub fn poll_now(&self) -> Poll<Instant> {
        self.alarm.poll_now()
    }

    /// Receives a tick, or has this context's waker woken at the next one. Asks `coop`.
    ///
    /// For those who write futures; everybody else has [`fired`](Ticker::fired).
    ///
    /// # Safety
    ///
    /// From this call until `wait` is dropped (if it is leaked, for ever) the ticker neither moves
    /// nor is dropped: `wait` stands in a list inside the ticker.
    #[track_caller]
    pub unsafe fn poll_fired(&self, cx: &mut Context<'_>, wait: Pin<&mut Wait>) -> Poll<Instant> {
        // SAFETY: what the caller promises.
        unsafe { self.poll_fired_at(cx, wait, At::Here(Location::caller())) }
    }

    /// The same for an operation that began elsewhere, as a dump says.
    ///
    /// # Safety
    ///
    /// As for [`poll_fired`](Ticker::poll_fired).
    #[doc(hidden)]
    pub unsafe fn poll_fired_at(
        &self,
        cx: &mut Context<'_>,
        wait: Pin<&mut Wait>,
        at: At,
    ) -> Poll<Instant> {
        // SAFETY: the caller promises for the ticker what is asked for the alarm, a field of it.
        unsafe { self.alarm.poll_fired(cx, wait, at) }
    }

    /// Says whether there is a tick and leaves it where it is, or has this context's waker woken at
    /// the next one. Does not ask `coop`.
    ///
    /// After `Ready`, [`try_fired`](Ticker::try_fired) receives the tick, unless somebody else was
    /// faster: then poll again. For an example see [`Wait`].
    ///
    /// # Safety
    ///
    /// As for [`poll_fired`](Ticker::poll_fired).
    pub unsafe fn poll_ready(&self, cx: &mut Context<'_>, wait: Pin<&mut Wait>) -> Poll<()> {
        // SAFETY: the caller promises for the ticker what is asked for the alarm, a field of it.
        unsafe { self.alarm.poll_ready(cx, wait) }
    }
}
