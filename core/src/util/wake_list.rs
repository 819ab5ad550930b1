//! Wakers collected under a lock and woken after it.
//!
//! A waker is user code: it may panic, and it may use the channel it belongs to. So whoever makes
//! something ready under a lock moves the waker here and wakes once the lock is gone. What must
//! hold: **every waker in the list is woken, also if an earlier one panics**, and no panic gets out
//! (see [`foreign_waker`](super::foreign_waker)).

use std::fmt;

use super::foreign_waker::ForeignWaker;
use super::prefetch::prefetch;

/// How many wakers fit without an allocation: one for a hand-over, a few for a batch of events.
const INLINE: usize = 4;

/// Wakers that are owed a wake-up.
///
/// Dropping the list wakes what is left in it.
#[must_use = "the wakers in the list are owed a wake-up"]
#[derive(Default)]
pub struct WakeList {
    inline: [Option<ForeignWaker>; INLINE],
    len: usize,
    rest: Vec<ForeignWaker>,
}

impl WakeList {
    /// An empty list.
    #[inline]
    pub const fn new() -> Self {
        Self {
            inline: [const { None }; INLINE],
            len: 0,
            rest: Vec::new(),
        }
    }

    /// Adds a waker to be woken after those before it.
    #[inline]
    pub fn push(&mut self, waker: ForeignWaker) {
        if self.len < INLINE {
            self.inline[self.len] = Some(waker);
        } else {
            // There are many, and those before it come first.
            prefetch(waker.data());
            self.rest.push(waker);
        }
        self.len += 1;
    }

    /// How many wake-ups are owed.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no wake-up is owed.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Wakes all, in the order in which they were added. No lock may be held.
    #[inline]
    pub fn wake_all(self) {
        drop(self);
    }

    fn drain(&mut self) {
        let inline = self.inline.iter_mut().filter_map(Option::take);
        inline
            .chain(self.rest.drain(..))
            .for_each(ForeignWaker::wake);
    }
}

impl Drop for WakeList {
    #[inline]
    fn drop(&mut self) {
        if self.len != 0 {
            self.len = 0;
            self.drain();
        }
    }
}

impl Extend<ForeignWaker> for WakeList {
    fn extend<I: IntoIterator<Item = ForeignWaker>>(&mut self, wakers: I) {
        wakers.into_iter().for_each(|waker| self.push(waker));
    }
}

impl fmt::Debug for WakeList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WakeList")
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};

    use super::WakeList;

    struct Counter {
        count: Arc<AtomicUsize>,
        panics: bool,
    }

    impl Wake for Counter {
        fn wake(self: Arc<Self>) {
            self.count.fetch_add(1, Ordering::Relaxed);
            assert!(!self.panics, "a bad waker");
        }
    }

    fn list(len: usize, bad: &[usize]) -> (WakeList, Arc<AtomicUsize>) {
        let count = Arc::new(AtomicUsize::new(0));
        let mut list = WakeList::new();
        for at in 0..len {
            let counter = Counter {
                count: Arc::clone(&count),
                panics: bad.contains(&at),
            };
            list.push(Waker::from(Arc::new(counter)).into());
        }
        (list, count)
    }

    #[test]
    fn all_are_woken_inline_and_beyond() {
        for len in [0, 1, 4, 5, 100] {
            let (list, count) = list(len, &[]);
            assert_eq!(list.len(), len);
            list.wake_all();
            assert_eq!(count.load(Ordering::Relaxed), len);
        }
    }

    #[test]
    fn a_waker_that_panics_does_not_stop_the_others() {
        let (list, count) = list(10, &[0, 6]);
        list.wake_all();
        assert_eq!(count.load(Ordering::Relaxed), 10);
    }
}
