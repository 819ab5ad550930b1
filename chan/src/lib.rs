//! Channels and select for chango: one locked core, direct hand-over, nothing lost.
//!
//! Programs use `chango` itself, which has this crate's channels under `chango::chan`.
//!
//! Go's channels, as Rust futures: [`bounded`] with a capacity, where `bounded(0)` is a rendezvous,
//! and [`unbounded`]. Both ends can be cloned and shared. A channel needs nothing but wakers, so it
//! works the same on any executor and on plain threads.
//!
//! # Closing
//!
//! A channel closes when its last sender or its last receiver is dropped, or by `close` on either
//! end. After that every send fails and gives its value back; what is stored can still be received,
//! and then comes the end, `None`. With the last receiver, what is stored is dropped at once.
//!
//! A [`WeakSender`] or [`WeakReceiver`] does not keep the channel open, and can be made a strong end
//! again as long as there is another one on its side.
//!
//! # Dropping a future
//!
//! Every future here may be dropped at any time. A `send` that was not done takes its value with it.
//! A `recv` that was handed a value gives it to the next receiver, or back to the channel, before
//! everything that is stored there: nothing is lost, nothing is delivered twice, and values keep
//! their order. `docs/channels.md` in the repository has all promises on a page, and what other
//! channels do in the same case.
//!
//! # Wakers that panic
//!
//! A waker is the code of whoever polls. If one panics when it is woken or dropped, the panic hook
//! reports it, and the operation under which that happened, of another goroutine or thread, is done
//! as if it had not: the value is sent or received, the channel closed, all others woken. If it
//! panics when it is cloned, the poll that it was given to panics, before anything was sent or
//! received.
//!
//! # Size
//!
//! In bytes, on 64-bit machines and with values of 8 bytes:
//!
//! | | bytes | |
//! |---|---|---|
//! | an idle channel | 200 | one allocation, whatever its capacity and its values; nothing more before a value is stored |
//! | what a rendezvous stores | 0 | it has no store |
//! | what a bounded channel stores | 8 each | allocated with the first value, for up to 64, and doubled up to the capacity; kept |
//! | what an unbounded channel stores | 264 for 32 | a block goes when it was emptied, but for the last one and a spare one |
//! | a `<-rx` that waits | 64 | in the future; it allocates nothing |
//! | a `recv` or a `send` that waits | 72 | the same |
//! | a `tx <- value;` that waits | 80 | the same |
//! | a select that waits on two receives | 200 | the same, with any number of arms up to 32 |
//! | a select that waits on a receive and a send | 208 | the same |
//! | a goroutine that waits for a `<-rx` | 184 | all told, in one allocation |
//! | a [`recv_any`] that waits | | allocates a node for each of its receivers, all at once |
//!
//! Values that came back to the channel have a store of their own, which is allocated with the first
//! of them and kept.
//!
//! # Differences from Go
//!
//! | | Go | here |
//! |---|---|---|
//! | nil channel | the zero value | `None::<Receiver<T>>`, `None::<Sender<T>>`; or [`never()`] |
//! | who closes | the sender, by hand | also the drop of the last sender |
//! | nobody listens any more | the sender waits for ever | the send fails |
//! | receive from a closed channel | a zero value | `None` |
//! | no limit | not there | [`unbounded`] |
//!
//! # Examples
//!
//! ```
//! use futures_lite::future;
//!
//! let (tx, rx) = chango_chan::bounded(10);
//! future::block_on(async {
//!     tx.send("hello").await.unwrap();
//!     assert_eq!(rx.recv().await, Some("hello"));
//! });
//! ```

mod primitive;

mod claim;
mod wait_queue;
mod waiter;

mod buffer;
mod channel;

mod blocking;
mod error;
mod future;
mod receiver;
mod sender;
mod weak;

mod receive;
mod send_to;

// For `chango::context`, which alone uses them: its contexts are latches with a tree around.
#[doc(hidden)]
pub mod latch;
/// What [`receive_through!`] names.
#[doc(hidden)]
pub mod through {
    pub use std::pin::Pin;
    pub use std::task::{Context, Poll};

    pub use crate::receive::{Enter, Look, Place, waits_for_nothing};
}

pub mod ops;
pub mod select;
pub mod sync;

#[cfg(test)]
mod tests;

pub use self::error::{RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError};
pub use self::future::{RecvFuture, SendFuture};
pub use self::receive::Receive;
pub use self::receiver::{IntoIter, Iter, Receiver};
pub use self::select::recv_any;
pub use self::send_to::SendTo;
pub use self::sender::Sender;
pub use self::weak::{WeakReceiver, WeakSender};

use self::channel::{Channel, UNBOUNDED};
use self::primitive::sync::Arc;

/// Makes a channel that stores up to `capacity` values; with 0, a rendezvous, on which a send waits
/// until a receive takes the value from its hand.
///
/// Nothing is allocated for the values before the first one is stored.
///
/// # Examples
///
/// ```
/// let (tx, rx) = chango_chan::bounded(2);
/// tx.try_send(1)?;
/// tx.try_send(2)?;
/// assert!(tx.try_send(3).is_err());
/// assert_eq!(rx.try_recv(), Ok(1));
/// # Ok::<(), chango_chan::TrySendError<i32>>(())
/// ```
#[track_caller]
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    // No machine can store `usize::MAX` values, so nothing is lost by that meaning no limit.
    let channel = Arc::new(Channel::new(capacity));
    (Sender::new(Arc::clone(&channel)), Receiver::new(channel))
}

/// Makes a channel without a limit: a send never waits.
///
/// The memory of a burst is given back as it is received. Where senders can outrun receivers for
/// long, [`bounded`] slows them down instead.
///
/// # Examples
///
/// ```
/// let (tx, rx) = chango_chan::unbounded();
/// for i in 0..1000 {
///     tx.try_send(i)?;
/// }
/// assert_eq!(rx.len(), 1000);
/// # Ok::<(), chango_chan::TrySendError<i32>>(())
/// ```
#[track_caller]
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    bounded(UNBOUNDED)
}

/// Makes a receiver to which nothing ever comes: the channel has no sender, and stays open.
///
/// It stands where a receiver is asked for and there is none yet, or none any more. (Where an
/// `Option` fits, `None::<Receiver<T>>` is Go's nil channel and costs no allocation.) Only
/// [`close`](Receiver::close) ends it, and then a receive gives `None`, as on every channel.
///
/// # Examples
///
/// ```
/// use chango_chan::{TryRecvError, never};
///
/// let rx = never::<i32>();
/// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
/// assert!(!rx.is_closed());
/// assert_eq!(rx.sender_count(), 0);
/// ```
#[track_caller]
pub fn never<T>() -> Receiver<T> {
    Receiver::new(Arc::new(Channel::without_senders()))
}
