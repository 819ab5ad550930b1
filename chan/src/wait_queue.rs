//! Those who wait on one side of a channel, first come first served. (Go: `waitq`.)
//!
//! An intrusive list of [`Waiter`]s. What must hold, all of it under the channel's lock:
//!
//! * every node of the list is `Queued`, and lives at least until it was taken out;
//! * the nodes stand in the order in which their operations began to wait;
//! * a node whose select cannot be won now is passed over and stays: that select is looking by
//!   itself, or has been chosen elsewhere and will take its node out.

use std::ptr;

use chango_core::util::wake_list::WakeList;

use crate::claim::{Pair, Right};
use crate::waiter::{Content, Links, Waiter, Who, Winner};

/// A queue of waiting operations.
pub(crate) struct WaitQueue<C> {
    head: *const Waiter<C>,
    tail: *const Waiter<C>,
}

// SAFETY: the queue is used under the lock of its channel, and its nodes may be completed from any
// thread if the values are `Send`.
unsafe impl<C: Send> Send for WaitQueue<C> {}

/// What came of the search for a peer.
pub(crate) enum Claimed<'a, C> {
    /// This one is unlinked and has to be completed.
    Won(Winner<'a, C>),
    /// Nobody waits who could be won.
    Nobody,
    /// The searching select was itself chosen by somebody else.
    OwnLost,
}

impl<C: Content> WaitQueue<C> {
    pub(crate) const fn new() -> Self {
        Self {
            head: ptr::null(),
            tail: ptr::null(),
        }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.head.is_null()
    }

    /// Whether the first in the queue is a plain operation, which can always be won.
    #[inline]
    pub(crate) fn is_headed_by_plain(&self) -> bool {
        // SAFETY: nodes of the queue are valid and queued, and the caller, who has the queue, holds
        // the lock.
        unsafe {
            self.head
                .as_ref()
                .is_some_and(|head| head.claim().is_none())
        }
    }

    /// The first in the queue; the one behind a node is in its links.
    #[inline]
    pub(crate) fn first(&self) -> *const Waiter<C> {
        self.head
    }

    /// How many wait here, those who cannot be won now included; counts no further than `most`.
    pub(crate) fn count(&self, most: usize) -> usize {
        let (mut count, mut at) = (0, self.head);
        while count < most
            // SAFETY: nodes of the queue are valid.
            && let Some(waiter) = unsafe { at.as_ref() }
        {
            count += 1;
            // SAFETY: the node is queued, and the caller, who has the queue, holds the lock.
            at = unsafe { waiter.links() }.next;
        }
        count
    }

    /// Adds a node at the end.
    ///
    /// # Safety
    ///
    /// The node belongs to the caller, is in no queue, and neither moves nor goes before it was
    /// taken out of this one. The claim in `who`, if there is one, lives as long.
    pub(crate) unsafe fn push(&mut self, waiter: &Waiter<C>, who: Who, arm: u32) {
        let links = Links {
            prev: self.tail,
            next: ptr::null(),
        };
        // SAFETY: what the caller promises; nodes of the queue are valid.
        unsafe {
            waiter.enter(links, who, arm);
            match self.tail.as_ref() {
                Some(tail) => tail.set_links(|links| links.next = waiter),
                None => self.head = waiter,
            }
        }
        self.tail = waiter;
    }

    /// Adds a node before all others.
    ///
    /// # Safety
    ///
    /// As for [`push`](Self::push).
    pub(crate) unsafe fn push_front(&mut self, waiter: &Waiter<C>, who: Who) {
        let links = Links {
            prev: ptr::null(),
            next: self.head,
        };
        // SAFETY: what the caller promises; nodes of the queue are valid.
        unsafe {
            waiter.enter(links, who, 0);
            match self.head.as_ref() {
                Some(head) => head.set_links(|links| links.prev = waiter),
                None => self.tail = waiter,
            }
        }
        self.head = waiter;
    }

    /// Takes a node out, for its owner, and gives back who waited in it.
    ///
    /// # Safety
    ///
    /// The node is in this queue.
    pub(crate) unsafe fn remove(&mut self, waiter: &Waiter<C>) -> Who {
        // SAFETY: nodes of the queue are valid and queued.
        unsafe {
            let Links { prev, next } = waiter.links();
            match prev.as_ref() {
                Some(prev) => prev.set_links(|links| links.next = next),
                None => self.head = next,
            }
            match next.as_ref() {
                Some(next) => next.set_links(|links| links.prev = prev),
                None => self.tail = prev,
            }
            waiter.leave()
        }
    }

    /// Wins the first operation that can be won, in the name of `right`.
    pub(crate) fn claim(&mut self, right: Right<'_>) -> Claimed<'_, C> {
        let mut at = self.head;
        // SAFETY: nodes of the queue are valid, and the claims of their selects with them.
        while let Some(waiter) = unsafe { at.as_ref() } {
            // SAFETY: as above, and the caller, who has the queue, holds the lock.
            let (links, claim) = unsafe { (waiter.links(), waiter.claim()) };
            match claim {
                None if right.win() => {}
                None => return Claimed::OwnLost,
                Some((claim, arm)) => match right.win_with(claim, arm) {
                    Pair::Won => {}
                    Pair::OwnLost => return Claimed::OwnLost,
                    Pair::OtherLost => {
                        at = links.next;
                        continue;
                    }
                },
            }
            // SAFETY: the node is in this queue, and its select, if any, was just won.
            return Claimed::Won(unsafe { self.unlink(waiter) });
        }
        Claimed::Nobody
    }

    /// Tells everybody who can be won that the channel is closed.
    pub(crate) fn close(&mut self, wake: &mut WakeList) {
        let mut at = self.head;
        // SAFETY: nodes of the queue are valid, and the claims of their selects with them.
        while let Some(waiter) = unsafe { at.as_ref() } {
            // SAFETY: as above, and the caller, who has the queue, holds the lock.
            let (links, claim) = unsafe { (waiter.links(), waiter.claim()) };
            at = links.next;
            if claim.is_none_or(|(claim, arm)| claim.choose(arm)) {
                // SAFETY: the node is in this queue, and its select, if any, was just won.
                wake.extend(unsafe { self.unlink(waiter) }.close());
            }
        }
    }

    /// Takes a node out that was won.
    ///
    /// # Safety
    ///
    /// The node is in this queue; if it is a select's, its claim was just won by the caller.
    pub(crate) unsafe fn unlink<'a>(&mut self, waiter: &'a Waiter<C>) -> Winner<'a, C> {
        // SAFETY: what the caller promises. The owner, even if it looks at its claim now, waits for
        // the lock that the caller holds, so its claim is still there.
        unsafe {
            let waker = match self.remove(waiter) {
                Who::Plain(waker) => Some(waker),
                Who::Select(claim) => (*claim).take_waker(),
            };
            Winner::new(waiter, waker)
        }
    }
}
