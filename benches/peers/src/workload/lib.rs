//! Every scenario, written once, over the two small traits that a peer implements.
//!
//! What must hold: a scenario is the same program on every peer, it does nothing but what its line
//! in the README says, and it checks its result, so that a peer that loses, doubles or reorders a
//! value fails instead of looking fast. The traits cost nothing: all is monomorphic, and an adapter
//! is one call. `go/` holds the same scenarios and must be changed with this crate.

mod arms;
pub mod blocking;
mod channels;
mod measure;
mod message;
mod peer;
mod select;
pub mod server;
mod shapes;
mod spawn;
mod time;
mod waiting;

pub use arms::{Arms, Tally};
pub use message::Message;
pub use peer::{Carries, Channels, Passed, Runtime, Value};

use std::env;
use std::process::ExitCode;

use measure::{Cost, Scale, cold, warm};
use time::Beside;

/// Runs the scenario that the command line names and prints its line (see the README); `-` where
/// this peer cannot do it. `arguments` are: scenario, workers, what the full size is divided by, and
/// maybe `--size N`.
pub fn main<R: Runtime, C: Grows>(arguments: &[String]) -> ExitCode {
    let (scenario, workers, divisor, size) = match arguments {
        [scenario, workers, divisor] => (scenario, workers, divisor, None),
        [scenario, workers, divisor, option, size] if option == "--size" => {
            (scenario, workers, divisor, Some(size.parse()))
        }
        _ => {
            eprintln!("usage: PEER SCENARIO WORKERS DIVISOR [--size N]");
            return ExitCode::from(2);
        }
    };
    let (Ok(workers), Ok(divisor), Ok(size)) = (workers.parse(), divisor.parse(), size.transpose())
    else {
        eprintln!("WORKERS, DIVISOR and N are numbers");
        return ExitCode::from(2);
    };
    if !(R::supports(scenario) && C::supports(scenario)) {
        println!("-");
        return ExitCode::SUCCESS;
    }
    let Some(cost) = run::<R, C>(scenario, workers, Scale { divisor, size }) else {
        eprintln!("no scenario is called {scenario:?}");
        return ExitCode::from(2);
    };
    println!("{cost}");
    ExitCode::SUCCESS
}

/// The arguments of the process, for [`main`].
pub fn arguments() -> Vec<String> {
    env::args().skip(1).collect()
}

/// The scenarios and their full sizes: one run of the slower peers takes about a second.
fn run<R: Runtime, C: Grows>(scenario: &str, workers: usize, scale: Scale) -> Option<Cost> {
    let operations = |full| scale.operations(full);
    Some(match scenario {
        "pingpong_0" => warm::<R, _>(workers, operations(500_000), |n| {
            channels::pingpong::<R, C>(0, n)
        }),
        "pingpong_1" => warm::<R, _>(workers, operations(500_000), |n| {
            channels::pingpong::<R, C>(1, n)
        }),
        "spsc_0" => warm::<R, _>(workers, operations(2_000_000), |n| {
            channels::spsc::<R, C>(0, n)
        }),
        "spsc_1" => warm::<R, _>(workers, operations(2_000_000), |n| {
            channels::spsc::<R, C>(1, n)
        }),
        "spsc_128" => warm::<R, _>(workers, operations(5_000_000), |n| {
            channels::spsc::<R, C>(128, n)
        }),
        "mpsc_128" => many::<R, C>(workers, scale, 128, [4, 1], 4_000_000),
        "mpmc_0" => many::<R, C>(workers, scale, 0, [4, 4], 1_000_000),
        "mpmc_128" => many::<R, C>(workers, scale, 128, [4, 4], 4_000_000),
        "contended_128" => many::<R, C>(workers, scale, 128, [64, 64], 4_000_000),
        "select_2" => warm::<R, _>(workers, operations(2_000_000), select::select::<R, C, 2>),
        "select_4" => warm::<R, _>(workers, operations(2_000_000), select::select::<R, C, 4>),
        "select_8" => warm::<R, _>(workers, operations(2_000_000), select::select::<R, C, 8>),
        "spawn_join" => {
            let batch = scale.dimension(1_000);
            let all = operations(1_000_000).max(batch);
            warm::<R, _>(workers, all, move |n| spawn::join::<R>(batch, n))
        }
        "spawn_detached" => {
            let all = scale.shrinking(1_000_000, 10_000);
            warm::<R, _>(workers, all, spawn::detached::<R>)
        }
        "spawn_chain" => {
            let all = scale.shrinking(1_000_000, 10_000);
            warm::<R, _>(workers, all, spawn::chain::<R, C>)
        }
        "yield" => {
            let goroutines = scale.dimension(1_000);
            let all = scale.whole(10_000_000, goroutines);
            warm::<R, _>(workers, all, move |n| spawn::yields::<R>(goroutines, n))
        }
        "sieve_0" => warm::<R, _>(workers, scale.shrinking_by_square(2_500, 100), |n| {
            shapes::sieve::<R, C>(0, n)
        }),
        "sieve_1" => warm::<R, _>(workers, scale.shrinking_by_square(2_500, 100), |n| {
            shapes::sieve::<R, C>(1, n)
        }),
        "ring_0" => ring::<R, C>(workers, scale, 0),
        "ring_1" => ring::<R, C>(workers, scale, 1),
        "skynet" => {
            // A power of ten: the tenth that runs first is one level less deep.
            let leaves = 10_u64.pow(scale.shrinking(1_000_000, 100).ilog10());
            warm::<R, _>(workers, leaves, shapes::skynet::<R, C>)
        }
        "parked" => {
            let all = scale.shrinking(1_000_000, 10_000);
            cold::<R, _>(workers, all, waiting::parked::<R, C>)
        }
        "asleep" => {
            let all = scale.dimension(100_000);
            cold::<R, _>(workers, all, waiting::asleep::<R>)
        }
        "timers" => {
            let sleeps = scale.shrinking(100_000, 1_000) * time::SLEEPS;
            cold::<R, _>(workers, sleeps, time::timers::<R>)
        }
        "ticker" => ticker::<R, C>(workers, scale, Beside::Nobody),
        "ticker_blocked" => ticker::<R, C>(workers, scale, Beside::Blocked),
        "ticker_channels" => ticker::<R, C>(workers, scale, Beside::Channels),
        "ticker_computing" => ticker::<R, C>(workers, scale, Beside::Computing),
        _ => return growing::<R, C>(scenario, workers, scale),
    })
}

