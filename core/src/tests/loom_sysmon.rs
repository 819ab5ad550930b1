//! Models of `sysmon`: it takes the right of a worker that has been in one poll for long.
//!
//! Modelled: whole workers with real goroutines, and the looks of `sysmon`, between two of which 10 ms pass;
//! see `loom_workers.rs` for what is left out. Somebody else sleeps in the netpoller. Seconds
//! each:
//!
//! `RUSTFLAGS="--cfg loom" cargo test --release -p chango-core --lib loom_sysmon`

use super::{SLICE, Watch, Watched};
use crate::clock;
use crate::loom_model::model;
use crate::primitive::sync::Arc;
use crate::sched::Shared;
use crate::sched::current;
use crate::sched::handoff::blocking;
use crate::sched::handoff::loom_workers::{Event, Runtime, spawn};

/// `sysmon` of a model, which looks at worker 0 when it is told.
struct Looks<'a> {
    watch: Watch<'a>,
    ago: u32,
}

impl<'a> Looks<'a> {
    fn new(shared: &'a Arc<Shared>) -> Self {
        let mut watch = Watch::new(shared);
        shared.hear_of_others(&mut watch.workers, Watched::new);
        Self { watch, ago: 0 }
    }

    fn look(&mut self) {
        self.watch.look_at(0, clock::now() + SLICE * self.ago);
        self.ago += 1;
    }

    fn retakes(&self) -> u64 {
        self.watch.workers[0].remote.retakes.get()
    }
}

/// The worker that this goroutine runs on has a right to.
fn has_right() {
    current::with_worker(|worker| assert!(worker.is_some_and(|worker| !worker.is_away())));
}

#[test]
fn what_stands_behind_a_long_poll_is_run_by_a_spare_also_what_comes_later() {
    model(1, || {
        let runtime = Runtime::new(1, 2, 3).watched();
        let [begun, first, pushed, second] = [(); 4].map(|()| Event::new());
        let others = [&first, &second].map(|ran| runtime.goroutine(ran.clone().to_happen()));
        let spawners = [(); 2].map(|()| runtime.spawner());
        runtime.spawn({
            let (begun, pushed) = (begun.clone(), pushed.clone());
            async move {
                let mut pairs = spawners.into_iter().zip(others);
                let mut push = || pairs.next().map(|(spawn, other)| spawn(other));
                push();
                begun.happens();
                push();
                pushed.happens();
                first.wait();
                second.wait();
            }
        });
        runtime.run(|shared| {
            let mut sysmon = Looks::new(shared);
            begun.wait();
            sysmon.look();
            sysmon.look();
            assert_eq!(sysmon.retakes(), 1);
            pushed.wait();
            sysmon.look();
        });
    });
}

#[test]
fn a_worker_whose_right_was_taken_takes_up_no_goroutine() {
    model(1, || {
        let runtime = Runtime::new(1, 2, 3).watched();
        let [begun, taken] = [(); 2].map(|()| Event::new());
        let other = runtime.goroutine(async { has_right() });
        let last = runtime.goroutine(async { has_right() });
        let spawner = runtime.spawner();
        runtime.spawn({
            let (begun, taken) = (begun.clone(), taken.clone());
            async move {
                spawner(other);
                begun.happens();
                taken.wait();
            }
        });
        runtime.run(|shared| {
            let mut sysmon = Looks::new(shared);
            begun.wait();
            sysmon.look();
            sysmon.look();
            taken.happens();
            spawn(shared, last);
        });
    });
}

#[test]
fn a_right_is_taken_where_a_poll_ends_and_another_begins() {
    model(1, || {
        let runtime = Runtime::new(1, 2, 2).watched();
        let other = runtime.goroutine(async {});
        let spawner = runtime.spawner();
        runtime.spawn(async move { spawner(other) });
        runtime.run(|shared| {
            let mut sysmon = Looks::new(shared);
            sysmon.look();
            sysmon.look();
            assert!(sysmon.retakes() <= 1);
        });
    });
}

#[test]
fn a_right_is_taken_where_a_call_that_blocks_begins_or_ends() {
    model(1, || {
        let runtime = Runtime::new(1, 2, 2).watched();
        let other = runtime.goroutine(async {});
        let spawner = runtime.spawner();
        runtime.spawn(async move {
            spawner(other);
            blocking(|| {});
        });
        runtime.run(|shared| {
            let mut sysmon = Looks::new(shared);
            sysmon.look();
            sysmon.look();
        });
    });
}
