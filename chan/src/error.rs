//! What can go wrong with a channel: one small type for each kind of call.
//!
//! What must hold: an error of a send gives the value back, and no error asks anything of `T`.

use std::error::Error;
use std::fmt;

/// The error of `send` and `send_blocking`: the channel is closed, and here is the value again.
///
/// # Examples
///
/// ```
/// let (tx, rx) = chango_chan::bounded::<i32>(1);
/// drop(rx);
/// let error = tx.send_blocking(7).unwrap_err();
/// assert!(error.is_disconnected());
/// assert_eq!(error.into_inner(), 7);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SendError<T> {
    value: T,
    disconnected: bool,
}

impl<T> SendError<T> {
    pub(crate) fn new(value: T, disconnected: bool) -> Self {
        Self {
            value,
            disconnected,
        }
    }

    /// The value that was not sent.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = chango_chan::bounded(1);
    /// drop(rx);
    /// let error = futures_lite::future::block_on(tx.send("back")).unwrap_err();
    /// assert_eq!(error.into_inner(), "back");
    /// ```
    pub fn into_inner(self) -> T {
        self.value
    }

    /// Whether nobody listens any more: the last receiver was dropped, or a receiver closed the
    /// channel. False if a sender closed it, after which a further send is a mistake.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = chango_chan::bounded(1);
    /// drop(rx);
    /// let error = futures_lite::future::block_on(tx.send("back")).unwrap_err();
    /// assert!(error.is_disconnected());
    /// ```
    pub fn is_disconnected(&self) -> bool {
        self.disconnected
    }
}

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendError")
            .field("disconnected", &self.disconnected)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.disconnected {
            "nobody receives from the channel any more"
        } else {
            "the channel was closed by a sender"
        })
    }
}

impl<T> Error for SendError<T> {}

/// The error of `try_send`, with the value.
///
/// # Examples
///
/// ```
/// use chango_chan::TrySendError;
///
/// let (tx, rx) = chango_chan::bounded::<i32>(1);
/// tx.try_send(1)?;
/// assert_eq!(tx.try_send(2), Err(TrySendError::Full(2)));
/// drop(rx);
/// assert_eq!(tx.try_send(3), Err(TrySendError::Closed(3)));
/// # Ok::<(), TrySendError<i32>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TrySendError<T> {
    /// There is no room, or on a rendezvous nobody who waits to receive.
    Full(T),
    /// The channel is closed.
    Closed(T),
}

impl<T> TrySendError<T> {
    /// The value that was not sent.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, _rx) = chango_chan::bounded(0);
    /// let error = tx.try_send("back").unwrap_err();
    /// assert_eq!(error.into_inner(), "back");
    /// ```
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(value) | Self::Closed(value) => value,
        }
    }

    /// Whether there was no room.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, _rx) = chango_chan::bounded(0);
    /// let error = tx.try_send("back").unwrap_err();
    /// assert!(error.is_full());
    /// ```
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }

    /// Whether the channel is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, _rx) = chango_chan::bounded(0);
    /// let error = tx.try_send("back").unwrap_err();
    /// assert!(!error.is_closed());
    /// ```
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }
}

impl<T> fmt::Debug for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> fmt::Display for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the channel is full",
            Self::Closed(_) => "the channel is closed",
        })
    }
}

impl<T> Error for TrySendError<T> {}

/// The error of `send_timeout`, with the value.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// let error = chango_core::runtime::Runtime::new()?.run(async {
///     let (tx, _rx) = chango_chan::bounded(0);
///     tx.send_timeout("back", Duration::from_millis(1)).await.unwrap_err()
/// });
/// assert!(matches!(error, chango_chan::SendTimeoutError::Timeout("back")));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SendTimeoutError<T> {
    /// The time was over before there was room.
    Timeout(T),
    /// The channel is closed.
    Closed(T),
}

impl<T> SendTimeoutError<T> {
    /// The value that was not sent.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let error = chango_core::runtime::Runtime::new()?.run(async {
    ///     let (tx, _rx) = chango_chan::bounded(0);
    ///     tx.send_timeout("back", Duration::from_millis(1)).await.unwrap_err()
    /// });
    /// assert_eq!(error.into_inner(), "back");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn into_inner(self) -> T {
        match self {
            Self::Timeout(value) | Self::Closed(value) => value,
        }
    }

    /// Whether the time was over.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let error = chango_core::runtime::Runtime::new()?.run(async {
    ///     let (tx, _rx) = chango_chan::bounded(0);
    ///     tx.send_timeout("back", Duration::from_millis(1)).await.unwrap_err()
    /// });
    /// assert!(error.is_timeout());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout(_))
    }

    /// Whether the channel is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let error = chango_core::runtime::Runtime::new()?.run(async {
    ///     let (tx, _rx) = chango_chan::bounded(0);
    ///     tx.send_timeout("back", Duration::from_millis(1)).await.unwrap_err()
    /// });
    /// assert!(!error.is_closed());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }
}

impl<T> fmt::Debug for SendTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout(_) => "Timeout(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> fmt::Display for SendTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout(_) => "the time is up, and there was no room in the channel",
            Self::Closed(_) => "the channel is closed",
        })
    }
}

impl<T> Error for SendTimeoutError<T> {}

/// The error of `try_recv`.
///
/// # Examples
///
/// ```
/// use chango_chan::TryRecvError;
///
/// let (tx, rx) = chango_chan::bounded::<i32>(1);
/// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
/// drop(tx);
/// assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// There is nothing to receive now.
    Empty,
    /// There never will be: the channel is closed and drained.
    Closed,
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the channel is empty",
            Self::Closed => "the channel is closed and drained",
        })
    }
}

impl Error for TryRecvError {}

/// The error of `recv_timeout`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// let (_tx, rx) = chango_chan::bounded::<i32>(1);
/// let nothing = chango_core::runtime::Runtime::new()?
///     .run(async move { rx.recv_timeout(Duration::from_millis(1)).await });
/// assert_eq!(nothing, Err(chango_chan::RecvTimeoutError::Timeout));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecvTimeoutError {
    /// The time was over before there was anything to receive.
    Timeout,
    /// There never will be: the channel is closed and drained.
    Closed,
}

impl fmt::Display for RecvTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout => "the time is up, and nothing came through the channel",
            Self::Closed => "the channel is closed and drained",
        })
    }
}

impl Error for RecvTimeoutError {}
