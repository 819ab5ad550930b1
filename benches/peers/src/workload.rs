//! Every scenario, written once, over the two small traits that a peer implements.
//!
//! What must hold: a scenario is the same program on every peer, it does nothing but what its line
//! in the README says, and it checks its result, so that a peer that loses, doubles or reorders a
//! value fails instead of looking fast. The traits cost nothing: all is monomorphic, and an adapter
//! is one call. `go/main.go` holds the same scenarios and must be changed with this file.

pub mod server;

use std::env;
use std::future::Future;
use std::mem::MaybeUninit;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What spawns goroutines, tasks or threads. Every result is a `u64`.
pub trait Runtime: 'static {
    /// What a spawned future's result is asked of.
    type Handle: Send;

    /// Runs `main` to its end on a fresh runtime, as one more task beside those it spawns.
    fn run<T: Send + 'static>(workers: usize, main: impl Future<Output = T> + Send + 'static) -> T;

    /// Starts `future` beside the caller.
    fn spawn(future: impl Future<Output = u64> + Send + 'static) -> Self::Handle;

    /// Waits for the result.
    fn join(handle: Self::Handle) -> impl Future<Output = u64> + Send;

    /// Lets all others run first.
    fn yield_now() -> impl Future<Output = ()> + Send;
}

/// One kind of channel, of `u64`.
pub trait Channels: 'static {
    /// The sending end.
    type Sender: Clone + Send + Sync + 'static;
    /// The receiving end.
    type Receiver: Send + Sync + 'static;
    /// What any number of tasks wait at until it is opened.
    type Gate: Clone + Send + 'static;

    /// Whether a scenario can be written with these channels at all.
    fn supports(scenario: &str) -> bool;

    /// Makes a channel; capacity 0 is a rendezvous.
    fn channel(capacity: usize) -> (Self::Sender, Self::Receiver);

    /// Sends, waiting for room. Panics where nobody listens any more.
    fn send(sender: &Self::Sender, value: u64) -> impl Future<Output = ()> + Send;

    /// Receives; `None` once the channel is closed and drained.
    fn receive(receiver: &mut Self::Receiver) -> impl Future<Output = Option<u64>> + Send;

    /// Receives from whichever is ready, as fair as this peer's select is by default, and says from
    /// which it was.
    fn select4(from: &mut [Self::Receiver; 4]) -> impl Future<Output = (usize, u64)> + Send;

    /// Makes a closed gate.
    fn gate() -> Self::Gate;

    /// Waits until the gate is open.
    fn pass(gate: &Self::Gate) -> impl Future<Output = ()> + Send;

    /// Opens the gate, for ever.
    fn open(gate: &Self::Gate);
}

/// What a run cost, an operation.
struct Cost {
    wall: Duration,
    cpu: Duration,
    operations: u64,
}

/// Runs the scenario that the command line names and prints one line: nanoseconds an operation,
/// nanoseconds of CPU time an operation, peak memory in KiB. Prints `-` where these channels cannot
/// do it. `arguments` are: scenario, workers, and what the full size is divided by.
pub fn main<R: Runtime, C: Channels>(arguments: &[String]) -> ExitCode {
    let [scenario, workers, divisor] = arguments else {
        eprintln!("usage: PEER SCENARIO WORKERS DIVISOR");
        return ExitCode::from(2);
    };
    let (Ok(workers), Ok(divisor)) = (workers.parse(), divisor.parse::<u64>()) else {
        eprintln!("WORKERS and DIVISOR are numbers");
        return ExitCode::from(2);
    };
    if !C::supports(scenario) {
        println!("-");
        return ExitCode::SUCCESS;
    }
    // Whole batches and whole quarters, also of the tenth.
    let size = |full: u64| (full / divisor.max(1) / 10_000).max(1) * 10_000;
    let cost = match scenario.as_str() {
        "pingpong_0" => measure::<R, _>(workers, size(500_000), |n| pingpong::<R, C>(0, n)),
        "pingpong_1" => measure::<R, _>(workers, size(500_000), |n| pingpong::<R, C>(1, n)),
        "spsc_128" => measure::<R, _>(workers, size(5_000_000), |n| spsc::<R, C>(128, n)),
        "spawn_join" => measure::<R, _>(workers, size(1_000_000), spawn_join::<R>),
        "select_4" => measure::<R, _>(workers, size(2_000_000), select4::<R, C>),
        "yield" => measure::<R, _>(workers, size(10_000_000), yields::<R>),
        "parked" => measure::<R, _>(workers, size(1_000_000), parked::<R, C>),
        _ => {
            eprintln!("no scenario is called {scenario:?}");
            return ExitCode::from(2);
        }
    };
    let each = |spent: Duration| spent.as_nanos() as f64 / cost.operations as f64;
    println!("{:.1} {:.1} {}", each(cost.wall), each(cost.cpu), usage().1);
    ExitCode::SUCCESS
}

/// The arguments of the process, for [`main`].
pub fn arguments() -> Vec<String> {
    env::args().skip(1).collect()
}

