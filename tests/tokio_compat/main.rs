//! `chango::compat`: what is written for tokio, in goroutines. `http` has a client that many use, against a
//! server of std's threads.

mod context;
mod deadlock;
mod http;
mod shared;
mod stream;
mod tasks;

#[path = "../util/child.rs"]
mod child;
#[cfg(target_os = "linux")]
#[expect(dead_code, reason = "nobody here sends signals")]
#[path = "../util/program.rs"]
mod program;
#[path = "../util/until.rs"]
mod until;
#[path = "../util/workers.rs"]
mod workers;

#[cfg(target_os = "linux")]
#[test]
fn program() {
    program::be(shared::by_its_threads::PROGRAMS);
}
