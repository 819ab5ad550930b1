//! flume: its asynchronous calls; capacity 0 is a rendezvous. Its own `Selector` blocks the thread, so a
//! select is tokio's. A channel closes when the last of one side is dropped.

use std::sync::Mutex;

use flume::{Receiver, Sender, bounded};
use workload::{Arms, Carries, Channels, Passed, Tally, Value};

use super::select_many;

/// What holds the one gate of a run closed: what waits needs the receiver alone.
static OPENER: Mutex<Option<Sender<u64>>> = Mutex::new(None);

/// Its channels.
pub(crate) enum Flume {}

workload::each_size!(select_many Flume recv_async Ok);

impl<T: Value> Carries<T> for Flume {
    type Sender = Sender<T>;
    type Receiver = Receiver<T>;

    fn channel(capacity: usize) -> (Self::Sender, Self::Receiver) {
        bounded(capacity)
    }

    async fn send(sender: &Self::Sender, value: T) {
        sender.send_async(value).await.expect("nobody listens");
    }

    async fn receive(receiver: &mut Self::Receiver) -> Option<T> {
        receiver.recv_async().await.ok()
    }

    fn share(receiver: &Self::Receiver) -> Self::Receiver {
        receiver.clone()
    }
}

impl Channels for Flume {
    type Gate = Receiver<u64>;

    fn supports(scenario: &str) -> bool {
        super::has_channels(scenario)
    }

    async fn select<const N: usize>(from: &mut [Self::Receiver; N]) -> (usize, u64) {
        super::select_any!(from, recv_async, Ok)
    }

    fn gate() -> Self::Gate {
        let (sender, gate) = bounded(0);
        *OPENER.lock().expect("nobody panicked") = Some(sender);
        gate
    }

    fn pass(gate: &Self::Gate) -> impl Future<Output: Passed + Send> + Send {
        gate.recv_async()
    }

    fn open(_: &Self::Gate) {
        drop(OPENER.lock().expect("nobody panicked").take());
    }
}
