//! The peers: each async channel by its own calls, with nothing added.

use crate::peer::{Item, Peer, Receiving, Sending};

/// chango's own channels.
pub(crate) enum Chango {}

impl Peer for Chango {
    type Tx<T: Item> = chango::chan::Sender<T>;
    type Rx<T: Item> = chango::chan::Receiver<T>;

    const NAME: &'static str = "chango";

    fn open<T: Item>(capacity: Option<usize>) -> (Self::Tx<T>, Self::Rx<T>) {
        match capacity {
            Some(capacity) => chango::chan::bounded(capacity),
            None => chango::chan::unbounded(),
        }
    }

    fn send<T: Item>(tx: &Self::Tx<T>, value: T) -> Sending<'_, T> {
        let send = tx.send(value);
        Box::pin(async { send.await.map_err(|error| Some(error.into_inner())) })
    }

    fn receive<T: Item>(rx: &mut Self::Rx<T>) -> Receiving<'_, T> {
        Box::pin(rx.recv())
    }

    fn try_send<T: Item>(tx: &Self::Tx<T>, value: T) -> bool {
        tx.try_send(value).is_ok()
    }

    fn try_receive<T: Item>(rx: &mut Self::Rx<T>) -> Option<T> {
        rx.try_recv().ok()
    }

    fn another<T: Item>(rx: &Self::Rx<T>) -> Option<Self::Rx<T>> {
        Some(rx.clone())
    }

    fn close<T: Item>(tx: &Self::Tx<T>) -> bool {
        tx.close()
    }
}

/// `tokio::sync::mpsc`.
pub(crate) enum Tokio {}

/// tokio has two types of senders.
pub(crate) enum TokioTx<T> {
    Bounded(tokio::sync::mpsc::Sender<T>),
    Unbounded(tokio::sync::mpsc::UnboundedSender<T>),
}

impl<T> Clone for TokioTx<T> {
    fn clone(&self) -> Self {
        match self {
            TokioTx::Bounded(tx) => TokioTx::Bounded(tx.clone()),
            TokioTx::Unbounded(tx) => TokioTx::Unbounded(tx.clone()),
        }
    }
}

/// And two of receivers.
pub(crate) enum TokioRx<T> {
    Bounded(tokio::sync::mpsc::Receiver<T>),
    Unbounded(tokio::sync::mpsc::UnboundedReceiver<T>),
}

impl Peer for Tokio {
    type Tx<T: Item> = TokioTx<T>;
    type Rx<T: Item> = TokioRx<T>;

    const NAME: &'static str = "tokio";

    fn open<T: Item>(capacity: Option<usize>) -> (Self::Tx<T>, Self::Rx<T>) {
        if let Some(capacity) = capacity {
            let (tx, rx) = tokio::sync::mpsc::channel(capacity);
            (TokioTx::Bounded(tx), TokioRx::Bounded(rx))
        } else {
            let (tx, rx) = tokio::sync::mpsc::unbounded_channel();
            (TokioTx::Unbounded(tx), TokioRx::Unbounded(rx))
        }
    }

    fn send<T: Item>(tx: &Self::Tx<T>, value: T) -> Sending<'_, T> {
        match tx {
            TokioTx::Bounded(tx) => {
                Box::pin(async { tx.send(value).await.map_err(|error| Some(error.0)) })
            }
            TokioTx::Unbounded(tx) => {
                Box::pin(async { tx.send(value).map_err(|error| Some(error.0)) })
            }
        }
    }

    fn receive<T: Item>(rx: &mut Self::Rx<T>) -> Receiving<'_, T> {
        match rx {
            TokioRx::Bounded(rx) => Box::pin(rx.recv()),
            TokioRx::Unbounded(rx) => Box::pin(rx.recv()),
        }
    }

    fn try_send<T: Item>(tx: &Self::Tx<T>, value: T) -> bool {
        match tx {
            TokioTx::Bounded(tx) => tx.try_send(value).is_ok(),
            TokioTx::Unbounded(tx) => tx.send(value).is_ok(),
        }
    }

    fn try_receive<T: Item>(rx: &mut Self::Rx<T>) -> Option<T> {
        match rx {
            TokioRx::Bounded(rx) => rx.try_recv().ok(),
            TokioRx::Unbounded(rx) => rx.try_recv().ok(),
        }
    }

    fn another<T: Item>(_: &Self::Rx<T>) -> Option<Self::Rx<T>> {
        None
    }

    fn close<T: Item>(_: &Self::Tx<T>) -> bool {
        false
    }
}

