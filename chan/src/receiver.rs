//! The receiving end: docs and a call.

use std::fmt;
use std::future::{Future, poll_fn};
use std::iter::FusedIterator;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use chango_core::note::{self, At, Position};
use chango_core::time;
use futures_lite::Stream;

use crate::blocking::block_on;
use crate::channel::{Channel, Closed, UNBOUNDED};
use crate::error::{RecvTimeoutError, TryRecvError};
use crate::future::{RecvFuture, recv};
use crate::primitive::sync::Arc;
use crate::waiter::{Incoming, State, Waiter};
use crate::weak::WeakReceiver;

/// The receiving end of a channel.
///
/// It can be cloned and shared; each value goes to one receiver. When the last receiver is dropped,
/// the channel closes and what is stored is dropped with it.
///
/// It is also a [`Stream`], for the adapters of futures-lite and its like.
///
/// # Examples
///
/// ```
/// use chango_chan::bounded;
/// use futures_lite::future::block_on;
///
/// let (tx, rx) = bounded(1);
/// tx.try_send("hello")?;
/// drop(tx);
/// block_on(async {
///     assert_eq!(rx.recv().await, Some("hello"));
///     assert_eq!(rx.recv().await, None);
/// });
/// # Ok::<(), chango_chan::TrySendError<&str>>(())
/// ```
pub struct Receiver<T> {
    channel: Arc<Channel<T>>,
    /// Where this end waits as a stream; made when it first has to.
    stream: Option<Pin<Box<Waiter<Incoming<T>>>>>,
}

impl<T> Receiver<T> {
    pub(crate) fn new(channel: Arc<Channel<T>>) -> Self {
        Self {
            channel,
            stream: None,
        }
    }

    #[inline]
    pub(crate) fn channel(&self) -> &Channel<T> {
        &self.channel
    }

