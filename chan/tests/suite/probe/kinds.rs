//! Every kind of waiting operation, as a future that owns what it needs and accounts for what it got.

use std::future::{Future, poll_fn, ready};
use std::pin::Pin;
use std::time::Duration;

use chango_chan::ops::{self, Started};
use chango_chan::select::{self, Slot};
use chango_chan::{Receiver, Sender, bounded, never, recv_any};
use futures_lite::{Stream, StreamExt};

use crate::ledger::{Ledger, Value};
use crate::support::{arm, arms};

/// A waiting operation.
pub(super) type Op = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Out of reach.
const LONG: Duration = Duration::from_secs(3_600);

/// The value that every probed send carries.
pub(super) const SENT: usize = 100;
/// The value of a second send arm, which never wins.
pub(super) const BESIDE: usize = 101;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReceiveKind {
    Recv,
    RecvMany,
    RecvAny,
    Stream,
    StreamNext,
    RecvTimeout,
    Arrow,
    ArrowThroughOption,
    Loop,
    Select,
    SelectOwned,
    SelectTwice,
    SelectReceives,
    SelectBesideSend,
    SelectSome,
    SelectBesideFuture,
}

impl ReceiveKind {
    pub(super) const ALL: [Self; 16] = [
        Self::Recv,
        Self::RecvMany,
        Self::RecvAny,
        Self::Stream,
        Self::StreamNext,
        Self::RecvTimeout,
        Self::Arrow,
        Self::ArrowThroughOption,
        Self::Loop,
        Self::Select,
        Self::SelectOwned,
        Self::SelectTwice,
        Self::SelectReceives,
        Self::SelectBesideSend,
        Self::SelectSome,
        Self::SelectBesideFuture,
    ];

    /// Receives once from `rx`.
    pub(super) fn op(self, rx: Receiver<Value>) -> Op {
        Box::pin(async move {
            let received = self.receive(rx).await;
            received.into_iter().for_each(Value::receive);
        })
    }

    async fn receive(self, mut rx: Receiver<Value>) -> Vec<Value> {
        let received = match self {
            Self::Recv => rx.recv().await,
            Self::RecvMany => {
                let mut values = vec![];
                rx.recv_many(&mut values, 10).await;
                return values;
            }
            Self::RecvAny => recv_any(&[never(), rx, never()]).await.1,
            // The node stands in the end itself.
            Self::Stream => poll_fn(|cx| Pin::new(&mut rx).poll_next(cx)).await,
            Self::StreamNext => rx.next().await,
            Self::RecvTimeout => rx.recv_timeout(LONG).await.ok(),
            Self::Arrow => ops::receive(&rx).wait().await,
            Self::ArrowThroughOption => ops::receive(&Some(&rx)).wait().await,
            Self::Loop => ops::receive_each(&rx).wait().await,
            _ => return self.select(rx).await.into_iter().collect(),
        };
        received.into_iter().collect()
    }