/// async-channel, which is smol's.
pub(crate) enum AsyncChannel {}

impl Peer for AsyncChannel {
    type Tx<T: Item> = async_channel::Sender<T>;
    type Rx<T: Item> = async_channel::Receiver<T>;

    const NAME: &'static str = "async-channel";

    fn open<T: Item>(capacity: Option<usize>) -> (Self::Tx<T>, Self::Rx<T>) {
        match capacity {
            Some(capacity) => async_channel::bounded(capacity),
            None => async_channel::unbounded(),
        }
    }

    fn send<T: Item>(tx: &Self::Tx<T>, value: T) -> Sending<'_, T> {
        Box::pin(async { tx.send(value).await.map_err(|error| Some(error.0)) })
    }

    fn receive<T: Item>(rx: &mut Self::Rx<T>) -> Receiving<'_, T> {
        Box::pin(async { rx.recv().await.ok() })
    }

    fn try_send<T: Item>(tx: &Self::Tx<T>, value: T) -> bool {
        tx.try_send(value).is_ok()
    }

    fn try_receive<T: Item>(rx: &mut Self::Rx<T>) -> Option<T> {
        rx.try_recv().ok()
    }

    fn another<T: Item>(rx: &Self::Rx<T>) -> Option<Self::Rx<T>> {
        Some(rx.clone())
    }

    fn close<T: Item>(tx: &Self::Tx<T>) -> bool {
        tx.close()
    }
}

/// flume.
pub(crate) enum Flume {}

impl Peer for Flume {
    type Tx<T: Item> = flume::Sender<T>;
    type Rx<T: Item> = flume::Receiver<T>;

    const NAME: &'static str = "flume";

    fn open<T: Item>(capacity: Option<usize>) -> (Self::Tx<T>, Self::Rx<T>) {
        match capacity {
            Some(capacity) => flume::bounded(capacity),
            None => flume::unbounded(),
        }
    }

    fn send<T: Item>(tx: &Self::Tx<T>, value: T) -> Sending<'_, T> {
        let send = tx.send_async(value);
        Box::pin(async { send.await.map_err(|error| Some(error.0)) })
    }

    fn receive<T: Item>(rx: &mut Self::Rx<T>) -> Receiving<'_, T> {
        Box::pin(async { rx.recv_async().await.ok() })
    }

    fn try_send<T: Item>(tx: &Self::Tx<T>, value: T) -> bool {
        tx.try_send(value).is_ok()
    }

    fn try_receive<T: Item>(rx: &mut Self::Rx<T>) -> Option<T> {
        rx.try_recv().ok()
    }

    fn another<T: Item>(rx: &Self::Rx<T>) -> Option<Self::Rx<T>> {
        Some(rx.clone())
    }

    fn close<T: Item>(_: &Self::Tx<T>) -> bool {
        false
    }
}

/// kanal.
pub(crate) enum Kanal {}

impl Peer for Kanal {
    type Tx<T: Item> = kanal::AsyncSender<T>;
    type Rx<T: Item> = kanal::AsyncReceiver<T>;

    const NAME: &'static str = "kanal";

    fn open<T: Item>(capacity: Option<usize>) -> (Self::Tx<T>, Self::Rx<T>) {
        match capacity {
            Some(capacity) => kanal::bounded_async(capacity),
            None => kanal::unbounded_async(),
        }
    }

