//! The same operations from plain threads.
//!
//! What must hold: they never block a worker. Inside a goroutine they say so instead; handing the
//! worker's other goroutines over to another thread meanwhile is the scheduler's part.

use std::future::Future;

use chango_core::spawn::in_goroutine;

/// Waits for `future` by blocking this thread.
///
/// # Panics
///
/// Inside a goroutine, naming what to use there.
#[track_caller]
pub(crate) fn block_on<F: Future>(blocking: &str, instead: &str, future: F) -> F::Output {
    assert!(
        !in_goroutine(),
        "`{blocking}` blocks its thread, and this is a goroutine: use `{instead}` here"
    );
    futures_lite::future::block_on(future)
}