    async fn select(self, rx: Receiver<Value>) -> Option<Value> {
        let idle = never::<Value>();
        match self {
            Self::Select => match select::wait(arms![select::recv(&rx)]).await {
                arm!(0, received) => received,
                _ => None,
            },
            Self::SelectOwned => match select::wait(arms![select::recv_owned(rx)]).await {
                arm!(0, received) => received,
                _ => None,
            },
            Self::SelectTwice => {
                match select::wait(arms![select::recv(&rx), select::recv(&rx)]).await {
                    arm!(0, received) | arm!(1, received) => received,
                    _ => None,
                }
            }
            Self::SelectReceives => {
                let arms = arms![select::recv(&idle), select::recv(&rx), select::recv(&idle)];
                match select::wait(arms).await {
                    arm!(1, received) => received,
                    _ => None,
                }
            }
            Self::SelectBesideSend => {
                let (full, _open) = bounded(0);
                match select::wait(arms![select::send(&full, ()), select::recv(&rx)]).await {
                    arm!(1, received) => received,
                    _ => None,
                }
            }
            Self::SelectSome => {
                // The second arm goes off at once.
                let off = select::future_some(ready(None::<()>));
                match select::wait(arms![select::recv_some(&rx), off]).await {
                    arm!(0, value) => Some(value),
                    _ => None,
                }
            }
            _ => {
                let future = select::future(std::future::pending::<()>());
                match select::wait(arms![future, select::recv(&rx)]).await {
                    arm!(1, received) => received,
                    _ => None,
                }
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SendKind {
    Send,
    SendTimeout,
    /// Panics or ends its goroutine on a closed channel.
    Statement,
    ArrowValue,
    Select,
    SelectOwned,
    SelectSlot,
    SelectBesideReceive,
    SelectSends,
}

impl SendKind {
    pub(super) const ALL: [Self; 9] = [
        Self::Send,
        Self::SendTimeout,
        Self::Statement,
        Self::ArrowValue,
        Self::Select,
        Self::SelectOwned,
        Self::SelectSlot,
        Self::SelectBesideReceive,
        Self::SelectSends,
    ];

    /// Sends [`SENT`] on `tx`.
    pub(super) fn op(self, tx: Sender<Value>, ledger: &Ledger) -> Op {
        let (value, beside) = (ledger.value(SENT), self.beside(ledger));
        Box::pin(async move {
            let sent = self.send(tx, value, beside).await;
            sent.err().into_iter().for_each(Value::give_back);
        })
    }

    fn beside(self, ledger: &Ledger) -> Option<Value> {
        (self == Self::SelectSends).then(|| ledger.value(BESIDE))
    }

    async fn send(
        self,
        tx: Sender<Value>,
        value: Value,
        beside: Option<Value>,
    ) -> Result<(), Value> {
        match self {
            Self::Send => tx.send(value).await.map_err(|error| error.into_inner()),
            Self::SendTimeout => {
                let sent = tx.send_timeout(value, LONG).await;
                sent.map_err(|error| error.into_inner())
            }
            Self::Statement => {
                if let Started::Waiting(waiting) = ops::send_to(&tx).start(value) {
                    waiting.statement().await;
                }
                Ok(())
            }
            Self::ArrowValue => match ops::send_to(&tx).start(value) {
                Started::Sent => Ok(()),
                Started::Waiting(waiting) => {
                    let sent = waiting.value().await;
                    sent.map_err(|error| error.into_inner())
                }
            },
            _ => self.select(tx, value, beside).await,
        }
    }

    async fn select(
        self,
        tx: Sender<Value>,
        value: Value,
        beside: Option<Value>,
    ) -> Result<(), Value> {
        let idle = never::<Value>();
        let sent = match self {
            Self::Select => match select::wait(arms![select::send(&tx, value)]).await {
                arm!(0, sent) => sent,
                _ => Ok(()),
            },
            Self::SelectOwned => match select::wait(arms![select::send_owned(tx, value)]).await {
                arm!(0, sent) => sent,
                _ => Ok(()),
            },
            Self::SelectSlot => {
                let mut slot = Slot::new(value);
                let arms = arms![select::recv(&idle), select::send_slot(&tx, &mut slot)];
                match select::wait(arms).await {
                    arm!(1, sent) => sent,
                    _ => Ok(()),
                }
            }
            Self::SelectBesideReceive => {
                match select::wait(arms![select::recv(&idle), select::send(&tx, value)]).await {
                    arm!(1, sent) => sent,
                    _ => Ok(()),
                }
            }
            _ => {
                let (full, _open) = bounded(0);
                let beside = select::send(&full, beside.expect("a second value"));
                match select::wait(arms![select::send(&tx, value), beside]).await {
                    arm!(0, sent) => sent,
                    _ => Ok(()),
                }
            }
        };
        sent.map_err(|error| error.into_inner())
    }
}
