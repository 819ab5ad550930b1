//! smol: its executor on so many threads, each of which drives timers as well, with its channels, which are
//! async-channel's: no rendezvous. A select is a race, which begins with a random one.

use std::future::{Future, pending};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use smol::channel::{Receiver, Sender, bounded};
use smol::future::race;
use smol::{Executor, Task, Timer};
use workload::{Arms, Carries, Channels, Passed, Runtime, Tally, Value};

fn main() -> ExitCode {
    workload::main::<Smol, Channel>(&workload::arguments())
}

static EXECUTOR: Executor<'_> = Executor::new();

enum Smol {}

impl Runtime for Smol {
    type Handle = Task<u64>;
    type Group = Arc<Group>;

    /// Main is spawned, as everything else is.
    fn run<T: Send + 'static>(workers: usize, main: impl Future<Output = T> + Send + 'static) -> T {
        for _ in 0..workers {
            thread::spawn(|| smol::block_on(EXECUTOR.run(pending::<()>())));
        }
        smol::block_on(EXECUTOR.spawn(main))
    }

    fn spawn(future: impl Future<Output = u64> + Send + 'static) -> Task<u64> {
        EXECUTOR.spawn(future)
    }

    async fn join(handle: Task<u64>) -> u64 {
        handle.await
    }

    fn detach(future: impl Future<Output = ()> + Send + 'static) {
        EXECUTOR.spawn(future).detach();
    }

    fn group() -> Arc<Group> {
        Arc::new(Group {
            count: AtomicU64::new(0),
            ended: bounded(1),
        })
    }

    fn spawn_in(group: &Arc<Group>, future: impl Future<Output = ()> + Send + 'static) {
        group.count.fetch_add(1, Ordering::Relaxed);
        let group = Arc::clone(group);
        Self::detach(async move {
            future.await;
            if group.count.fetch_sub(1, Ordering::AcqRel) == 1 {
                // One that is there already says the same.
                let _ = group.ended.0.try_send(());
            }
        });
    }

    async fn wait(group: &Arc<Group>) {
        while group.count.load(Ordering::Acquire) != 0 {
            group.ended.1.recv().await.expect("it stays open");
        }
    }

    async fn yield_now() {
        smol::future::yield_now().await;
    }

    fn sleep(duration: Duration) -> impl Future<Output: Send> + Send {
        Timer::after(duration)
    }

    fn sleep_until(at: Instant) -> impl Future<Output: Send> + Send {
        Timer::at(at)
    }
}

/// smol has no wait group: a count, and a channel on which the last to end says so.
struct Group {
    count: AtomicU64,
    ended: (Sender<()>, Receiver<()>),
}

enum Channel {}

/// Races of races of two, as deep as they must be.
macro_rules! race_all {
    ($only:expr) => {
        $only
    };
    ($($first:expr, $second:expr),*) => {
        race_all!($(race($first, $second)),*)
    };
}

/// A select of so many arms, each written down.
macro_rules! select_many {
    (() $size:literal: $($name:ident $arm:literal)*) => {
        impl Arms<$size> for Channel {
            async fn select_many(
                from: &mut [Receiver<u64>; $size],
                messages: u64,
                tally: &mut Tally<$size>,
            ) {
                let arm = async |arm: usize| (arm, from[arm].recv().await.expect("it stays open"));
                for _ in 0..messages {
                    tally.take(race_all!($(arm($arm)),*).await);
                }
            }
        }
    };
}
workload::each_size!(select_many);

impl<T: Value> Carries<T> for Channel {
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

impl Channels for Channel {
    type Gate = Receiver<u64>;

    const LEAST: usize = 1;

    fn supports(scenario: &str) -> bool {
        !scenario.ends_with("_0")
    }

    async fn select<const N: usize>(from: &mut [Self::Receiver; N]) -> (usize, u64) {
        let arm = async |arm: usize| (arm, from[arm].recv().await.expect("it stays open"));
        match N {
            2 => race(arm(0), arm(1)).await,
            4 => race(race(arm(0), arm(1)), race(arm(2), arm(3))).await,
            8 => {
                let first = race(race(arm(0), arm(1)), race(arm(2), arm(3)));
                race(first, race(race(arm(4), arm(5)), race(arm(6), arm(7)))).await
            }
            _ => unreachable!("2, 4 or 8"),
        }
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