    /// Receives a value, waiting for one; `None` once the channel is closed and drained.
    ///
    /// The future may be dropped at any time: a value that it was handed goes to the next receiver,
    /// or back to the channel, before everything that is stored there.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::future::block_on;
    ///
    /// let (tx, rx) = chango_chan::unbounded();
    /// tx.try_send(1)?;
    /// tx.close();
    /// assert_eq!(block_on(rx.recv()), Some(1));
    /// assert_eq!(block_on(rx.recv()), None);
    /// # Ok::<(), chango_chan::TrySendError<i32>>(())
    /// ```
    #[inline]
    #[track_caller]
    pub fn recv(&self) -> RecvFuture<'_, T> {
        RecvFuture::new(&self.channel)
    }

    /// Receives a value if there is one. It never waits.
    ///
    /// # Errors
    ///
    /// [`TryRecvError::Empty`] or [`TryRecvError::Closed`].
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
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        match self.channel.receive(|| true) {
            Poll::Ready(Some(value)) => Ok(value),
            Poll::Ready(None) => Err(TryRecvError::Closed),
            Poll::Pending => Err(TryRecvError::Empty),
        }
    }

    /// Receives as many values as are there, waiting for the first one: up to `limit`, which go
    /// behind what is in `values`. Gives how many it were; 0 once the channel is closed and drained,
    /// and at once if `limit` is 0.
    ///
    /// There is what is stored, and what waiting senders have; what is sent while this takes is left
    /// for the next one. The values are in their order, but other receivers may take some of those
    /// between. All of them count as one operation of a goroutine's slice.
    ///
    /// The future may be dropped at any time: before it is done it has taken nothing, and has not
    /// touched what is in `values`. One value that it was handed meanwhile goes to the next
    /// receiver, or back to the channel, before everything that is stored there.
    ///
    /// # Panics
    ///
    /// If `values` cannot grow. What was not taken is then still in the channel.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = chango_chan::unbounded();
    /// (1..=5).try_for_each(|i| tx.try_send(i))?;
    /// drop(tx);
    /// futures_lite::future::block_on(async {
    ///     let mut values = vec![];
    ///     assert_eq!(rx.recv_many(&mut values, 3).await, 3);
    ///     assert_eq!(rx.recv_many(&mut values, 3).await, 2);
    ///     assert_eq!(rx.recv_many(&mut values, 3).await, 0);
    ///     assert_eq!(values, [1, 2, 3, 4, 5]);
    /// });
    /// # Ok::<(), chango_chan::TrySendError<i32>>(())
    /// ```
    #[track_caller]
    pub fn recv_many(&self, values: &mut Vec<T>, limit: usize) -> impl Future<Output = usize> {
        self.recv_many_at(values, limit, Location::caller())
    }

    async fn recv_many_at(&self, values: &mut Vec<T>, limit: usize, at: Position) -> usize {
        if limit == 0 {
            return 0;
        }
        // Before anything is taken, so that the first value cannot be lost if it fails.
        values.reserve(1);
        let Some(first) = RecvFuture::begun_at(&self.channel, at).await else {
            return 0;
        };
        values.push(first);
        // Nothing waits from here on, so that what was taken is not the business of a drop.
        1 + self.channel.receive_many(values, limit - 1)
    }

    /// Receives a value, waiting no longer than `duration`, counted from the first poll.
    ///
    /// What is there at once is received, also where the duration is zero.
    ///
    /// # Errors
    ///
    /// [`RecvTimeoutError::Timeout`] or [`RecvTimeoutError::Closed`].
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
    /// use chango_chan::RecvTimeoutError;
    ///
    /// let (tx, rx) = chango_chan::bounded::<i32>(1);
    /// chango_core::runtime::Runtime::new()?.block_on(async {
    ///     let milli = Duration::from_millis(1);
    ///     assert_eq!(rx.recv_timeout(milli).await, Err(RecvTimeoutError::Timeout));
    ///     drop(tx);
    ///     assert_eq!(rx.recv_timeout(milli).await, Err(RecvTimeoutError::Closed));
    /// });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn recv_timeout(
        &self,
        duration: Duration,
    ) -> impl Future<Output = Result<T, RecvTimeoutError>> {
        self.recv_timeout_at(duration, Location::caller())
    }

    async fn recv_timeout_at(
        &self,
        duration: Duration,
        at: Position,
    ) -> Result<T, RecvTimeoutError> {
        let mut receive = pin!(RecvFuture::begun_at(&self.channel, at));
        let mut sleep = pin!(time::sleep(duration));
        poll_fn(|cx| {
            if let Poll::Ready(received) = receive.as_mut().poll(cx) {
                return Poll::Ready(received.ok_or(RecvTimeoutError::Closed));
            }
            if sleep.as_mut().poll(cx).is_pending() {
                // Whom it waits for says more than for how long at most.
                self.channel.note_receive(At::Here(at));
                return Poll::Pending;
            }
            note::gives_up();
            // A sender may have come between the two polls; its value is not lost.
            Poll::Ready(receive.as_mut().stop().map_err(|closed| match closed {
                true => RecvTimeoutError::Closed,
                false => RecvTimeoutError::Timeout,
            }))
        })
        .await
    }

    /// Receives a value on a plain thread, which blocks until there is one; `None` once the channel
    /// is closed and drained.
    ///
    /// In a goroutine it works too: if it has to wait, another thread runs the other goroutines of the
    /// worker meanwhile. [`recv`](Receiver::recv) costs no thread.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = chango_chan::bounded(1);
    /// let thread = std::thread::spawn(move || tx.send_blocking(1));
    /// assert_eq!(rx.recv_blocking(), Some(1));
    /// assert_eq!(rx.recv_blocking(), None);
    /// # thread.join().unwrap().unwrap();
    /// ```
    pub fn recv_blocking(&self) -> Option<T> {
        block_on(self.recv())
    }

    /// What comes through the channel, for plain threads: each turn blocks until there is a value,
    /// and the end comes once the channel is closed and drained. A turn is a
    /// [`recv_blocking`](Receiver::recv_blocking), in a goroutine too.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = chango_chan::bounded(1);
    /// let thread = std::thread::spawn(move || {
    ///     (0..5).for_each(|i| tx.send_blocking(i).unwrap());
    /// });
    /// assert_eq!(rx.iter().sum::<i32>(), 10);
    /// # thread.join().unwrap();
    /// ```
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { receiver: self }
    }

    /// A weak receiver of the channel, which does not keep it open.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = chango_chan::bounded::<i32>(1);
    /// let weak = rx.downgrade();
    /// assert!(weak.upgrade().is_some());
    /// drop(rx);
    /// assert!(tx.is_closed());
    /// assert!(weak.upgrade().is_none());
    /// ```
    pub fn downgrade(&self) -> WeakReceiver<T> {
        WeakReceiver::new(Arc::clone(&self.channel))
    }

    /// Closes the channel; false if it was closed already.
    ///
    /// Senders that wait get their values back. What is stored can still be received.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = chango_chan::bounded(1);
    /// tx.try_send(1)?;
    /// assert!(rx.close());
    /// assert!(tx.try_send(2).unwrap_err().is_closed());
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// # Ok::<(), chango_chan::TrySendError<i32>>(())
    /// ```
    pub fn close(&self) -> bool {
        self.channel.close(Closed::ByReceiver)
    }

    /// Whether the channel is closed, from either side. There may be values in it still.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = chango_chan::bounded::<i32>(1);
    /// assert!(!rx.is_closed());
    /// drop(tx);
    /// assert!(rx.is_closed());
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
    /// let (tx, rx) = chango_chan::unbounded();
    /// tx.try_send('a')?;
    /// assert_eq!(rx.len(), 1);
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
    /// let (_tx, rx) = chango_chan::bounded::<i32>(1);
    /// assert!(rx.is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.channel.len() == 0
    }

    /// Whether there is no room. A rendezvous is always full.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(chango_chan::bounded::<i32>(0).1.is_full());
    /// assert!(!chango_chan::bounded::<i32>(1).1.is_full());
    /// ```
    pub fn is_full(&self) -> bool {
        self.channel.len() >= self.channel.capacity()
    }

    /// How many values can be stored; none if the channel is unbounded.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(chango_chan::bounded::<i32>(7).1.capacity(), Some(7));
    /// assert_eq!(chango_chan::unbounded::<i32>().1.capacity(), None);
    /// ```
    pub fn capacity(&self) -> Option<usize> {
        Some(self.channel.capacity()).filter(|&capacity| capacity != UNBOUNDED)
    }

    /// Whether both receive from one channel.
    ///
    /// # Examples
    ///
    /// ```
    /// let (_tx, rx) = chango_chan::bounded::<i32>(1);
    /// assert!(rx.same_channel(&rx.clone()));
    /// assert!(!rx.same_channel(&chango_chan::bounded(1).1));
    /// ```
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.channel, &other.channel)
    }

    /// How many senders there are.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = chango_chan::bounded::<i32>(1);
    /// assert_eq!(rx.sender_count(), 1);
    /// drop(tx);
    /// assert_eq!(rx.sender_count(), 0);
    /// ```
    pub fn sender_count(&self) -> usize {
        self.channel.sender_count()
    }

    /// How many receivers there are.
    ///
    /// # Examples
    ///
    /// ```
    /// let (_tx, rx) = chango_chan::bounded::<i32>(1);
    /// let other = rx.clone();
    /// assert_eq!(rx.receiver_count(), 2);
    /// # drop(other);
    /// ```
    pub fn receiver_count(&self) -> usize {
        self.channel.receiver_count()
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        self.channel.add_receiver();
        Self::new(Arc::clone(&self.channel))
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        if let Some(waiter) = &self.stream {
            // What the stream was handed goes to another receiver, while this one still counts.
            recv::withdraw(&self.channel, waiter);
        }
        self.channel.remove_receiver();
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Receiver").field(&self.channel()).finish()
    }
}

