//! The scheduler under chango: goroutines, run queues, netpoller and timers.
//!
//! This crate is what `chango` stands on; programs use `chango` itself, whose documentation has the
//! tour. Here is Go's design (G, M, P and the netpoller) carried over to Rust futures:
//!
//! * [`task`]: a goroutine is one allocation, a header and a future, with one atomic state word;
//! * `sched`: workers with a run queue each, a global queue, stealing, and a way to sleep that
//!   loses no wake-up;
//! * `timer` and `netpoll`: heaps of timers and mio, which say what became ready and never schedule;
//! * [`runtime`], [`spawn`], [`time`], [`net`]: what users call; [`signal`] and [`outside`]: what
//!   `chango::signal` and `chango::compat` call.
//!
//! The crate knows nothing of channels: they need only wakers, and [`coop`], which preempts a
//! goroutine whose operations are always ready.

pub mod primitive;
pub mod util;

pub mod clock;
pub mod coop;
pub mod note;
pub mod random;

mod listeners;
mod metrics;
mod netpoll;
pub mod task;
mod timer;
mod trace;

mod sched;
mod sys;

pub mod net;
pub mod outside;
pub mod runtime;
pub mod signal;
pub mod spawn;
pub mod time;

#[cfg(all(test, loom))]
#[path = "tests/loom.rs"]
mod loom_model;
