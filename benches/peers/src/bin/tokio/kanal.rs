//! kanal: a rendezvous where the capacity is 0. No select: a receive that is dropped loses its message, and
//! can hang.

use kanal::{AsyncReceiver, AsyncSender, bounded_async};
use workload::Channels;

/// Its channels.
pub(crate) enum Kanal {}

impl Channels for Kanal {
    type Sender = AsyncSender<u64>;
    type Receiver = AsyncReceiver<u64>;
    type Gate = Self::Receiver;

    fn supports(scenario: &str) -> bool {
        super::has_channels(scenario) && !scenario.starts_with("select")
    }

    fn channel(capacity: usize) -> (Self::Sender, Self::Receiver) {
        bounded_async(capacity)
    }

    async fn send(sender: &Self::Sender, value: u64) {
        sender.send(value).await.expect("nobody listens");
    }

    async fn receive(receiver: &mut Self::Receiver) -> Option<u64> {
        receiver.recv().await.ok()
    }

    fn share(receiver: &Self::Receiver) -> Self::Receiver {
        receiver.clone()
    }

    async fn select<const N: usize>(_: &mut [Self::Receiver; N]) -> (usize, u64) {
        unreachable!("not supported")
    }

    /// What waits needs the receiver alone. The sender is never dropped, which would open the gate.
    fn gate() -> Self::Gate {
        let (sender, gate) = bounded_async(0);
        std::mem::forget(sender);
        gate
    }

    async fn pass(gate: &Self::Gate) {
        assert!(gate.recv().await.is_err());
    }

    fn open(gate: &Self::Gate) {
        gate.close().expect("it is open");
    }
}
