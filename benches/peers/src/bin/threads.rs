//! Threads of the system instead of goroutines, with crossbeam's channels (`--crossbeam` before the other
//! arguments) or std's (`--std`). So many workers are so many processors that all threads together may run
//! on. What needs a thousand threads or makes them by the million is no use of threads, and left out.

// A select of 32 arms is as many macros deep, several times over.
#![recursion_limit = "256"]

use std::future::Future;
use std::future::ready;
use std::mem;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use workload::blocking::finish;
use workload::{Arms, Carries, Channels, Passed, Runtime, Tally, Value};

fn main() -> ExitCode {
    match workload::arguments().as_slice() {
        [option, rest @ ..] if option == "--crossbeam" => {
            workload::main::<Threads, Crossbeam>(rest)
        }
        [option, rest @ ..] if option == "--std" => workload::main::<Threads, Std>(rest),
        _ => {
            eprintln!("usage: threads --crossbeam|--std SCENARIO WORKERS DIVISOR");
            ExitCode::from(2)
        }
    }
}

enum Threads {}

impl Runtime for Threads {
    type Handle = JoinHandle<u64>;
    type Group = Arc<Group>;

    fn supports(scenario: &str) -> bool {
        let few = [
            "pingpong",
            "spsc",
            "mpsc",
            "mpmc",
            "contended",
            "select",
            "ticker",
        ];
        few.iter().any(|start| scenario.starts_with(start))
    }

    fn run<T: Send + 'static>(workers: usize, main: impl Future<Output = T> + Send + 'static) -> T {
        keep_to(workers);
        let main = thread::spawn(|| finish(main));
        main.join().expect("main panicked")
    }

    fn spawn(future: impl Future<Output = u64> + Send + 'static) -> JoinHandle<u64> {
        thread::spawn(|| finish(future))
    }

    async fn join(handle: JoinHandle<u64>) -> u64 {
        handle.join().expect("a thread panicked")
    }

    fn detach(future: impl Future<Output = ()> + Send + 'static) {
        thread::spawn(|| finish(future));
    }

    fn group() -> Arc<Group> {
        Arc::default()
    }

    fn spawn_in(group: &Arc<Group>, future: impl Future<Output = ()> + Send + 'static) {
        *group.count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        let group = Arc::clone(group);
        thread::spawn(move || {
            finish(future);
            let mut count = group.count.lock().unwrap_or_else(PoisonError::into_inner);
            *count -= 1;
            if *count == 0 {
                group.ended.notify_all();
            }
        });
    }

    async fn wait(group: &Arc<Group>) {
        let count = group.count.lock().expect("nobody panicked");
        let ended = group.ended.wait_while(count, |count| *count != 0);
        drop(ended.expect("nobody panicked"));
    }

    async fn yield_now() {
        thread::yield_now();
    }

    fn sleep(duration: Duration) -> impl Future<Output: Send> + Send {
        ready(thread::sleep(duration))
    }

    fn sleep_until(at: Instant) -> impl Future<Output: Send> + Send {
        ready(thread::sleep(at.saturating_duration_since(Instant::now())))
    }
}

#[derive(Default)]
struct Group {
    count: Mutex<u64>,
    ended: Condvar,
}

/// Keeps this thread, and those that it starts, to the first processors that it may run on.
#[cfg(target_os = "linux")]
fn keep_to(processors: usize) {
    let size = mem::size_of::<libc::cpu_set_t>();
    // SAFETY: all zeros is the empty set.
    let (mut allowed, mut kept): (libc::cpu_set_t, libc::cpu_set_t) = unsafe { mem::zeroed() };
    // SAFETY: the pointer is to a whole set of that size.
    let failed = unsafe { libc::sched_getaffinity(0, size, &mut allowed) };
    assert_eq!(failed, 0, "where this thread may run is known");
    // SAFETY: the number is below the size of a set.
    let may = |&at: &usize| unsafe { libc::CPU_ISSET(at, &allowed) };
    for at in (0..libc::CPU_SETSIZE as usize).filter(may).take(processors) {
        // SAFETY: as above.
        unsafe { libc::CPU_SET(at, &mut kept) };
    }
    // SAFETY: the pointer is to a whole set of that size.
    let failed = unsafe { libc::sched_setaffinity(0, size, &kept) };
    assert_eq!(failed, 0, "these are some of those that it may run on");
}

#[cfg(not(target_os = "linux"))]
fn keep_to(_processors: usize) {}

enum Crossbeam {}

