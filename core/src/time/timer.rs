//! `after` and `Timer`: one deadline that can be stopped and set again.
//!
//! A face: docs and a call. What must hold is in [`super::alarm`].

use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::alarm::{Alarm, Fired, Wait};
use crate::note::At;

/// A timer that fires once, `duration` from now. (Go: `time.After`, `time.NewTimer`.)
///
/// Receive from it with `<-timer`, which gives the moment it was set for. A duration that is too
/// long to be added to the present, such as [`Duration::MAX`], means never.
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
///     let timer = time::after(Duration::from_millis(5));
///     let fired = timer.fired().await;
///     assert!(fired <= time::now());
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn after(duration: Duration) -> Timer {
    Timer {
        alarm: Alarm::once(duration),
    }
}

/// A timer made by [`after`].
///
/// It fires once, and the firing is received once, by one of those who wait for it. After that it
/// does not fire again until [`reset`](Timer::reset). All methods take `&self`: a timer can be
/// shared. It needs a runtime only where somebody waits for it.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
/// let timer = chango_core::time::after(Duration::MAX);
/// timer.reset(Duration::from_millis(1));
/// runtime.block_on(timer.fired());
/// assert!(!timer.stop(), "it has fired, and the firing was received");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Timer {
    alarm: Alarm,
}

impl Timer {
    /// Stops the timer. False if there was nothing to stop: it had fired, and the firing was
    /// received, or it was stopped before.
    ///
    /// A firing that nobody has received is forgotten. Whoever waits goes on waiting, for a `reset`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chango_core::time;
    ///
    /// let timer = time::after(Duration::ZERO);
    /// assert!(timer.stop());
    /// assert!(!timer.stop());
    /// assert_eq!(timer.try_fired(), None);
    /// ```
    pub fn stop(&self) -> bool {
        self.alarm.stop()
    }

    /// Sets the timer to fire `duration` from now, whatever it was set to before.
    ///
    /// A firing that nobody has received is forgotten. Whoever waits goes on waiting, for the new
    /// one.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chango_core::time;
    ///
    /// let timer = time::after(Duration::MAX);
    /// assert_eq!(timer.try_fired(), None);
    /// timer.reset(Duration::ZERO);
    /// assert!(timer.try_fired().is_some());
    /// ```
    pub fn reset(&self, duration: Duration) {
        self.alarm.reset(duration);
    }

    /// Whether the timer has fired and the firing could be received now.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chango_core::time;
    ///
    /// assert!(time::after(Duration::ZERO).is_fired());
    /// assert!(!time::after(Duration::MAX).is_fired());
    /// ```
    pub fn is_fired(&self) -> bool {
        self.alarm.is_fired()
    }

    /// Receives the firing if there is one: the moment for which the timer was set.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chango_core::time;
    ///
    /// let timer = time::after(Duration::ZERO);
    /// assert!(timer.try_fired().is_some());
    /// assert_eq!(timer.try_fired(), None);
    /// ```
    pub fn try_fired(&self) -> Option<Instant> {
        self.alarm.try_fired()
    }

    /// Waits for the firing and receives it: what `<-timer` does.
    ///
    /// Dropping the future ends the wait; a firing it did not return can still be received.
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
    /// let timer = time::after(Duration::from_millis(1));
    /// assert!(runtime.block_on(timer.fired()) <= time::now());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn fired(&self) -> Fired<'_> {
        self.alarm.fired()
    }

    /// The fast path of `<-timer`: receives the firing if there is one and `coop` lets it through,
    /// and registers nothing otherwise.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chango_core::time;
    ///
    /// let timer = time::after(Duration::ZERO);
    /// assert!(timer.poll_now().is_ready());
    /// assert!(timer.poll_now().is_pending());
    /// ```
    pub fn poll_now(&self) -> Poll<Instant> {
        self.alarm.poll_now()
    }

    /// Receives the firing, or has this context's waker woken at the deadline. Asks `coop`.
    ///
    /// For those who write futures; everybody else has [`fired`](Timer::fired).
    ///
    /// # Safety
    ///
    /// From this call until `wait` is dropped (if it is leaked, for ever) the timer neither moves
    /// nor is dropped: `wait` stands in a list inside the timer.
    #[track_caller]
    pub unsafe fn poll_fired(&self, cx: &mut Context<'_>, wait: Pin<&mut Wait>) -> Poll<Instant> {
        // SAFETY: what the caller promises.
        unsafe { self.poll_fired_at(cx, wait, At::Here(Location::caller())) }
    }

    /// The same for an operation that began elsewhere, as a dump says.
    ///
    /// # Safety
    ///
    /// As for [`poll_fired`](Timer::poll_fired).
    #[doc(hidden)]
    pub unsafe fn poll_fired_at(
        &self,
        cx: &mut Context<'_>,
        wait: Pin<&mut Wait>,
        at: At,
    ) -> Poll<Instant> {
        // SAFETY: the caller promises for the timer what is asked for the alarm, a field of it.
        unsafe { self.alarm.poll_fired(cx, wait, at) }
    }

    /// Says whether there is a firing and leaves it where it is, or has this context's waker woken
    /// at the deadline. Does not ask `coop`.
    ///
    /// After `Ready`, [`try_fired`](Timer::try_fired) receives the firing, unless somebody else was
    /// faster: then poll again. For an example see [`Wait`].
    ///
    /// # Safety
    ///
    /// As for [`poll_fired`](Timer::poll_fired).
    pub unsafe fn poll_ready(&self, cx: &mut Context<'_>, wait: Pin<&mut Wait>) -> Poll<()> {
        // SAFETY: the caller promises for the timer what is asked for the alarm, a field of it.
        unsafe { self.alarm.poll_ready(cx, wait) }
    }
}
