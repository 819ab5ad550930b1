//! tokio: its multi-threaded runtime with its own bounded mpsc, or with kanal's channels
//! (`--kanal` before the other arguments), since tokio has no rendezvous.

use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, Semaphore, mpsc};
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
    type Group = Arc<Group>;

    /// Main is spawned, since what `block_on` polls itself is no worker's and every wake-up of it
    /// crosses threads.
    fn run<T: Send + 'static>(workers: usize, main: impl Future<Output = T> + Send + 'static) -> T {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(workers)
            .enable_time()
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

    fn detach(future: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(future);
    }

    fn group() -> Arc<Group> {
        Arc::default()
    }

    fn spawn_in(group: &Arc<Group>, future: impl Future<Output = ()> + Send + 'static) {
        group.count.fetch_add(1, Ordering::Relaxed);
        let group = Arc::clone(group);
        tokio::spawn(async move {
            future.await;
            if group.count.fetch_sub(1, Ordering::AcqRel) == 1 {
                group.ended.notify_one();
            }
        });
    }

    async fn wait(group: &Arc<Group>) {
        while group.count.load(Ordering::Acquire) != 0 {
            group.ended.notified().await;
        }
    }

    async fn yield_now() {
        tokio::task::yield_now().await;
    }

    async fn sleep(duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    async fn sleep_until(at: Instant) {
        tokio::time::sleep_until(at.into()).await;
    }
}

/// A count and a notification: less than tokio-util's `TaskTracker`, which can be closed as well.
/// A permit of the last to end is kept, so one that ends before the wait is not missed.
#[derive(Default)]
struct Group {
    count: AtomicU64,
    ended: Notify,
}

enum Mpsc {}

impl Channels for Mpsc {
    type Sender = mpsc::Sender<u64>;
    type Receiver = mpsc::Receiver<u64>;
    /// An mpsc has one receiver; of what many can wait at, this is closed fastest.
    type Gate = Arc<Semaphore>;

    const LEAST: usize = 1;

    /// No rendezvous, and one receiver.
    fn supports(scenario: &str) -> bool {
        !(scenario.ends_with("_0") || scenario.starts_with("mpmc") || scenario == "contended_128")
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

    async fn select<const N: usize>(from: &mut [Self::Receiver; N]) -> (usize, u64) {
        match from.as_mut_slice() {
            [a, b] => tokio::select! {
                Some(value) = a.recv() => (0, value),
                Some(value) = b.recv() => (1, value),
                else => unreachable!("the channels stay open"),
            },
            [a, b, c, d] => tokio::select! {
                Some(value) = a.recv() => (0, value),
                Some(value) = b.recv() => (1, value),
                Some(value) = c.recv() => (2, value),
                Some(value) = d.recv() => (3, value),
                else => unreachable!("the channels stay open"),
            },
            [a, b, c, d, e, f, g, h] => tokio::select! {
                Some(value) = a.recv() => (0, value),
                Some(value) = b.recv() => (1, value),
                Some(value) = c.recv() => (2, value),
                Some(value) = d.recv() => (3, value),
                Some(value) = e.recv() => (4, value),
                Some(value) = f.recv() => (5, value),
                Some(value) = g.recv() => (6, value),
                Some(value) = h.recv() => (7, value),
                else => unreachable!("the channels stay open"),
            },
            _ => unreachable!("2, 4 or 8"),
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

    /// A receive that is dropped loses its message (and can hang), so kanal has no select; and what
    /// has no channels in it is tokio's alone.
    fn supports(scenario: &str) -> bool {
        let without = ["spawn", "yield", "select", "asleep", "timers", "ticker"];
        let no_channels = without.iter().any(|start| scenario.starts_with(start));
        !no_channels || scenario == "ticker_channels"
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

    fn share(receiver: &Self::Receiver) -> Self::Receiver {
        receiver.clone()
    }

    async fn select<const N: usize>(_: &mut [Self::Receiver; N]) -> (usize, u64) {
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
