//! Signals. Programs use `chango::signal`, which makes channels of this.

use std::ffi::c_int;
use std::io;
use std::sync::Arc;

pub use crate::listeners::Listener;
use crate::sched::current;
use crate::spawn::no_runtime;
#[cfg(unix)]
pub use crate::sys::number;

/// Has `listener` told of each of the signals, by the runtime of this thread. When that ends the listener
/// is dropped.
///
/// # Errors
///
/// `InvalidInput` if there is no signal of such a number, or it may not be caught; the system's, if it does
/// not let the signal be handled. Then none of them is listened to.
///
/// # Panics
///
/// Outside every runtime.
pub fn listen(numbers: &[c_int], listener: impl Listener + 'static) -> io::Result<()> {
    let listener: Arc<dyn Listener> = Arc::new(listener);
    current::with_shared(|shared| match shared {
        Some(shared) => shared.signals().listen(numbers, listener),
        None => no_runtime("listening to signals"),
    })
}
