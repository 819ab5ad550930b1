//! `timeout`: a future and a deadline, whichever comes first.
//!
//! What must hold: a future that is ready when it is polled wins, also where the deadline has passed
//! by then; and a future that uses up its goroutine's slice again and again does not keep the
//! deadline from being seen. A dump shows what the future waits for, if it has said so, and the sleep
//! otherwise.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::sleep::{Sleep, sleep};
use crate::note::{self, Reason};

/// Gives `future` at most `duration`, counted from this call.
///
/// The future is polled first, so what is ready is never thrown away for being late. At the deadline
/// it is not polled any more; it is dropped with the `Timeout`.
///
/// # Errors
///
/// [`Elapsed`] if the future was not ready in time.
///
/// # Panics
///
/// When it is awaited outside every runtime and has to wait.
///
/// # Examples
///
/// ```
/// use std::future;
/// use std::time::Duration;
///
/// use chango_core::{runtime, time};
///
/// let runtime = runtime::Builder::new().build()?;
/// runtime.block_on(async {
///     let second = Duration::from_secs(1);
///     assert_eq!(time::timeout(second, async { 7 }).await, Ok(7));
///
///     let milli = Duration::from_millis(1);
///     assert!(time::timeout(milli, future::pending::<()>()).await.is_err());
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
#[track_caller]
pub fn timeout<F: Future>(duration: Duration, future: F) -> Timeout<F> {
    Timeout {
        future,
        sleep: sleep(duration),
    }
}

/// The future of [`timeout`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
/// runtime.block_on(async {
///     let in_time = chango_core::time::timeout(Duration::from_secs(60), async { 1 });
///     assert_eq!(in_time.await, Ok(1));
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "a future does nothing unless it is awaited"]
pub struct Timeout<F> {
    future: F,
    sleep: Sleep,
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    // What the future learns of its caller is to be where this is awaited.
    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: both fields are pinned with the whole: neither is moved, here or in a `Drop`.
        let (future, mut sleep) = unsafe {
            let this = self.get_unchecked_mut();
            (
                Pin::new_unchecked(&mut this.future),
                Pin::new_unchecked(&mut this.sleep),
            )
        };
        if let Poll::Ready(output) = future.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        // Without `coop`: if the future is pending because the slice is used up, the deadline would
        // be put off to the next slice, which the future may use up as well.
        if sleep.as_mut().poll_over(cx).is_pending() {
            note::waits_otherwise(Reason::SleepWait, sleep.at());
            return Poll::Pending;
        }
        note::gives_up();
        Poll::Ready(Err(Elapsed(())))
    }
}

impl<F> fmt::Debug for Timeout<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout")
            .field("deadline", &self.sleep.deadline())
            .finish_non_exhaustive()
    }
}

/// The error of [`timeout`]: the time is up.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
/// runtime.block_on(async {
///     let never = std::future::pending::<()>();
///     let late = chango_core::time::timeout(Duration::from_millis(1), never).await;
///     assert_eq!(late.unwrap_err().to_string(), "the time is up");
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed(());

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the time is up")
    }
}

impl Error for Elapsed {}

impl From<Elapsed> for std::io::Error {
    fn from(elapsed: Elapsed) -> Self {
        std::io::Error::new(std::io::ErrorKind::TimedOut, elapsed)
    }
}
