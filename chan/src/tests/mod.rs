//! Random programs against a model of channels, and models of channels and select for loom; see the top
//! of each file for how to run them.

#[cfg(loom)]
mod loom_any;
#[cfg(loom)]
mod loom_channel;
#[cfg(loom)]
mod loom_claim;
#[cfg(loom)]
mod loom_drop;
#[cfg(loom)]
mod loom_latch;
#[cfg(loom)]
mod loom_sync;
#[cfg(loom)]
mod loom_wait_group;
#[cfg(loom)]
mod loom_weak;
#[cfg(loom)]
mod wiped;

#[cfg(not(loom))]
mod model;
#[cfg(not(loom))]
mod send;

/// Runs `f` in all orders in which its threads can meet, with at most `preemptions` forced switches,
/// and says how many they were.
#[cfg(loom)]
fn model(preemptions: usize, f: impl Fn() + Send + Sync + 'static) {
    use std::sync::Arc;
    // Not loom's: that it counts is no part of the model.
    use std::sync::atomic::{AtomicUsize, Ordering};

    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 10_000;
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let began = std::time::Instant::now();
    builder.check(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        f();
    });
    println!(
        "model {}: {} executions, {:.2} s",
        std::thread::current().name().unwrap_or("?"),
        runs.load(Ordering::Relaxed),
        began.elapsed().as_secs_f64()
    );
}