impl<T> Stream for Receiver<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let Self { channel, stream } = self.get_mut();
        // The place is kept from one value to the next, so that a stream allocates once.
        let waiter = &**stream.get_or_insert_with(|| Box::pin(Waiter::receive()));
        // SAFETY: the node is pinned in its box, belongs to this end, whose channel does not change,
        // and is withdrawn by `drop`.
        let received = ready!(unsafe { recv::poll_recv(channel, waiter, At::Unknown, cx) });
        waiter.set_state(State::Idle);
        Poll::Ready(received)
    }
}

/// The iterator of [`Receiver::iter`].
///
/// # Examples
///
/// ```
/// let (tx, rx) = chango_chan::unbounded();
/// tx.try_send(1).unwrap();
/// drop(tx);
/// let all: Vec<i32> = rx.iter().collect();
/// assert_eq!(all, [1]);
/// ```
#[derive(Debug)]
pub struct Iter<'a, T> {
    receiver: &'a Receiver<T>,
}

impl<T> Iterator for Iter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        block_on(self.receiver.recv())
    }
}

impl<T> FusedIterator for Iter<'_, T> {}

/// The iterator of a [`Receiver`] that was moved into a loop.
///
/// # Examples
///
/// ```
/// let (tx, rx) = chango_chan::unbounded();
/// tx.try_send(1).unwrap();
/// drop(tx);
/// let all: Vec<i32> = rx.into_iter().collect();
/// assert_eq!(all, [1]);
/// ```
#[derive(Debug)]
pub struct IntoIter<T> {
    receiver: Receiver<T>,
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        block_on(self.receiver.recv())
    }
}

impl<T> FusedIterator for IntoIter<T> {}

impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    /// What comes through the channel, for plain threads; see [`Receiver::iter`].
    fn into_iter(self) -> IntoIter<T> {
        IntoIter { receiver: self }
    }
}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}
