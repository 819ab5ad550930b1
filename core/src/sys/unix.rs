//! Unix: the signals that a runtime wants to hear of.
//!
//! The handler is `signal-hook-registry`'s, which all that want the same signal share, and which calls the
//! one that was there before. What must hold: what is done inside of it is async-signal-safe, so it sets a
//! bit of an atomic and writes to a descriptor, and whoever sleeps in the poll looks what for.

use std::ffi::c_int;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use signal_hook_registry::{FORBIDDEN, SigId};

use super::Numbers;

/// What was raised, of the signals that are watched, and nobody has taken note of.
#[derive(Debug)]
pub(crate) struct Raised {
    /// A bit for each number. A signal that comes again before that is one.
    numbers: Arc<AtomicU64>,
    waker: Arc<mio::Waker>,
}

/// While it lives a signal is noted, and ends a poll.
///
/// The system's default, which for most is to end the process, does not come back when it is dropped.
#[derive(Debug)]
pub(crate) struct Watched(SigId);

impl Raised {
    /// Nothing yet. What will be raised wakes who sleeps in the poll of `waker`.
    pub(crate) fn new(waker: Arc<mio::Waker>) -> Self {
        Self {
            numbers: Arc::new(AtomicU64::new(0)),
            waker,
        }
    }

    /// From now on the signal `number` is noted here.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if there is no such signal or the registry forbids it; the system's, if it does not
    /// let the signal be handled.
    pub(crate) fn watch(&self, number: c_int) -> io::Result<Watched> {
        let bit = Numbers::of(number).filter(|_| !FORBIDDEN.contains(&number));
        let bit = bit.ok_or(io::ErrorKind::InvalidInput)?.0;
        let (noted, waker) = (Arc::clone(&self.numbers), Arc::clone(&self.waker));
        let handle = move || {
            // SeqCst: pairs with `is_any`; see there.
            noted.fetch_or(bit, Ordering::SeqCst);
            // It cannot fail while the descriptor is open, and nobody could be told here.
            let _ = waker.wake();
        };
        // SAFETY: the handler does nothing but set a bit of an atomic and wake. That is a `write` to an
        // eventfd or a pipe that do not block, or a `kevent`, and where such a pipe is full also a `read`;
        // it allocates nothing, takes no lock and does not panic. `errno` is put back by the registry.
        // Neither of the two pointers is dropped in the handler.
        let handler = unsafe { signal_hook_registry::register(number, handle) }?;
        Ok(Watched(handler))
    }

    /// Whether one has come and nobody has taken note. Who falls asleep after a look that saw nothing is
    /// woken by whoever returns from the poll, if he says before the look that he sleeps.
    pub(crate) fn is_any(&self) -> bool {
        // SeqCst: stands after the caller's word that he sleeps, as the poll's end stands after the bit.
        self.numbers.load(Ordering::SeqCst) != 0
    }

    /// All that have come; they are taken note of.
    pub(crate) fn take(&self) -> Numbers {
        match self.is_any() {
            true => Numbers(self.numbers.swap(0, Ordering::SeqCst)),
            false => Numbers::NONE,
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        signal_hook_registry::unregister(self.0);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::process::Command;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::sys::number::{SIGQUIT, SIGWINCH};

    /// Later than this is never.
    const NEVER: Duration = Duration::from_secs(20);

    fn kill(signal: &str) {
        let id = std::process::id().to_string();
        let killed = Command::new("kill").args([signal, &id]).status();
        assert!(killed.unwrap().success());
    }

    #[test]
    fn each_that_lives_notes_a_signal_once_and_one_that_is_dropped_lets_its_waker_go() {
        let mut poll = mio::Poll::new().unwrap();
        let waker = mio::Waker::new(poll.registry(), mio::Token(7)).unwrap();
        let waker = Arc::new(waker);
        let (first, second) = (
            Raised::new(Arc::clone(&waker)),
            Raised::new(Arc::clone(&waker)),
        );
        let watched = [&first, &second].map(|raised| raised.watch(SIGQUIT).unwrap());
        let more = first.watch(SIGWINCH).unwrap();
        let quit = Numbers::of(SIGQUIT).unwrap();
        let both = quit.with(Numbers::of(SIGWINCH).unwrap());
        for _ in 0..2 {
            kill("-QUIT");
            kill("-WINCH");
            let begun = Instant::now();
            let mut events = mio::Events::with_capacity(4);
            let (mut of_first, mut of_second) = (Numbers::NONE, Numbers::NONE);
            while (of_first, of_second) != (both, quit) {
                assert!(begun.elapsed() < NEVER, "{of_first:?} and {of_second:?}");
                let _ = poll.poll(&mut events, Some(NEVER));
                of_first = of_first.with(first.take());
                of_second = of_second.with(second.take());
            }
            assert!(!first.is_any() && !second.is_any());
            assert_eq!(
                (first.take(), second.take()),
                (Numbers::NONE, Numbers::NONE)
            );
        }
        drop((first, second, watched, more));
        assert_eq!(Arc::strong_count(&waker), 1);
    }

    #[test]
    fn what_may_not_be_caught_or_is_no_signal_is_refused() {
        let poll = mio::Poll::new().unwrap();
        let waker = mio::Waker::new(poll.registry(), mio::Token(7)).unwrap();
        let raised = Raised::new(Arc::new(waker));
        for number in FORBIDDEN.iter().copied().chain([-1, 0, 65, c_int::MAX]) {
            let refused = raised.watch(number).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::InvalidInput, "{number}");
        }
    }
}
