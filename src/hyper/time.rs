//! Timers for hyper, which are sleeps of ours in a box.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::hyper::rt;

use crate::time::{self, Duration, Instant, Sleep};

/// The timer for hyper's timeouts, such as that for the head of a request.
///
/// A timeout that hyper sets anew for each request of a connection costs it one allocation in all, and for
/// each request next to nothing.
///
/// # Examples
///
/// A client that has not sent its whole head after a second is gone:
///
/// ```
/// use std::time::Duration;
///
/// use hyper::server::conn::http1;
///
/// let mut http = http1::Builder::new();
/// http.timer(chango::hyper::Timer::new()).header_read_timeout(Duration::from_secs(1));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Timer(());

impl Timer {
    /// The timer.
    ///
    /// # Examples
    ///
    /// See [`Timer`].
    pub fn new() -> Self {
        Self::default()
    }
}

impl rt::Timer for Timer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(Timeout(time::sleep(duration)))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(Timeout(time::sleep_until(deadline)))
    }

    fn now(&self) -> Instant {
        time::now()
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn rt::Sleep>>, deadline: Instant) {
        match sleep.as_mut().downcast_mut_pin::<Timeout>() {
            Some(timeout) => timeout.sleep().reset(deadline),
            // Made by another timer.
            None => *sleep = self.sleep_until(deadline),
        }
    }
}

/// A sleep of ours, since neither it nor hyper's trait is of this crate.
struct Timeout(Sleep);

impl Timeout {
    fn sleep(self: Pin<&mut Self>) -> Pin<&mut Sleep> {
        // SAFETY: the sleep is pinned with this: nothing here moves it, and there is no `Drop`.
        unsafe { self.map_unchecked_mut(|timeout| &mut timeout.0) }
    }
}

impl Future for Timeout {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.sleep().poll(cx)
    }
}

impl rt::Sleep for Timeout {}

impl fmt::Debug for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
