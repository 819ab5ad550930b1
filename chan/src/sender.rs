//! The sending end: docs and a call.

use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use chango_core::note::{self, Position};
use chango_core::time;

use crate::blocking::block_on;
use crate::channel::{Channel, Closed, Sending, UNBOUNDED};
use crate::error::{SendError, SendTimeoutError, TrySendError};
use crate::future::SendFuture;
use crate::primitive::sync::Arc;
use crate::weak::WeakSender;

/// The sending end of a channel.
///
/// It can be cloned and shared; values arrive in the order in which sends complete. The channel
/// closes when the last sender is dropped, or by [`close`](Sender::close).
///
/// # Examples
///
/// ```
/// use chango_chan::bounded;
/// use futures_lite::future::block_on;
///
/// let (tx, rx) = bounded(10);
/// block_on(async {
///     for i in 0..3 {
///         tx.send(i).await.unwrap();
///     }
/// });
/// drop(tx);
/// assert_eq!(rx.iter().collect::<Vec<_>>(), [0, 1, 2]);
/// ```
pub struct Sender<T> {
    channel: Arc<Channel<T>>,
}

impl<T> Sender<T> {
    pub(crate) fn new(channel: Arc<Channel<T>>) -> Self {
        Self { channel }
    }

    #[inline]
    pub(crate) fn channel(&self) -> &Channel<T> {
        &self.channel
    }