/// A tenth of the size first, unmeasured, so that threads, caches and allocator are warm; then all.
fn measure<R, F>(workers: usize, size: u64, scenario: impl Fn(u64) -> F + Send + 'static) -> Cost
where
    R: Runtime,
    F: Future<Output = ()> + Send,
{
    R::run(workers, async move {
        scenario(size / 10).await;
        let cpu = usage().0;
        let start = Instant::now();
        scenario(size).await;
        Cost {
            wall: start.elapsed(),
            cpu: usage().0 - cpu,
            operations: size,
        }
    })
}

/// A value there and its successor back, `rounds` times, on two channels of `capacity`.
async fn pingpong<R: Runtime, C: Channels>(capacity: usize, rounds: u64) {
    let (ping, mut pinged) = C::channel(capacity);
    let (pong, mut ponged) = C::channel(capacity);
    let partner = R::spawn(async move {
        let mut sum = 0;
        while let Some(value) = C::receive(&mut pinged).await {
            sum += value;
            C::send(&pong, value + 1).await;
        }
        sum
    });
    for round in 0..rounds {
        C::send(&ping, round).await;
        assert_eq!(
            C::receive(&mut ponged).await,
            Some(round + 1),
            "an answer is wrong"
        );
    }
    drop(ping);
    assert_eq!(
        R::join(partner).await,
        sum_below(rounds),
        "a value was lost or doubled"
    );
}

/// One goroutine sends `0..messages` into a channel of `capacity`, the main goroutine receives
/// until it is closed.
async fn spsc<R: Runtime, C: Channels>(capacity: usize, messages: u64) {
    let (sender, mut receiver) = C::channel(capacity);
    let producer = R::spawn(async move {
        for value in 0..messages {
            C::send(&sender, value).await;
        }
        messages
    });
    let mut expected = 0;
    while let Some(value) = C::receive(&mut receiver).await {
        assert_eq!(value, expected, "a value was lost, doubled or out of order");
        expected += 1;
    }
    assert_eq!(
        expected,
        R::join(producer).await,
        "the last values were lost"
    );
}

/// How many goroutines are alive at once in [`spawn_join`].
const BATCH: u64 = 1_000;

/// Spawns a thousand goroutines that return their number, then joins each in the order of
/// spawning; again, until there were `goroutines`.
async fn spawn_join<R: Runtime>(goroutines: u64) {
    let mut handles = Vec::with_capacity(BATCH as usize);
    let mut sum = 0;
    for batch in 0..goroutines / BATCH {
        handles.extend((batch * BATCH..(batch + 1) * BATCH).map(|n| R::spawn(async move { n })));
        for handle in handles.drain(..) {
            sum += R::join(handle).await;
        }
    }
    assert_eq!(
        sum,
        sum_below(goroutines),
        "a goroutine was lost or ran twice"
    );
}

/// Four producers, each with a channel of 128 of its own; the main goroutine receives with one
/// select over the four.
async fn select4<R: Runtime, C: Channels>(messages: u64) {
    let each = messages / 4;
    let mut producers = Vec::new();
    // A closed channel is always ready; these stay open, and the count says when all was received.
    let mut open = Vec::new();
    let mut receivers = [(); 4].map(|()| {
        let (sender, receiver) = C::channel(128);
        open.push(sender.clone());
        producers.push(R::spawn(async move {
            for value in 0..each {
                C::send(&sender, value).await;
            }
            each
        }));
        receiver
    });
    let mut expected = [0; 4];
    for _ in 0..each * 4 {
        let (arm, value) = C::select4(&mut receivers).await;
        assert_eq!(
            value, expected[arm],
            "a value was lost, doubled or out of order"
        );
        expected[arm] += 1;
    }
    for (received, producer) in expected.into_iter().zip(producers) {
        assert_eq!(
            received,
            R::join(producer).await,
            "the last values were lost"
        );
    }
}

/// A thousand goroutines that do nothing but give way, until it was done `times`.
async fn yields<R: Runtime>(times: u64) {
    let each = times / BATCH;
    let yielding = |_| {
        R::spawn(async move {
            for _ in 0..each {
                R::yield_now().await;
            }
            each
        })
    };
    let handles: Vec<_> = (0..BATCH).map(yielding).collect();
    let mut sum = 0;
    for handle in handles {
        sum += R::join(handle).await;
    }
    assert_eq!(sum, each * BATCH, "a goroutine was lost");
}

/// All goroutines are spawned and wait at one gate; when the last has come it is opened, and each is
/// joined.
async fn parked<R: Runtime, C: Channels>(goroutines: u64) {
    let gate = C::gate();
    let come = Arc::new(AtomicU64::new(0));
    let mut handles = Vec::with_capacity(goroutines as usize);
    handles.extend((0..goroutines).map(|number| {
        let (gate, come) = (gate.clone(), Arc::clone(&come));
        R::spawn(async move {
            come.fetch_add(1, Ordering::Relaxed);
            C::pass(&gate).await;
            number
        })
    }));
    while come.load(Ordering::Relaxed) < goroutines {
        R::yield_now().await;
    }
    C::open(&gate);
    let mut sum = 0;
    for handle in handles {
        sum += R::join(handle).await;
    }
    assert_eq!(sum, sum_below(goroutines), "a goroutine was lost");
}

fn sum_below(count: u64) -> u64 {
    count * count.saturating_sub(1) / 2
}

/// CPU time of the process so far, and its peak memory in KiB.
fn usage() -> (Duration, u64) {
    let mut usage = MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: the pointer is to a whole `rusage`, which the call fills in.
    let failed = unsafe { libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) };
    assert_eq!(failed, 0, "getrusage of the own process cannot fail");
    // SAFETY: the call succeeded, so the value was written.
    let usage = unsafe { usage.assume_init() };
    let time = |t: libc::timeval| Duration::new(t.tv_sec as u64, t.tv_usec as u32 * 1_000);
    // Linux counts in KiB, macOS in bytes.
    let unit = if cfg!(target_os = "macos") { 1_024 } else { 1 };
    (
        time(usage.ru_utime) + time(usage.ru_stime),
        usage.ru_maxrss as u64 / unit,
    )
}
