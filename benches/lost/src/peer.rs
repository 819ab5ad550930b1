//! A channel as the probes use it: a few calls that every peer has, or says that it has not.

use std::future::Future;
use std::pin::Pin;

/// What is sent. Every peer takes these; the bounds are the sum of theirs.
pub(crate) trait Item: Send + Unpin + 'static {}

impl<T: Send + Unpin + 'static> Item for T {}

/// A send; its error has the value, if the peer gives it back.
pub(crate) type Sending<'a, T> = Pin<Box<dyn Future<Output = Result<(), Option<T>>> + 'a>>;

/// A receive; `None` if the channel is closed and drained.
pub(crate) type Receiving<'a, T> = Pin<Box<dyn Future<Output = Option<T>> + 'a>>;

/// An async channel.
pub(crate) trait Peer: 'static {
    type Tx<T: Item>: Clone + Send + Sync + 'static;
    type Rx<T: Item>: Send + 'static;

    /// The crate.
    const NAME: &'static str;

    /// A channel with this capacity, or without a limit. It may panic.
    fn open<T: Item>(capacity: Option<usize>) -> (Self::Tx<T>, Self::Rx<T>);

    fn send<T: Item>(tx: &Self::Tx<T>, value: T) -> Sending<'_, T>;

    fn receive<T: Item>(rx: &mut Self::Rx<T>) -> Receiving<'_, T>;

    /// Whether it could be sent at once; what could not is dropped.
    fn try_send<T: Item>(tx: &Self::Tx<T>, value: T) -> bool;

    fn try_receive<T: Item>(rx: &mut Self::Rx<T>) -> Option<T>;

    /// Another receiver, if there can be one.
    fn another<T: Item>(rx: &Self::Rx<T>) -> Option<Self::Rx<T>>;

    /// Closes the channel by one of its senders; false if there is no such call.
    fn close<T: Item>(tx: &Self::Tx<T>) -> bool;
}