    /// Sends a value, waiting for room; on a rendezvous, for a receiver.
    ///
    /// The future may be dropped at any time: a value that was not handed over goes down with it.
    ///
    /// # Errors
    ///
    /// [`SendError`] with the value, if the channel is closed, now or while this waits.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::future;
    ///
    /// let (tx, rx) = chango_chan::bounded(0);
    /// future::block_on(async {
    ///     let (sent, received) = future::zip(tx.send("now"), rx.recv()).await;
    ///     assert_eq!((sent, received), (Ok(()), Some("now")));
    /// });
    /// ```
    #[inline]
    #[track_caller]
    pub fn send(&self, value: T) -> SendFuture<'_, T> {
        SendFuture::new(&self.channel, value)
    }

    /// Sends a value if that is possible at once. It never waits.
    ///
    /// # Errors
    ///
    /// [`TrySendError::Full`] if there is no room, on a rendezvous if no receiver waits;
    /// [`TrySendError::Closed`] if the channel is closed. Both have the value.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_chan::TrySendError;
    ///
    /// let (tx, rx) = chango_chan::bounded(1);
    /// assert_eq!(tx.try_send(1), Ok(()));
    /// assert_eq!(tx.try_send(2), Err(TrySendError::Full(2)));
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// ```
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        let mut slot = Some(value);
        let sent = self.channel.send(&mut slot, || true);
        let Some(value) = slot else {
            return Ok(());
        };
        Err(match sent {
            Sending::Closed(_) => TrySendError::Closed(value),
            Sending::Done | Sending::Full | Sending::Refused => TrySendError::Full(value),
        })
    }

    /// Sends a value, waiting for room no longer than `duration`, counted from the first poll.
    ///
    /// What can be sent at once is sent, also where the duration is zero.
    ///
    /// # Errors
    ///
    /// [`SendTimeoutError::Timeout`] or [`SendTimeoutError::Closed`], with the value.
    ///
    /// # Panics
    ///
    /// When it has to wait outside every runtime, where there are no timers.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chango_chan::SendTimeoutError;
    ///
    /// let (tx, _rx) = chango_chan::bounded(1);
    /// chango_core::runtime::Runtime::new()?.block_on(async {
    ///     let milli = Duration::from_millis(1);
    ///     assert_eq!(tx.send_timeout(1, milli).await, Ok(()));
    ///     assert_eq!(tx.send_timeout(2, milli).await, Err(SendTimeoutError::Timeout(2)));
    /// });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn send_timeout(
        &self,
        value: T,
        duration: Duration,
    ) -> impl Future<Output = Result<(), SendTimeoutError<T>>> {
        self.send_timeout_at(value, duration, Location::caller())
    }

    async fn send_timeout_at(
        &self,
        value: T,
        duration: Duration,
        at: Position,
    ) -> Result<(), SendTimeoutError<T>> {
        let mut send = pin!(SendFuture::begun_at(&self.channel, value, at));
        let mut sleep = pin!(time::sleep(duration));
        poll_fn(|cx| {
            if let Poll::Ready(sent) = send.as_mut().poll(cx) {
                let closed = |error: SendError<T>| SendTimeoutError::Closed(error.into_inner());
                return Poll::Ready(sent.map_err(closed));
            }
            if sleep.as_mut().poll(cx).is_pending() {
                // Whom it waits for says more than for how long at most.
                self.channel.note_send(at);
                return Poll::Pending;
            }
            note::gives_up();
            // A receiver may have come between the two polls; the value then is its.
            Poll::Ready(
                send.as_mut()
                    .stop()
                    .map_err(|(value, closed)| match closed {
                        true => SendTimeoutError::Closed(value),
                        false => SendTimeoutError::Timeout(value),
                    }),
            )
        })
        .await
    }

    /// Sends a value from a plain thread, which blocks until there is room.
    ///
    /// In a goroutine it works too: if it has to wait, another thread runs the other goroutines of the
    /// worker meanwhile. [`send`](Sender::send) costs no thread.
    ///
    /// # Errors
    ///
    /// [`SendError`] with the value, if the channel is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = chango_chan::bounded(0);
    /// let thread = std::thread::spawn(move || tx.send_blocking(1));
    /// assert_eq!(rx.recv_blocking(), Some(1));
    /// assert_eq!(thread.join().unwrap(), Ok(()));
    /// ```
    pub fn send_blocking(&self, value: T) -> Result<(), SendError<T>> {
        block_on(self.send(value))
    }

    /// A weak sender of the channel, which does not keep it open.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = chango_chan::bounded::<i32>(1);
    /// let weak = tx.downgrade();
    /// assert!(weak.upgrade().is_some());
    /// drop(tx);
    /// assert!(rx.is_closed());
    /// assert!(weak.upgrade().is_none());
    /// ```
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender::new(Arc::clone(&self.channel))
    }

    /// Closes the channel; false if it was closed already.
    ///
    /// Senders that wait get their values back. Receivers drain what is stored and then see the
    /// end. A send statement on a channel that was closed from here panics, as in Go.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = chango_chan::bounded(1);
    /// tx.try_send(1)?;
    /// assert!(tx.close());
    /// assert!(!tx.close());
    /// assert_eq!(rx.iter().collect::<Vec<_>>(), [1]);
    /// # Ok::<(), chango_chan::TrySendError<i32>>(())
    /// ```
    pub fn close(&self) -> bool {
        self.channel.close(Closed::BySender)
    }

    /// Whether the channel is closed, from either side.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = chango_chan::bounded::<i32>(1);
    /// assert!(!tx.is_closed());
    /// drop(rx);
    /// assert!(tx.is_closed());
    /// ```
    pub fn is_closed(&self) -> bool {
        self.channel.closed().is_some()
    }

    /// How many values are stored. It can exceed the capacity by values that came back from
    /// receives that were dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, _rx) = chango_chan::unbounded();
    /// tx.try_send('a')?;
    /// assert_eq!(tx.len(), 1);
    /// # Ok::<(), chango_chan::TrySendError<char>>(())
    /// ```
    pub fn len(&self) -> usize {
        self.channel.len()
    }

    /// Whether nothing is stored. A rendezvous is always empty, but for values that came back.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, _rx) = chango_chan::bounded::<i32>(1);
    /// assert!(tx.is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.channel.len() == 0
    }

    /// Whether there is no room. A rendezvous is always full.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(chango_chan::bounded::<i32>(0).0.is_full());
    /// assert!(!chango_chan::bounded::<i32>(1).0.is_full());
    /// ```
    pub fn is_full(&self) -> bool {
        self.channel.len() >= self.channel.capacity()
    }

    /// How many values can be stored; none if the channel is unbounded.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(chango_chan::bounded::<i32>(7).0.capacity(), Some(7));
    /// assert_eq!(chango_chan::unbounded::<i32>().0.capacity(), None);
    /// ```
    pub fn capacity(&self) -> Option<usize> {
        Some(self.channel.capacity()).filter(|&capacity| capacity != UNBOUNDED)
    }

    /// Whether both send to one channel.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, _rx) = chango_chan::bounded::<i32>(1);
    /// assert!(tx.same_channel(&tx.clone()));
    /// assert!(!tx.same_channel(&chango_chan::bounded(1).0));
    /// ```
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.channel, &other.channel)
    }

    /// How many senders there are.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, _rx) = chango_chan::bounded::<i32>(1);
    /// let other = tx.clone();
    /// assert_eq!(tx.sender_count(), 2);
    /// # drop(other);
    /// ```
    pub fn sender_count(&self) -> usize {
        self.channel.sender_count()
    }

    /// How many receivers there are.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = chango_chan::bounded::<i32>(1);
    /// assert_eq!(tx.receiver_count(), 1);
    /// drop(rx);
    /// assert_eq!(tx.receiver_count(), 0);
    /// ```
    pub fn receiver_count(&self) -> usize {
        self.channel.receiver_count()
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.channel.add_sender();
        Self {
            channel: Arc::clone(&self.channel),
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.channel.remove_sender();
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sender").field(&self.channel()).finish()
    }
}
