//! The same operations from plain threads.
//!
//! What must hold: in a goroutine they hand its worker's other goroutines over to another thread
//! before they wait, so that they keep nobody waiting, and what they wait for can come.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use chango_core::note;
use chango_core::spawn::blocking;

/// Waits for `future` by blocking this thread.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    // Most need not wait, and then nothing has to be handed over.
    let mut cx = Context::from_waker(Waker::noop());
    if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
        return output;
    }
    let output = blocking(|| futures_lite::future::block_on(future));
    note::gives_up();
    output
}
