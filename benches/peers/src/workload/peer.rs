//! What a peer provides: how it runs goroutines, and one kind of channel.
//!
//! What must hold: an adapter is one call for each, in the way its own documentation calls fast. A
//! peer that blocks its thread instead of suspending blocks inside these futures.

use std::future::Future;
use std::time::{Duration, Instant};

/// What runs goroutines, tasks or threads. Every result is a `u64`.
pub trait Runtime: 'static {
    /// What a spawned future's result is asked of.
    type Handle: Send;
    /// What counts goroutines that nobody joins, until the last has ended.
    type Group: Send + Sync + 'static;

    /// Whether a scenario can be run here at all; a million threads cannot.
    fn supports(_scenario: &str) -> bool {
        true
    }

    /// Runs `main` to its end on a fresh runtime, as one more task beside those it spawns. What
    /// has not ended by then is dropped, left to itself, or ended with the process.
    fn run<T: Send + 'static>(workers: usize, main: impl Future<Output = T> + Send + 'static) -> T;

    /// Starts `future` beside the caller.
    fn spawn(future: impl Future<Output = u64> + Send + 'static) -> Self::Handle;

    /// Waits for the result.
    fn join(handle: Self::Handle) -> impl Future<Output = u64> + Send;

    /// Starts `future` beside the caller, and nobody asks for its end.
    fn detach(future: impl Future<Output = ()> + Send + 'static);

    /// Makes an empty group.
    fn group() -> Self::Group;

    /// Starts `future` as one more of the group.
    fn spawn_in(group: &Self::Group, future: impl Future<Output = ()> + Send + 'static);

    /// Waits until all of the group have ended; called by one, when no more are added.
    fn wait(group: &Self::Group) -> impl Future<Output = ()> + Send;

    /// Lets all others run first.
    fn yield_now() -> impl Future<Output = ()> + Send;

    /// Waits for so long, and never less. The peer's own future, if it has one: where very many wait, one around it
    /// would weigh.
    fn sleep(duration: Duration) -> impl Future<Output: Send> + Send;

    /// Waits until then; not at all if that has passed.
    fn sleep_until(at: Instant) -> impl Future<Output: Send> + Send;
}

/// What goes through channels: numbers, and messages of several.
pub trait Value: Send + Unpin + 'static {}

impl<T: Send + Unpin + 'static> Value for T {}

/// One kind of channel, of `T`.
pub trait Carries<T>: 'static {
    /// The sending end.
    type Sender: Clone + Send + Sync + 'static;
    /// The receiving end.
    type Receiver: Send + Sync + 'static;

    /// Makes a channel; capacity 0 is a rendezvous.
    fn channel(capacity: usize) -> (Self::Sender, Self::Receiver);

    /// Sends, waiting for room. Panics where nobody listens any more.
    fn send(sender: &Self::Sender, value: T) -> impl Future<Output = ()> + Send;

    /// Receives; `None` once the channel is closed and drained.
    fn receive(receiver: &mut Self::Receiver) -> impl Future<Output = Option<T>> + Send;

    /// One more receiver of the same channel: each value goes to one of them.
    fn share(_receiver: &Self::Receiver) -> Self::Receiver {
        unreachable!("not supported")
    }
}

/// What waiting at a gate gives.
pub trait Passed {
    /// Whether it says that the gate is open.
    fn is_open(&self) -> bool;
}

impl Passed for () {
    fn is_open(&self) -> bool {
        true
    }
}

/// Of a channel, from which nothing is received.
impl<T> Passed for Option<T> {
    fn is_open(&self) -> bool {
        self.is_none()
    }
}

/// Of one that says so by an error.
impl<T, E> Passed for Result<T, E> {
    fn is_open(&self) -> bool {
        self.is_err()
    }
}

/// The same kind of channel, of `u64`, and what else it can do.
pub trait Channels: Carries<u64> {
    /// What any number of tasks wait at until it is opened.
    type Gate: Clone + Send + 'static;

    /// The least capacity there is: 0 is a rendezvous.
    const LEAST: usize = 0;

    /// Whether a scenario can be written with these channels at all. Those whose names end in `_0`
    /// need a rendezvous, `mpmc_…` and `contended_…` need [`share`](Carries::share), `select_…`
    /// need [`select`](Channels::select) or [`Arms`](crate::Arms), and `parked` needs a gate.
    fn supports(scenario: &str) -> bool;

    /// Receives from whichever of 2, 4 or 8 is ready, as fair as this peer's select is by default,
    /// and says from which it was. `N` is known where this is compiled, so a `match` over the slice
    /// costs nothing.
    fn select<const N: usize>(
        from: &mut [Self::Receiver; N],
    ) -> impl Future<Output = (usize, u64)> + Send;

    /// Makes a closed gate.
    fn gate() -> Self::Gate;

    /// Waits until the gate is open. The peer's own future, as with [`sleep`](Runtime::sleep).
    fn pass(gate: &Self::Gate) -> impl Future<Output: Passed + Send> + Send;

    /// Opens the gate, for ever.
    fn open(gate: &Self::Gate);
}
