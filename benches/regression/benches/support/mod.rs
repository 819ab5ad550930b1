//! From scenarios to criterion, which is all that a bench does.
//!
//! What must hold: what is timed is what the scenario itself says it took, so that what it sets up and puts
//! away costs it nothing; and the runtime is there before the first sample, and the same for all.

use std::time::Duration;

use chango_benches::{Goroutines, Scenario};
use criterion::Criterion;

/// Runs each scenario on each of its numbers of workers, as the command line of `cargo bench` says.
pub(crate) fn run(scenarios: Vec<Scenario>) {
    let mut criterion = Criterion::default()
        .sample_size(40)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    for scenario in &scenarios {
        for &workers in scenario.workers() {
            let id = format!("{}/{workers}w", scenario.name());
            criterion.bench_function(&id, |bencher| {
                let goroutines = Goroutines::on(workers);
                bencher.iter_custom(|operations| goroutines.time(scenario, operations));
            });
        }
    }
    criterion.final_summary();
}
