//! The weak ends: they find the channel again and do not keep it open. Docs and a call.
//!
//! What must hold: a weak end counts neither as a sender nor as a receiver; it becomes a strong one
//! only while there is a strong one on its side, so that a side that has ended stays ended
//! (`Channel::upgrade_sender`).

use std::fmt;

use crate::channel::Channel;
use crate::primitive::sync::Arc;
use crate::receiver::Receiver;
use crate::sender::Sender;

/// A sender that does not keep the channel open: made by [`Sender::downgrade`].
///
/// To send, [`upgrade`](WeakSender::upgrade) it first. It keeps the memory of the channel itself,
/// 192 bytes, but none of the values: those go with the last receiver.
///
/// # Examples
///
/// Something that can send as long as others do, and that does not make the receiver wait for it:
///
/// ```
/// let (tx, rx) = chango_chan::unbounded();
/// let weak = tx.downgrade();
/// weak.upgrade().expect("`tx` is there").try_send("ping")?;
/// drop(tx);
/// assert!(weak.upgrade().is_none());
/// assert_eq!(rx.iter().collect::<Vec<_>>(), ["ping"]);
/// # Ok::<(), chango_chan::TrySendError<&str>>(())
/// ```
pub struct WeakSender<T> {
    channel: Arc<Channel<T>>,
}

impl<T> WeakSender<T> {
    pub(crate) fn new(channel: Arc<Channel<T>>) -> Self {
        Self { channel }
    }

    /// A sender of the channel; `None` once the last sender is gone.
    ///
    /// Beside the drop of the last sender on another thread it gives one of the two: a sender, and
    /// then the channel was not closed by that drop, or `None`. It never opens a channel again. One
    /// that was closed by [`close`](Sender::close) has senders still: it gives one, whose sends
    /// fail.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = chango_chan::bounded(1);
    /// let weak = tx.downgrade();
    /// let other = weak.upgrade().expect("`tx` is there");
    /// drop(tx);
    /// assert!(!rx.is_closed());
    /// other.try_send(1)?;
    /// drop(other);
    /// assert!(rx.is_closed());
    /// assert!(weak.upgrade().is_none());
    /// # Ok::<(), chango_chan::TrySendError<i32>>(())
    /// ```
    pub fn upgrade(&self) -> Option<Sender<T>> {
        self.channel
            .upgrade_sender()
            .then(|| Sender::new(Arc::clone(&self.channel)))
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.channel))
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WeakSender").field(&*self.channel).finish()
    }
}

/// A receiver that does not keep the channel open: made by [`Receiver::downgrade`].
///
/// To receive, [`upgrade`](WeakReceiver::upgrade) it first. It keeps the memory of the channel
/// itself, 192 bytes, but none of the values: those go with the last receiver.
///
/// # Examples
///
/// ```
/// let (tx, rx) = chango_chan::unbounded();
/// let weak = rx.downgrade();
/// tx.try_send(1)?;
/// assert_eq!(weak.upgrade().expect("`rx` is there").try_recv(), Ok(1));
/// drop(rx);
/// assert!(weak.upgrade().is_none());
/// assert!(tx.try_send(2).unwrap_err().is_closed());
/// # Ok::<(), chango_chan::TrySendError<i32>>(())
/// ```
pub struct WeakReceiver<T> {
    channel: Arc<Channel<T>>,
}

impl<T> WeakReceiver<T> {
    pub(crate) fn new(channel: Arc<Channel<T>>) -> Self {
        Self { channel }
    }

    /// A receiver of the channel; `None` once the last receiver is gone.
    ///
    /// Beside the drop of the last receiver on another thread it gives one of the two: a receiver,
    /// and then nothing that is stored was dropped, or `None`. It never opens a channel again. One
    /// that was closed by `close`, or by its last sender, has receivers still: it gives one, which
    /// drains what is stored.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = chango_chan::bounded(1);
    /// let weak = rx.downgrade();
    /// let other = weak.upgrade().expect("`rx` is there");
    /// drop(rx);
    /// tx.try_send(1)?;
    /// drop(tx);
    /// assert_eq!(other.try_recv(), Ok(1));
    /// drop(other);
    /// assert!(weak.upgrade().is_none());
    /// # Ok::<(), chango_chan::TrySendError<i32>>(())
    /// ```
    pub fn upgrade(&self) -> Option<Receiver<T>> {
        self.channel
            .upgrade_receiver()
            .then(|| Receiver::new(Arc::clone(&self.channel)))
    }
}

impl<T> Clone for WeakReceiver<T> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.channel))
    }
}

impl<T> fmt::Debug for WeakReceiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WeakReceiver").field(&*self.channel).finish()
    }
}
