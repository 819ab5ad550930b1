//! Models of `task::blocking`: a goroutine gives its worker's right up, others are served meanwhile, and
//! it comes back.
//!
//! Modelled: whole workers with real goroutines; see `loom_workers.rs` for what is left out. Somebody
//! else sleeps in the netpoller. Seconds each:
//!
//! `RUSTFLAGS="--cfg loom" cargo test --release -p chango-core --lib loom_handoff`

use super::blocking;
use super::loom_workers::{Event, Runtime, spawn};
use crate::loom_model::model;
use crate::sched::Shared;

#[test]
fn what_is_spawned_while_the_only_worker_is_in_a_call_is_run_by_a_spare() {
    model(1, || {
        let runtime = Runtime::new(1, 2, 2).watched();
        let ran = Event::new();
        let other = runtime.goroutine(ran.clone().to_happen());
        runtime.spawn(async move { blocking(|| ran.wait()) });
        runtime.run(|shared| spawn(shared, other));
    });
}

#[test]
fn what_stands_behind_a_call_is_run_by_a_spare() {
    model(2, || {
        let runtime = Runtime::new(1, 2, 2).watched();
        let ran = Event::new();
        let other = runtime.goroutine(ran.clone().to_happen());
        let spawn = runtime.spawner();
        runtime.spawn(async move {
            spawn(other);
            blocking(|| ran.wait());
        });
        runtime.run(|_| {});
    });
}

#[test]
fn what_stands_behind_a_call_is_run_by_one_that_is_about_to_sleep() {
    model(1, || {
        let runtime = Runtime::new(2, 2, 2).watched();
        let ran = Event::new();
        let other = runtime.goroutine(ran.clone().to_happen());
        let spawn = runtime.spawner();
        runtime.spawn(async move {
            spawn(other);
            blocking(|| ran.wait());
        });
        runtime.run(|_| {});
    });
}

#[test]
fn who_comes_back_from_a_call_and_a_spare_share_one_right() {
    model(2, || {
        let runtime = Runtime::new(1, 2, 2).watched();
        let other = runtime.goroutine(async {});
        let spawn = runtime.spawner();
        runtime.spawn(async move {
            spawn(other);
            blocking(|| {});
        });
        runtime.run(|_| {});
    });
}

#[test]
fn a_right_is_taken_for_good_while_a_goroutine_is_in_a_call() {
    model(1, || {
        let runtime = Runtime::new(2, 2, 1).watched();
        runtime.spawn(async { blocking(|| {}) });
        runtime.run(|shared| Shared::set_max_procs(shared, 1));
    });
}

#[test]
fn a_right_is_added_while_a_goroutine_is_in_a_call() {
    model(1, || {
        let runtime = Runtime::new(1, 2, 2).watched();
        let ran = Event::new();
        let other = runtime.goroutine(ran.clone().to_happen());
        let spawn = runtime.spawner();
        runtime.spawn(async move {
            spawn(other);
            blocking(|| {});
            // If it is back by now, the other one needs the right that is new.
            ran.wait();
        });
        runtime.run(|shared| Shared::set_max_procs(shared, 2));
    });
}

#[test]
fn a_runtime_stops_while_a_goroutine_is_in_a_call() {
    model(2, || {
        let runtime = Runtime::new(1, 2, 1).watched();
        runtime.spawn(async { blocking(|| {}) });
        runtime.run(|shared| shared.stop());
    });
}
