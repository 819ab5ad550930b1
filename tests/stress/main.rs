//! Storms that count every message: nothing is lost, nothing doubled, nothing left behind.
//!
//! Each storm runs in rounds on runtimes with 1, 2 and 8 workers, for `CHANGO_STRESS_SECONDS`
//! seconds in all (one without it), from the seed `CHANGO_STRESS_SEED` (a random one without it,
//! which is printed). One in which nothing moves for half a minute ends the process, with its name
//! and its seed.
//!
//! `CHANGO_STRESS_SECONDS=600 cargo test --release --test stress -- --test-threads=10` runs all
//! storms at the same time, for ten minutes.

mod channels;
mod contexts;
mod goroutines;
mod ledger;
mod selects;
mod shutdown;
mod storm;
mod threads;
mod timers;

#[path = "../util/rng.rs"]
mod rng;
