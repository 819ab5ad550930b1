//! How every model here is run.
//!
//! What must hold: it says how much it has explored, so that a model which became empty is seen.

use std::sync::Arc;
// Not loom's: that it counts is no part of the model.
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

/// Runs `f` in all orders in which its threads can meet, with at most `preemptions` forced switches.
pub(crate) fn model(preemptions: usize, f: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let began = Instant::now();
    builder.check(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        f();
    });
    println!(
        "model {}: {} executions, {:.2} s",
        thread::current().name().unwrap_or("?"),
        runs.load(Ordering::Relaxed),
        began.elapsed().as_secs_f64()
    );
}