/// What the scenarios of growth.sh alone need: selects of more sizes, and channels of messages.
pub trait Grows:
    Channels
    + Arms<1>
    + Arms<16>
    + Arms<32>
    + Arms<64>
    + Carries<Message<1>>
    + Carries<Message<8>>
    + Carries<Message<32>>
    + Carries<Message<128>>
    + Carries<Message<512>>
{
}

impl<C> Grows for C where
    C: Channels
        + Arms<1>
        + Arms<16>
        + Arms<32>
        + Arms<64>
        + Carries<Message<1>>
        + Carries<Message<8>>
        + Carries<Message<32>>
        + Carries<Message<128>>
        + Carries<Message<512>>
{
}

/// The scenarios of growth.sh alone. A message's size is in bytes.
fn growing<R: Runtime, C: Grows>(scenario: &str, workers: usize, scale: Scale) -> Option<Cost> {
    Some(match scenario {
        "select_1" => select_many::<R, C, 1>(workers, scale),
        "select_16" => select_many::<R, C, 16>(workers, scale),
        "select_32" => select_many::<R, C, 32>(workers, scale),
        "select_64" => select_many::<R, C, 64>(workers, scale),
        "spsc_message_8" => spsc_message::<R, C, 1>(workers, scale),
        "spsc_message_64" => spsc_message::<R, C, 8>(workers, scale),
        "spsc_message_256" => spsc_message::<R, C, 32>(workers, scale),
        "spsc_message_1024" => spsc_message::<R, C, 128>(workers, scale),
        "spsc_message_4096" => spsc_message::<R, C, 512>(workers, scale),
        "mpmc_message_8" => mpmc_message::<R, C, 1>(workers, scale),
        "mpmc_message_64" => mpmc_message::<R, C, 8>(workers, scale),
        "mpmc_message_256" => mpmc_message::<R, C, 32>(workers, scale),
        "mpmc_message_1024" => mpmc_message::<R, C, 128>(workers, scale),
        "mpmc_message_4096" => mpmc_message::<R, C, 512>(workers, scale),
        _ => return None,
    })
}

/// Two million values, so that a few are left for each of 64 arms also at a fiftieth.
fn select_many<R: Runtime, C: Arms<N>, const N: usize>(workers: usize, scale: Scale) -> Cost {
    let all = scale.whole(2_000_000, N as u64);
    warm::<R, _>(workers, all, arms::select::<R, C, N>)
}

fn spsc_message<R: Runtime, C: Carries<Message<WORDS>>, const WORDS: usize>(
    workers: usize,
    scale: Scale,
) -> Cost {
    let all = scale.operations(2_000_000);
    warm::<R, _>(workers, all, message::spsc::<R, C, WORDS>)
}

fn mpmc_message<R: Runtime, C: Carries<Message<WORDS>>, const WORDS: usize>(
    workers: usize,
    scale: Scale,
) -> Cost {
    let all = scale.operations(1_000_000);
    warm::<R, _>(workers, all, message::mpmc::<R, C, WORDS>)
}

/// `full` messages from so many to so many; the size is the number on each side that has several.
fn many<R: Runtime, C: Channels>(
    workers: usize,
    scale: Scale,
    capacity: usize,
    ends: [u64; 2],
    full: u64,
) -> Cost {
    let ends = ends.map(|end| if end == 1 { 1 } else { scale.dimension(end) });
    let all = scale.whole(full, ends[0]);
    warm::<R, _>(workers, all, move |n| {
        channels::many::<R, C>(capacity, ends, n)
    })
}

/// A hundred rounds of a ring of 10,000; of any other, ten at least.
fn ring<R: Runtime, C: Channels>(workers: usize, scale: Scale, capacity: usize) -> Cost {
    let goroutines = scale.dimension(10_000);
    let all = scale.whole(1_000_000, goroutines);
    warm::<R, _>(workers, all, move |n| {
        shapes::ring::<R, C>(capacity, goroutines, n)
    })
}

/// Two seconds of ticks, and as many at least as the longest stretches beside them need.
fn ticker<R: Runtime, C: Channels>(workers: usize, scale: Scale, beside: Beside) -> Cost {
    let ticks = scale.shrinking(2_000, 500);
    cold::<R, _>(workers, ticks, move |n| time::ticker::<R, C>(beside, n))
}
