//! crossfire: `mpsc` where one receives, which is faster, and `mpmc` where many do; a capacity of 1 takes
//! its flavour for one by itself. No rendezvous (0 would become 1). Its own selects block the thread, so a
//! select is tokio's, which its documentation allows. A gate is its channel that only ever closes.

use std::process::ExitCode;
use std::sync::Mutex;

use crossfire::null::CloseHandle;
use crossfire::{AsyncRx, MAsyncRx, MAsyncTx, mpmc, mpsc};
use workload::{Arms, Carries, Channels, Passed, Tally, Value};

use super::{Tokio, has_channels, select_any, select_many};

/// Runs the scenario with the channels that its number of receivers allows.
pub(crate) fn main(arguments: &[String]) -> ExitCode {
    // For machines with few cores, as its README asks; it finds out by itself.
    crossfire::detect_backoff_cfg();
    let many = |name: &String| name.starts_with("mpmc") || name.starts_with("contended");
    if arguments.first().is_some_and(many) {
        workload::main::<Tokio, Many>(arguments)
    } else {
        workload::main::<Tokio, One>(arguments)
    }
}

type Gate = MAsyncRx<mpmc::Null>;

/// What holds the one gate of a run closed: what waits needs the receiver alone.
static OPENER: Mutex<Option<CloseHandle<mpmc::Null>>> = Mutex::new(None);

fn gate() -> Gate {
    let (closes, gate) = mpmc::Null::new().new_async();
    *OPENER.lock().expect("nobody panicked") = Some(closes);
    gate
}

fn open() {
    drop(OPENER.lock().expect("nobody panicked").take());
}

fn supports(scenario: &str) -> bool {
    has_channels(scenario) && !scenario.ends_with("_0")
}

enum One {}

workload::each_size!(select_many One recv Ok);

/// A receiver that is used by one alone, and by `&mut` alone.
struct Alone<T: Value>(AsyncRx<mpsc::Array<T>>);

// SAFETY: nothing is done through a shared reference to it.
unsafe impl<T: Value> Sync for Alone<T> {}

impl<T: Value> Alone<T> {
    fn recv(&mut self) -> impl Future<Output = Result<T, crossfire::RecvError>> + Send {
        self.0.recv()
    }
}

impl<T: Value> Carries<T> for One {
    type Sender = MAsyncTx<mpsc::Array<T>>;
    type Receiver = Alone<T>;

    fn channel(capacity: usize) -> (Self::Sender, Self::Receiver) {
        let (sender, receiver) = mpsc::bounded_async(capacity);
        (sender, Alone(receiver))
    }

    async fn send(sender: &Self::Sender, value: T) {
        sender.send(value).await.expect("nobody listens");
    }

    async fn receive(receiver: &mut Self::Receiver) -> Option<T> {
        receiver.recv().await.ok()
    }
}

impl Channels for One {
    type Gate = Gate;

    const LEAST: usize = 1;

    fn supports(scenario: &str) -> bool {
        supports(scenario)
    }

    async fn select<const N: usize>(from: &mut [Self::Receiver; N]) -> (usize, u64) {
        select_any!(from, recv, Ok)
    }

    fn gate() -> Gate {
        gate()
    }

    fn pass(gate: &Gate) -> impl Future<Output: Passed + Send> + Send {
        gate.recv()
    }

    fn open(_: &Gate) {
        open();
    }
}

enum Many {}

impl<const N: usize> Arms<N> for Many {}

impl<T: Value> Carries<T> for Many {
    type Sender = MAsyncTx<mpmc::Array<T>>;
    type Receiver = MAsyncRx<mpmc::Array<T>>;

    fn channel(capacity: usize) -> (Self::Sender, Self::Receiver) {
        mpmc::bounded_async(capacity)
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

impl Channels for Many {
    type Gate = Gate;

    const LEAST: usize = 1;

    fn supports(scenario: &str) -> bool {
        supports(scenario)
    }

    async fn select<const N: usize>(from: &mut [Self::Receiver; N]) -> (usize, u64) {
        select_any!(from, recv, Ok)
    }

    fn gate() -> Gate {
        gate()
    }

    fn pass(gate: &Gate) -> impl Future<Output: Passed + Send> + Send {
        gate.recv()
    }

    fn open(_: &Gate) {
        open();
    }
}
