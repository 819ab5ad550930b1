//! tokio: its multi-threaded runtime with its own bounded mpsc, which has no rendezvous, or with the
//! channels that the option before the other arguments names.

mod async_channel;
mod crossfire;
mod flume;
mod kanal;

use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::task::JoinHandle;
use workload::{Arms, Carries, Channels, Passed, Runtime, Tally, Value};

fn main() -> ExitCode {
    let arguments = workload::arguments();
    let (option, rest) = match arguments.as_slice() {
        [option, rest @ ..] if option.starts_with("--") => (option.as_str(), rest),
        all => ("", all),
    };
    match option {
        "" => workload::main::<Tokio, Mpsc>(rest),
        "--async-channel" => workload::main::<Tokio, async_channel::AsyncChannel>(rest),
        "--crossfire" => crossfire::main(rest),
        "--flume" => workload::main::<Tokio, flume::Flume>(rest),
        "--kanal" => workload::main::<Tokio, kanal::Kanal>(rest),
        _ => {
            eprintln!("tokio has no {option}");
            ExitCode::from(2)
        }
    }
}

/// Whether channels matter in it: the rest is measured with tokio's own alone.
fn has_channels(scenario: &str) -> bool {
    let without = ["spawn", "yield", "asleep", "timers", "ticker"];
    scenario == "ticker_channels" || !without.iter().any(|start| scenario.starts_with(start))
}

/// tokio's select over 2, 4 or 8 receivers, by the call that receives and what it gives where a value came.
macro_rules! select_any {
    ($from:ident, $receive:ident, $got:ident) => {
        match $from.as_mut_slice() {
            [a, b] => tokio::select! {
                $got(value) = a.$receive() => (0, value),
                $got(value) = b.$receive() => (1, value),
                else => unreachable!("the channels stay open"),
            },
            [a, b, c, d] => tokio::select! {
                $got(value) = a.$receive() => (0, value),
                $got(value) = b.$receive() => (1, value),
                $got(value) = c.$receive() => (2, value),
                $got(value) = d.$receive() => (3, value),
                else => unreachable!("the channels stay open"),
            },
            [a, b, c, d, e, f, g, h] => tokio::select! {
                $got(value) = a.$receive() => (0, value),
                $got(value) = b.$receive() => (1, value),
                $got(value) = c.$receive() => (2, value),
                $got(value) = d.$receive() => (3, value),
                $got(value) = e.$receive() => (4, value),
                $got(value) = f.$receive() => (5, value),
                $got(value) = g.$receive() => (6, value),
                $got(value) = h.$receive() => (7, value),
                else => unreachable!("the channels stay open"),
            },
            _ => unreachable!("2, 4 or 8"),
        }
    };
}
use select_any;

/// The same of so many arms, each written down.
macro_rules! select_many {
    (($channels:ident $receive:ident $got:ident) $size:literal: $($name:ident $arm:literal)*) => {
        impl Arms<$size> for $channels {
            async fn select_many(
                from: &mut [<Self as Carries<u64>>::Receiver; $size],
                messages: u64,
                tally: &mut Tally<$size>,
            ) {
                let [$($name),*] = from;
                for _ in 0..messages {
                    tally.take(tokio::select! {
                        $($got(value) = $name.$receive() => ($arm, value),)*
                        else => unreachable!("the channels stay open"),
                    });
                }
            }
        }
    };
}
use select_many;

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

    fn sleep(duration: Duration) -> impl Future<Output: Send> + Send {
        tokio::time::sleep(duration)
    }

    fn sleep_until(at: Instant) -> impl Future<Output: Send> + Send {
        tokio::time::sleep_until(at.into())
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

workload::each_size!(select_many Mpsc recv Some);

impl<T: Value> Carries<T> for Mpsc {
    type Sender = mpsc::Sender<T>;
    type Receiver = mpsc::Receiver<T>;

    fn channel(capacity: usize) -> (Self::Sender, Self::Receiver) {
        mpsc::channel(capacity)
    }

    async fn send(sender: &Self::Sender, value: T) {
        sender.send(value).await.expect("nobody listens");
    }

    async fn receive(receiver: &mut Self::Receiver) -> Option<T> {
        receiver.recv().await
    }
}

impl Channels for Mpsc {
    /// An mpsc has one receiver; of what many can wait at, this is closed fastest.
    type Gate = Arc<Semaphore>;

    const LEAST: usize = 1;

    /// No rendezvous, and one receiver.
    fn supports(scenario: &str) -> bool {
        !(scenario.ends_with("_0") || scenario.starts_with("mpmc") || scenario == "contended_128")
    }

    async fn select<const N: usize>(from: &mut [Self::Receiver; N]) -> (usize, u64) {
        select_any!(from, recv, Some)
    }

    fn gate() -> Self::Gate {
        Arc::new(Semaphore::new(0))
    }

    fn pass(gate: &Self::Gate) -> impl Future<Output: Passed + Send> + Send {
        gate.acquire()
    }

    fn open(gate: &Self::Gate) {
        gate.close();
    }
}
