//! The cases of Go's own tests, in our words and code: one file for each file of Go's, or for a
//! directory of small ones. Each test names the one it follows.
//!
//! A Go test that says "sleep, so that the other goroutine blocks" polls the operation once here,
//! which is certain.

mod chan;
mod context;
mod net;
mod proc;
mod select;
mod sockets;
mod sync;
mod time;

#[path = "../util/until.rs"]
mod until;
#[path = "../util/workers.rs"]
mod workers;
