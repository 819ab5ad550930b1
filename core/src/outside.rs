//! Waiting for somebody outside the runtime, for bridges to other runtimes: `chango::compat`.
//!
//! The deadlock look knows the runtime's own timers, sockets and signals. Of what another library's thread
//! will wake it knows nothing, so who waits for that says so. What must hold: from the poll that returns
//! pending to the one that returns ready, or to the future's end, the runtime is not called dead.

use std::fmt;

use crate::primitive::sync::Arc;
use crate::sched::{Shared, current};

/// Somebody in this runtime waits for somebody outside, and while this lives it is not called dead.
///
/// It is made before a poll returns pending, and dropped after one has returned ready.
///
/// # Examples
///
/// ```
/// use chango_core::outside::Awaited;
///
/// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
/// assert!(Awaited::here().is_none());
/// runtime.block_on(async {
///     let awaited = Awaited::here().unwrap();
///     assert!(awaited.is_here());
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "what waits no longer than this lives is not told of"]
pub struct Awaited(Arc<Shared>);

impl Awaited {
    /// In the runtime of this thread; none outside every runtime.
    pub fn here() -> Option<Self> {
        with_here(|shared| {
            let shared = Arc::clone(shared?);
            shared.outside().begin();
            Some(Self(shared))
        })
    }

    /// Whether that is the runtime of this thread: a future may be polled in one and then in another.
    pub fn is_here(&self) -> bool {
        with_here(|shared| shared.is_some_and(|shared| Arc::ptr_eq(shared, &self.0)))
    }
}

/// The runtime whose goroutine waits, whatever it has entered; on other threads the one that was entered.
fn with_here<R>(f: impl FnOnce(Option<&Arc<Shared>>) -> R) -> R {
    if current::with_shared_worker(|shared| shared.is_some()) {
        current::with_shared_worker(f)
    } else {
        current::with_shared(f)
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        self.0.outside().end();
    }
}

impl fmt::Debug for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Awaited").finish_non_exhaustive()
    }
}
