//! Models of the channel and of select, for loom; see the top of each file for how to run them.

#[cfg(loom)]
mod loom_any;
#[cfg(loom)]
mod loom_channel;
#[cfg(loom)]
mod loom_claim;
#[cfg(loom)]
mod loom_drop;
#[cfg(loom)]
mod loom_weak;

#[cfg(not(loom))]
mod model;

/// Runs `f` in all orders in which its threads can meet, with at most `preemptions` forced switches.
#[cfg(loom)]
fn model(preemptions: usize, f: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 10_000;
    builder.check(f);
}
