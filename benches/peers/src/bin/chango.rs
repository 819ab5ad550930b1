//! chango: the operators inside the macros, as the README writes them.

use std::future::Future;
use std::process::ExitCode;

use chango::prelude::*;
use chango::runtime::Builder;
use chango::task::JoinHandle;
use workload::{Arms, Carries, Channels, Passed, Runtime, Tally, Value};

fn main() -> ExitCode {
    workload::main::<Chango, Chan>(&workload::arguments())
}

enum Chango {}

impl Runtime for Chango {
    type Handle = JoinHandle<u64>;
    type Group = WaitGroup;

    fn run<T: Send + 'static>(workers: usize, main: impl Future<Output = T> + Send + 'static) -> T {
        Builder::new()
            .workers(workers)
            .build()
            .expect("no runtime")
            .run(main)
    }

    fn spawn(future: impl Future<Output = u64> + Send + 'static) -> JoinHandle<u64> {
        chango::task::spawn(future)
    }

    async fn join(handle: JoinHandle<u64>) -> u64 {
        handle.await.expect("a goroutine panicked")
    }

    fn detach(future: impl Future<Output = ()> + Send + 'static) {
        chango::task::spawn(future).detach();
    }

    fn group() -> WaitGroup {
        WaitGroup::new()
    }

    fn spawn_in(group: &WaitGroup, future: impl Future<Output = ()> + Send + 'static) {
        group.go(future).detach();
    }

    async fn wait(group: &WaitGroup) {
        group.wait().await;
    }

    async fn yield_now() {
        chango::task::yield_now().await;
    }

    fn sleep(duration: Duration) -> impl Future<Output: Send> + Send {
        sleep(duration)
    }

    fn sleep_until(at: Instant) -> impl Future<Output: Send> + Send {
        chango::time::sleep_until(at)
    }
}

enum Chan {}

/// A select of so many arms, each written down.
macro_rules! select_many {
    (() $size:literal: $($name:ident $arm:literal)*) => {
        impl Arms<$size> for Chan {
            async fn select_many(
                from: &mut [Receiver<u64>; $size],
                messages: u64,
                tally: &mut Tally<$size>,
            ) {
                let [$($name),*] = from;
                for _ in 0..messages {
                    tally.take(select! {
                        $(Some(value) = <-$name => ($arm, value),)*
                        else => unreachable!("the channels stay open"),
                    });
                }
            }
        }
    };
}
workload::each_size!(select_many);

impl<T: Value> Carries<T> for Chan {
    type Sender = Sender<T>;
    type Receiver = Receiver<T>;

    fn channel(capacity: usize) -> (Self::Sender, Self::Receiver) {
        bounded(capacity)
    }

    async fn send(sender: &Self::Sender, value: T) {
        co! { sender <- value; }
    }

    async fn receive(receiver: &mut Self::Receiver) -> Option<T> {
        co! { <-receiver }
    }

    fn share(receiver: &Self::Receiver) -> Self::Receiver {
        receiver.clone()
    }
}

impl Channels for Chan {
    type Gate = Receiver<u64>;

    fn supports(_: &str) -> bool {
        true
    }

    async fn select<const N: usize>(from: &mut [Self::Receiver; N]) -> (usize, u64) {
        match from.as_mut_slice() {
            [a, b] => select! {
                Some(value) = <-a => (0, value),
                Some(value) = <-b => (1, value),
                else => unreachable!("the channels stay open"),
            },
            [a, b, c, d] => select! {
                Some(value) = <-a => (0, value),
                Some(value) = <-b => (1, value),
                Some(value) = <-c => (2, value),
                Some(value) = <-d => (3, value),
                else => unreachable!("the channels stay open"),
            },
            [a, b, c, d, e, f, g, h] => select! {
                Some(value) = <-a => (0, value),
                Some(value) = <-b => (1, value),
                Some(value) = <-c => (2, value),
                Some(value) = <-d => (3, value),
                Some(value) = <-e => (4, value),
                Some(value) = <-f => (5, value),
                Some(value) = <-g => (6, value),
                Some(value) = <-h => (7, value),
                else => unreachable!("the channels stay open"),
            },
            _ => unreachable!("2, 4 or 8"),
        }
    }

    /// What waits needs the receiver alone. The sender is never dropped, which would open the gate.
    fn gate() -> Self::Gate {
        let (sender, gate) = bounded(0);
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
