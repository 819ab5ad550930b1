//! What `count.sh` runs under callgrind: one scenario, on one worker.
//!
//!     count               # the scenarios that can be counted, each with its number of operations
//!     count SCENARIO N    # makes N operations

use std::env;
use std::process::ExitCode;

use chango_benches::{Goroutines, all};

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    match &arguments[..] {
        [] => list(),
        [name, operations] => count(name, operations),
        _ => usage("too many arguments"),
    }
}

fn list() -> ExitCode {
    for scenario in all().iter().filter(|scenario| scenario.operations() > 0) {
        println!("{} {}", scenario.name(), scenario.operations());
    }
    ExitCode::SUCCESS
}

fn count(name: &str, operations: &str) -> ExitCode {
    let Ok(operations) = operations.parse() else {
        return usage("the operations are a number");
    };
    let scenarios = all();
    let Some(scenario) = scenarios.iter().find(|scenario| scenario.name() == name) else {
        return usage("no scenario has that name");
    };
    Goroutines::on(1).time(scenario, operations);
    ExitCode::SUCCESS
}

fn usage(mistake: &str) -> ExitCode {
    eprintln!("{mistake}\nusage: count [SCENARIO OPERATIONS]");
    ExitCode::from(2)
}
