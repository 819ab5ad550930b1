//! Unix: the signal that asks for a dump.
//!
//! The handler is `signal-hook-registry`'s, which all that want the same signal share, and which calls the
//! one that was there before. What must hold: what is done inside of it is async-signal-safe, so it stores
//! into an atomic and writes to a descriptor, and whoever sleeps in the poll looks what for.

use std::ffi::c_int;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook_registry::SigId;

/// POSIX gives it this number.
const SIGQUIT: c_int = 3;

/// While it lives SIGQUIT is noted here, and ends a poll.
///
/// The system's default, to end the process, does not come back when it is dropped.
#[derive(Debug)]
pub(crate) struct Quit {
    raised: Arc<AtomicBool>,
    handler: SigId,
}

impl Quit {
    /// From now on the signal wakes who sleeps in the poll of `waker`.
    ///
    /// # Errors
    ///
    /// The system's, if it does not let the signal be handled.
    pub(crate) fn new(waker: Arc<mio::Waker>) -> io::Result<Self> {
        let raised = Arc::new(AtomicBool::new(false));
        let noted = Arc::clone(&raised);
        let handle = move || {
            // SeqCst: pairs with `is_raised`; see there.
            noted.store(true, Ordering::SeqCst);
            // It cannot fail while the descriptor is open, and nobody could be told here.
            let _ = waker.wake();
        };
        // SAFETY: the handler does nothing but store into an atomic and wake. That is a `write` to an
        // eventfd or a pipe that do not block, or a `kevent`, and where such a pipe is full also a `read`;
        // it allocates nothing, takes no lock and does not panic. `errno` is put back by the registry.
        // Neither of the two pointers is dropped in the handler.
        let handler = unsafe { signal_hook_registry::register(SIGQUIT, handle) }?;
        Ok(Self { raised, handler })
    }

    /// Whether it has come and nobody has taken note. Who falls asleep after a look that saw nothing is
    /// woken by whoever returns from the poll, if he says before the look that he sleeps.
    pub(crate) fn is_raised(&self) -> bool {
        // SeqCst: stands after the caller's word that he sleeps, as the poll's end stands after the store.
        self.raised.load(Ordering::SeqCst)
    }

    /// The same; it is taken note of.
    pub(crate) fn take(&self) -> bool {
        self.is_raised() && self.raised.swap(false, Ordering::SeqCst)
    }
}

impl Drop for Quit {
    fn drop(&mut self) {
        signal_hook_registry::unregister(self.handler);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::process::Command;
    use std::time::{Duration, Instant};

    use super::*;

    /// Later than this is never.
    const NEVER: Duration = Duration::from_secs(20);

    #[test]
    fn each_that_lives_notes_a_signal_once_and_one_that_is_dropped_lets_its_waker_go() {
        let mut poll = mio::Poll::new().unwrap();
        let waker = mio::Waker::new(poll.registry(), mio::Token(7)).unwrap();
        let waker = Arc::new(waker);
        let (first, second) = (Quit::new(Arc::clone(&waker)), Quit::new(Arc::clone(&waker)));
        let (first, second) = (first.unwrap(), second.unwrap());
        for _ in 0..2 {
            let id = std::process::id().to_string();
            let killed = Command::new("kill").args(["-QUIT", &id]).status();
            assert!(killed.unwrap().success());
            let begun = Instant::now();
            let mut events = mio::Events::with_capacity(4);
            while !(first.is_raised() && second.is_raised()) {
                assert!(begun.elapsed() < NEVER);
                let _ = poll.poll(&mut events, Some(NEVER));
            }
            assert!(first.take() && second.take());
            assert!(!first.take() && !second.take());
        }
        drop((first, second));
        assert_eq!(Arc::strong_count(&waker), 1);
    }
}