    fn send<T: Item>(tx: &Self::Tx<T>, value: T) -> Sending<'_, T> {
        let send = tx.send(value);
        // Its errors have no value.
        Box::pin(async { send.await.map_err(|_| None) })
    }

    fn receive<T: Item>(rx: &mut Self::Rx<T>) -> Receiving<'_, T> {
        Box::pin(async { rx.recv().await.ok() })
    }

    fn try_send<T: Item>(tx: &Self::Tx<T>, value: T) -> bool {
        tx.try_send(value).unwrap_or(false)
    }

    fn try_receive<T: Item>(rx: &mut Self::Rx<T>) -> Option<T> {
        rx.try_recv().ok().flatten()
    }

    fn another<T: Item>(rx: &Self::Rx<T>) -> Option<Self::Rx<T>> {
        Some(rx.clone())
    }

    fn close<T: Item>(tx: &Self::Tx<T>) -> bool {
        tx.close().is_ok()
    }
}

/// crossfire's channels of many to many.
pub(crate) enum Crossfire {}

/// A sender without a limit never waits, so it is a blocking one.
pub(crate) enum CrossfireTx<T: Item> {
    Bounded(crossfire::MAsyncTx<crossfire::mpmc::Array<T>>),
    Unbounded(crossfire::MTx<crossfire::mpmc::List<T>>),
}

impl<T: Item> Clone for CrossfireTx<T> {
    fn clone(&self) -> Self {
        match self {
            CrossfireTx::Bounded(tx) => CrossfireTx::Bounded(tx.clone()),
            CrossfireTx::Unbounded(tx) => CrossfireTx::Unbounded(tx.clone()),
        }
    }
}

/// The receivers to that.
pub(crate) enum CrossfireRx<T: Item> {
    Bounded(crossfire::MAsyncRx<crossfire::mpmc::Array<T>>),
    Unbounded(crossfire::MAsyncRx<crossfire::mpmc::List<T>>),
}

impl Peer for Crossfire {
    type Tx<T: Item> = CrossfireTx<T>;
    type Rx<T: Item> = CrossfireRx<T>;

    const NAME: &'static str = "crossfire";

    fn open<T: Item>(capacity: Option<usize>) -> (Self::Tx<T>, Self::Rx<T>) {
        if let Some(capacity) = capacity {
            let (tx, rx) = crossfire::mpmc::bounded_async(capacity);
            (CrossfireTx::Bounded(tx), CrossfireRx::Bounded(rx))
        } else {
            let (tx, rx) = crossfire::mpmc::unbounded_async();
            (CrossfireTx::Unbounded(tx), CrossfireRx::Unbounded(rx))
        }
    }

    fn send<T: Item>(tx: &Self::Tx<T>, value: T) -> Sending<'_, T> {
        match tx {
            CrossfireTx::Bounded(tx) => {
                Box::pin(async { tx.send(value).await.map_err(|error| Some(error.0)) })
            }
            CrossfireTx::Unbounded(tx) => {
                Box::pin(async { tx.send(value).map_err(|error| Some(error.0)) })
            }
        }
    }

    fn receive<T: Item>(rx: &mut Self::Rx<T>) -> Receiving<'_, T> {
        match rx {
            CrossfireRx::Bounded(rx) => Box::pin(async { rx.recv().await.ok() }),
            CrossfireRx::Unbounded(rx) => Box::pin(async { rx.recv().await.ok() }),
        }
    }

    fn try_send<T: Item>(tx: &Self::Tx<T>, value: T) -> bool {
        match tx {
            CrossfireTx::Bounded(tx) => tx.try_send(value).is_ok(),
            CrossfireTx::Unbounded(tx) => tx.try_send(value).is_ok(),
        }
    }

    fn try_receive<T: Item>(rx: &mut Self::Rx<T>) -> Option<T> {
        match rx {
            CrossfireRx::Bounded(rx) => rx.try_recv().ok(),
            CrossfireRx::Unbounded(rx) => rx.try_recv().ok(),
        }
    }

    fn another<T: Item>(rx: &Self::Rx<T>) -> Option<Self::Rx<T>> {
        Some(match rx {
            CrossfireRx::Bounded(rx) => CrossfireRx::Bounded(rx.clone()),
            CrossfireRx::Unbounded(rx) => CrossfireRx::Unbounded(rx.clone()),
        })
    }

    fn close<T: Item>(_: &Self::Tx<T>) -> bool {
        false
    }
}
