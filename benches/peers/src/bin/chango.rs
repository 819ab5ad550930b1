//! chango: the operators inside the macros, as the README writes them.

use std::future::Future;
use std::process::ExitCode;

use chango::prelude::*;
use chango::runtime::Builder;
use chango::task::JoinHandle;
use workload::{Channels, Runtime};

fn main() -> ExitCode {
    workload::main::<Chango, Chan>(&workload::arguments())
}

enum Chango {}

impl Runtime for Chango {
    type Handle = JoinHandle<u64>;

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

    async fn yield_now() {
        chango::task::yield_now().await;
    }
}

enum Chan {}

impl Channels for Chan {
    type Sender = Sender<u64>;
    type Receiver = Receiver<u64>;
    type Gate = (Sender<u64>, Receiver<u64>);

    fn supports(_: &str) -> bool {
        true
    }

    fn channel(capacity: usize) -> (Self::Sender, Self::Receiver) {
        bounded(capacity)
    }

    async fn send(sender: &Self::Sender, value: u64) {
        co! { sender <- value; }
    }

    async fn receive(receiver: &mut Self::Receiver) -> Option<u64> {
        co! { <-receiver }
    }

    async fn select4(from: &mut [Self::Receiver; 4]) -> (usize, u64) {
        select! {
            Some(value) = <-from[0] => (0, value),
            Some(value) = <-from[1] => (1, value),
            Some(value) = <-from[2] => (2, value),
            Some(value) = <-from[3] => (3, value),
            else => unreachable!("the channels stay open"),
        }
    }

    fn gate() -> Self::Gate {
        bounded(0)
    }

    async fn pass((_, gate): &Self::Gate) {
        let nothing = co! { <-gate };
        assert_eq!(nothing, None);
    }

    fn open((gate, _): &Self::Gate) {
        gate.close();
    }
}
