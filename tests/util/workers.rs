//! Runs a test's body on runtimes with 1, 2 and 8 workers.
//!
//! A body that does not end within a minute fails with the number of workers it hangs with, rather
//! than holding up the suite.

use std::future::Future;
use std::panic::resume_unwind;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use chango::runtime::Builder;

const HANGS: Duration = Duration::from_secs(60);

/// Runs `body()` as the main goroutine of three runtimes, one after the other.
#[track_caller]
pub(crate) fn on_workers<F>(body: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    for workers in [1, 2, 8] {
        on(workers, body());
    }
}

/// Runs `main` as the main goroutine of a runtime with so many workers.
#[track_caller]
pub(crate) fn on<F>(workers: usize, main: F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (ended_tx, ended) = channel::<()>();
    let thread = thread::spawn(move || {
        // Dropped at the end, also by a panic.
        let _ended_tx = ended_tx;
        let runtime = Builder::new().workers(workers).build().expect("a runtime");
        runtime.run(main);
    });
    if ended.recv_timeout(HANGS) == Err(RecvTimeoutError::Timeout) {
        panic!("hangs with {workers} workers");
    }
    if let Err(panic) = thread.join() {
        eprintln!("with {workers} workers:");
        resume_unwind(panic);
    }
}
