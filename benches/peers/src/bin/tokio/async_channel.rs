//! async-channel: one kind of channel for any number on both sides, without a rendezvous. A closed channel
//! tells all who wait.

use async_channel::{Receiver, Sender, bounded};
use workload::{Arms, Carries, Channels, Passed, Tally, Value};

use super::select_many;

/// Its channels.
pub(crate) enum AsyncChannel {}

workload::each_size!(select_many AsyncChannel recv Ok);

impl<T: Value> Carries<T> for AsyncChannel {
    type Sender = Sender<T>;
    type Receiver = Receiver<T>;

    fn channel(capacity: usize) -> (Self::Sender, Self::Receiver) {
        bounded(capacity)
    }

    async fn send(sender: &Self::Sender, value: T) {
        sender.send(value).await.expect("nobody listens");
    }

    async fn receive(receiver: &mut Self::Receiver) -> Option<T> {
        receiver.recv().await.ok()
    }

    fn share(receiver: &Self::Receiver) -> Self::Receiver {
        receiver.clone()
    }
}

impl Channels for AsyncChannel {
    type Gate = Receiver<u64>;

    const LEAST: usize = 1;

    fn supports(scenario: &str) -> bool {
        super::has_channels(scenario) && !scenario.ends_with("_0")
    }

    async fn select<const N: usize>(from: &mut [Self::Receiver; N]) -> (usize, u64) {
        super::select_any!(from, recv, Ok)
    }

    /// What waits needs the receiver alone. The sender is never dropped, which would open the gate.
    fn gate() -> Self::Gate {
        let (sender, gate) = bounded(1);
        std::mem::forget(sender);
        gate
    }

    fn pass(gate: &Self::Gate) -> impl Future<Output: Passed + Send> + Send {
        gate.recv()
    }

    fn open(gate: &Self::Gate) {
        gate.close();
    }
}
