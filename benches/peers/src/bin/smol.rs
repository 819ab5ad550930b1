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
use workload::{Channels, Runtime};

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

    async fn sleep(duration: Duration) {
        Timer::after(duration).await;
    }

    async fn sleep_until(at: Instant) {
        Timer::at(at).await;
    }
}

/// smol has no wait group: a count, and a channel on which the last to end says so.
struct Group {
    count: AtomicU64,
    ended: (Sender<()>, Receiver<()>),
}

enum Channel {}

impl Channels for Channel {
    type Sender = Sender<u64>;
    type Receiver = Receiver<u64>;
    type Gate = Self::Receiver;

    const LEAST: usize = 1;

    fn supports(scenario: &str) -> bool {
        !scenario.ends_with("_0")
    }

    fn channel(capacity: usize) -> (Self::Sender, Self::Receiver) {
        bounded(capacity)
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

    async fn pass(gate: &Self::Gate) {
        assert!(gate.recv().await.is_err());
    }

    fn open(gate: &Self::Gate) {
        gate.close();
    }
}
