//! tokio: its multi-threaded runtime with its own bounded mpsc, or with kanal's channels
//! (`--kanal` before the other arguments), since tokio has no rendezvous.

use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use workload::{Channels, Runtime};

fn main() -> ExitCode {
    match workload::arguments().as_slice() {
        [option, rest @ ..] if option == "--kanal" => workload::main::<Tokio, Kanal>(rest),
        all => workload::main::<Tokio, Mpsc>(all),
    }
}

enum Tokio {}

impl Runtime for Tokio {
    type Handle = JoinHandle<u64>;

    /// Main is spawned, since what `block_on` polls itself is no worker's and every wake-up of it
    /// crosses threads.
    fn run<T: Send + 'static>(workers: usize, main: impl Future<Output = T> + Send + 'static) -> T {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(workers)
            .build();
        let runtime = runtime.expect("no runtime");
        runtime.block_on(async { tokio::spawn(main).await.expect("main panicked") })
    }

    fn spawn(future: impl Future<Output = u64> + Send + 'static) -> JoinHandle<u64> {
        tokio::spawn(future)
    }

    async fn join(handle: JoinHandle<u64>) -> u64 {
        handle.await.expect("a task panicked")
    }

    async fn yield_now() {
        tokio::task::yield_now().await;
    }
}

enum Mpsc {}

impl Channels for Mpsc {
    type Sender = mpsc::Sender<u64>;
    type Receiver = mpsc::Receiver<u64>;
    /// An mpsc has one receiver; of what many can wait at, this is closed fastest.
    type Gate = Arc<Semaphore>;

    fn supports(scenario: &str) -> bool {
        scenario != "pingpong_0"
    }

    fn channel(capacity: usize) -> (Self::Sender, Self::Receiver) {
        mpsc::channel(capacity)
    }

    async fn send(sender: &Self::Sender, value: u64) {
        sender.send(value).await.expect("nobody listens");
    }

    async fn receive(receiver: &mut Self::Receiver) -> Option<u64> {
        receiver.recv().await
    }

    async fn select4([a, b, c, d]: &mut [Self::Receiver; 4]) -> (usize, u64) {
        tokio::select! {
            Some(value) = a.recv() => (0, value),
            Some(value) = b.recv() => (1, value),
            Some(value) = c.recv() => (2, value),
            Some(value) = d.recv() => (3, value),
            else => unreachable!("the channels stay open"),
        }
    }

    fn gate() -> Self::Gate {
        Arc::new(Semaphore::new(0))
    }

    async fn pass(gate: &Self::Gate) {
        assert!(gate.acquire().await.is_err());
    }

    fn open(gate: &Self::Gate) {
        gate.close();
    }
}

enum Kanal {}

impl Channels for Kanal {
    type Sender = kanal::AsyncSender<u64>;
    type Receiver = kanal::AsyncReceiver<u64>;
    type Gate = (kanal::AsyncSender<u64>, kanal::AsyncReceiver<u64>);

    /// A receive that is dropped loses its message (and can hang), so kanal has no select.
    fn supports(scenario: &str) -> bool {
        !matches!(scenario, "select_4" | "spawn_join" | "yield")
    }

    fn channel(capacity: usize) -> (Self::Sender, Self::Receiver) {
        kanal::bounded_async(capacity)
    }

    async fn send(sender: &Self::Sender, value: u64) {
        sender.send(value).await.expect("nobody listens");
    }

    async fn receive(receiver: &mut Self::Receiver) -> Option<u64> {
        receiver.recv().await.ok()
    }

    async fn select4(_: &mut [Self::Receiver; 4]) -> (usize, u64) {
        unreachable!("not supported")
    }

    fn gate() -> Self::Gate {
        kanal::bounded_async(0)
    }

    async fn pass((_, gate): &Self::Gate) {
        assert!(gate.recv().await.is_err());
    }

    fn open((gate, _): &Self::Gate) {
        gate.close().expect("it is open");
    }
}
