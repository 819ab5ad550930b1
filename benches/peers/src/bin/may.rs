//! may: stackful coroutines with stacks of its default size. Its channels have no bounds, so it takes part
//! only where no sender can ever be ahead of its receiver, and its select would have to choose among those.

use std::future::Future;
use std::future::ready;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use may::coroutine::{JoinHandle, sleep, yield_now};
use may::go;
use may::sync::mpsc::{Receiver, Sender, channel};
use may::sync::{SyncFlag, WaitGroup};
use workload::blocking::finish;
use workload::{Arms, Carries, Channels, Passed, Runtime, Value};

fn main() -> ExitCode {
    workload::main::<May, Mpsc>(&workload::arguments())
}

enum May {}

impl Runtime for May {
    type Handle = JoinHandle<u64>;
    /// Its wait group is given up by the wait.
    type Group = Mutex<Option<WaitGroup>>;

    fn run<T: Send + 'static>(workers: usize, main: impl Future<Output = T> + Send + 'static) -> T {
        may::config().set_workers(workers);
        go!(move || finish(main)).join().expect("main panicked")
    }

    fn spawn(future: impl Future<Output = u64> + Send + 'static) -> JoinHandle<u64> {
        go!(move || finish(future))
    }

    async fn join(handle: JoinHandle<u64>) -> u64 {
        handle.join().expect("a coroutine panicked")
    }

    fn detach(future: impl Future<Output = ()> + Send + 'static) {
        go!(move || finish(future));
    }

    fn group() -> Self::Group {
        Mutex::new(Some(WaitGroup::new()))
    }

    fn spawn_in(group: &Self::Group, future: impl Future<Output = ()> + Send + 'static) {
        let member = group.lock().expect("nobody panicked").clone();
        go!(move || {
            finish(future);
            drop(member);
        });
    }

    async fn wait(group: &Self::Group) {
        let all = group.lock().expect("nobody panicked").take();
        all.expect("waited for once").wait();
    }

    async fn yield_now() {
        yield_now();
    }

    fn sleep(duration: Duration) -> impl Future<Output: Send> + Send {
        ready(sleep(duration))
    }

    fn sleep_until(at: Instant) -> impl Future<Output: Send> + Send {
        ready(sleep(at.saturating_duration_since(Instant::now())))
    }
}

enum Mpsc {}

impl<const N: usize> Arms<N> for Mpsc {}

/// A sender that is used by one coroutine alone.
struct Own<T>(Sender<T>);

// SAFETY: every scenario moves a sender into the one coroutine that sends, and clones it only before; the
// bound is there because a reference to it lives in that coroutine's future.
unsafe impl<T: Send> Sync for Own<T> {}

impl<T> Clone for Own<T> {
    fn clone(&self) -> Self {
        Own(self.0.clone())
    }
}

/// A receiver that is used by one coroutine alone, and by `&mut` alone.
struct Alone<T>(Receiver<T>);

// SAFETY: nothing is done through a shared reference to it.
unsafe impl<T: Send> Sync for Alone<T> {}

impl<T: Value> Carries<T> for Mpsc {
    type Sender = Own<T>;
    type Receiver = Alone<T>;

    fn channel(_: usize) -> (Own<T>, Alone<T>) {
        let (sender, receiver) = channel();
        (Own(sender), Alone(receiver))
    }

    async fn send(sender: &Own<T>, value: T) {
        sender.0.send(value).expect("nobody listens");
    }

    async fn receive(receiver: &mut Alone<T>) -> Option<T> {
        receiver.0.recv().ok()
    }
}

impl Channels for Mpsc {
    type Gate = Arc<SyncFlag>;

    const LEAST: usize = 1;

    fn supports(scenario: &str) -> bool {
        let ahead = ["spsc", "mpsc", "mpmc", "contended", "select", "sieve"];
        !(scenario.ends_with("_0") || ahead.iter().any(|start| scenario.starts_with(start)))
    }

    async fn select<const N: usize>(_: &mut [Self::Receiver; N]) -> (usize, u64) {
        unreachable!("not supported")
    }

    fn gate() -> Self::Gate {
        Arc::new(SyncFlag::new())
    }

    fn pass(gate: &Self::Gate) -> impl Future<Output: Passed + Send> + Send {
        ready(gate.wait())
    }

    fn open(gate: &Self::Gate) {
        gate.fire();
    }
}
