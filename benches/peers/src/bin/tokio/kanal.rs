//! kanal: a rendezvous where the capacity is 0. No select: a receive that is dropped loses its message, and
//! can hang.

use kanal::{AsyncReceiver, AsyncSender, bounded_async};
use workload::{Arms, Carries, Channels, Passed, Value};

/// Its channels.
pub(crate) enum Kanal {}

impl<const N: usize> Arms<N> for Kanal {}

impl<T: Value> Carries<T> for Kanal {
    type Sender = AsyncSender<T>;
    type Receiver = AsyncReceiver<T>;

    fn channel(capacity: usize) -> (Self::Sender, Self::Receiver) {
        bounded_async(capacity)
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

impl Channels for Kanal {
    type Gate = AsyncReceiver<u64>;

    fn supports(scenario: &str) -> bool {
        super::has_channels(scenario) && !scenario.starts_with("select")
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

    fn pass(gate: &Self::Gate) -> impl Future<Output: Passed + Send> + Send {
        gate.recv()
    }

    fn open(gate: &Self::Gate) {
        gate.close().expect("it is open");
    }
}