/// A select of so many arms, each written down. crossbeam's macro has 32 at most; of more, its list is made
/// once and used again.
macro_rules! select_many {
    (() 64: $($name:ident $arm:literal)*) => {
        impl Arms<64> for Crossbeam {
            async fn select_many(
                from: &mut [crossbeam_channel::Receiver<u64>; 64],
                messages: u64,
                tally: &mut Tally<64>,
            ) {
                let mut select = crossbeam_channel::Select::new();
                for receiver in from.iter() {
                    select.recv(receiver);
                }
                for _ in 0..messages {
                    let ready = select.select();
                    let arm = ready.index();
                    let value = ready.recv(&from[arm]);
                    tally.take((arm, value.expect("the channels stay open")));
                }
            }
        }
    };
    (() $size:literal: $($name:ident $arm:literal)*) => {
        impl Arms<$size> for Crossbeam {
            async fn select_many(
                from: &mut [crossbeam_channel::Receiver<u64>; $size],
                messages: u64,
                tally: &mut Tally<$size>,
            ) {
                let [$($name),*] = &*from;
                for _ in 0..messages {
                    let (arm, value) = crossbeam_channel::select! {
                        $(recv($name) -> value => ($arm, value),)*
                    };
                    tally.take((arm, value.expect("the channels stay open")));
                }
            }
        }
    };
}
workload::each_size!(select_many);

impl<T: Value> Carries<T> for Crossbeam {
    type Sender = crossbeam_channel::Sender<T>;
    type Receiver = crossbeam_channel::Receiver<T>;

    fn channel(capacity: usize) -> (Self::Sender, Self::Receiver) {
        crossbeam_channel::bounded(capacity)
    }

    async fn send(sender: &Self::Sender, value: T) {
        sender.send(value).expect("nobody listens");
    }

    async fn receive(receiver: &mut Self::Receiver) -> Option<T> {
        receiver.recv().ok()
    }

    fn share(receiver: &Self::Receiver) -> Self::Receiver {
        receiver.clone()
    }
}

impl Channels for Crossbeam {
    type Gate = ();

    fn supports(scenario: &str) -> bool {
        scenario != "parked"
    }

    async fn select<const N: usize>(from: &mut [Self::Receiver; N]) -> (usize, u64) {
        use crossbeam_channel::select;
        let (arm, value) = match from.as_slice() {
            [a, b] => select! {
                recv(a) -> value => (0, value),
                recv(b) -> value => (1, value),
            },
            [a, b, c, d] => select! {
                recv(a) -> value => (0, value),
                recv(b) -> value => (1, value),
                recv(c) -> value => (2, value),
                recv(d) -> value => (3, value),
            },
            [a, b, c, d, e, f, g, h] => select! {
                recv(a) -> value => (0, value),
                recv(b) -> value => (1, value),
                recv(c) -> value => (2, value),
                recv(d) -> value => (3, value),
                recv(e) -> value => (4, value),
                recv(f) -> value => (5, value),
                recv(g) -> value => (6, value),
                recv(h) -> value => (7, value),
            },
            _ => unreachable!("2, 4 or 8"),
        };
        (arm, value.expect("the channels stay open"))
    }

    fn gate() {
        unreachable!("not supported")
    }

    fn pass((): &()) -> impl Future<Output: Passed + Send> + Send {
        ready(())
    }

    fn open((): &()) {}
}

enum Std {}

impl<const N: usize> Arms<N> for Std {}

/// A receiver that is used by one thread alone, and by `&mut` alone.
struct Alone<T>(Receiver<T>);

// SAFETY: nothing is done through a shared reference to it.
unsafe impl<T: Send> Sync for Alone<T> {}

impl<T: Value> Carries<T> for Std {
    type Sender = SyncSender<T>;
    type Receiver = Alone<T>;

    fn channel(capacity: usize) -> (Self::Sender, Self::Receiver) {
        let (sender, receiver) = sync_channel(capacity);
        (sender, Alone(receiver))
    }

    async fn send(sender: &Self::Sender, value: T) {
        sender.send(value).expect("nobody listens");
    }

    async fn receive(receiver: &mut Alone<T>) -> Option<T> {
        receiver.0.recv().ok()
    }
}

impl Channels for Std {
    type Gate = ();

    /// One receiver, and no select.
    fn supports(scenario: &str) -> bool {
        let without = ["mpmc", "contended", "select", "parked"];
        // What has no channels in it is the same with crossbeam's.
        let no_channels = scenario.starts_with("ticker") && scenario != "ticker_channels";
        !no_channels && !without.iter().any(|start| scenario.starts_with(start))
    }

    async fn select<const N: usize>(_: &mut [Self::Receiver; N]) -> (usize, u64) {
        unreachable!("not supported")
    }

    fn gate() {
        unreachable!("not supported")
    }

    fn pass((): &()) -> impl Future<Output: Passed + Send> + Send {
        ready(())
    }

    fn open((): &()) {}
}
