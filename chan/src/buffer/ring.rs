//! The buffer of a bounded channel.
//!
//! It is allocated with the first value and grows with what is stored, never beyond the capacity:
//! `bounded(1_000_000)` costs what it holds. (Go allocates the whole buffer when it makes the
//! channel.) Its memory is kept until the channel goes.
//!
//! What must hold: the `len` slots from `head` on, over the seam, are filled, all others are not;
//! `head` is a slot's number, or 0 without slots. (A `VecDeque` would do the same. This one is a dozen
//! instructions a message shorter, since its push and pop are inlined and ask for room once.)

use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};

/// How many values the first allocation has room for, at most.
const FIRST: usize = 64;

pub(crate) struct Ring<T> {
    slots: Box<[MaybeUninit<T>]>,
    /// Where the oldest value is.
    head: usize,
    len: usize,
    capacity: usize,
}

impl<T> Ring<T> {
    /// An empty ring, and no allocation.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            slots: Box::default(),
            head: 0,
            len: 0,
            capacity,
        }
    }

    /// Whether the next push needs no memory.
    #[inline]
    pub(crate) fn has_slot(&self) -> bool {
        self.len < self.slots.len()
    }

    /// Adds the youngest value. The caller has seen that there is room.
    #[inline]
    pub(super) fn push(&mut self, value: T) {
        debug_assert!(self.len < self.capacity);
        if !self.has_slot() {
            self.grow();
        }
        self.fill(value);
    }

    /// The same for a caller who has seen that there is a slot, without which it would be one of another value.
    #[inline]
    pub(crate) fn fill(&mut self, value: T) {
        debug_assert!(self.has_slot());
        let at = self.over_the_seam(self.head + self.len);
        self.slots[at].write(value);
        self.len += 1;
    }

    /// Takes the oldest value out.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<T> {
        let oldest = self.give_up()?;
        // SAFETY: the value is this call's.
        Some(unsafe { oldest.read() })
    }

    /// Gives the oldest value up: it is the caller's, who reads it from there before anything is put in or the
    /// ring goes.
    #[must_use = "the value is nobody's else"]
    #[inline]
    pub(crate) fn give_up(&mut self) -> Option<NonNull<T>> {
        if self.len == 0 {
            return None;
        }
        let oldest = NonNull::from(&mut self.slots[self.head]).cast();
        self.head = self.over_the_seam(self.head + 1);
        self.len -= 1;
        Some(oldest)
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The slot of this number, counted on beyond the last one.
    #[inline]
    fn over_the_seam(&self, at: usize) -> usize {
        match at.checked_sub(self.slots.len()) {
            Some(beyond) => beyond,
            None => at,
        }
    }

    /// Takes everything out at once.
    pub(super) fn take(&mut self) -> Self {
        std::mem::replace(self, Self::new(self.capacity))
    }

    #[cold]
    fn grow(&mut self) {
        let len = self.len;
        assert!(
            len < self.capacity,
            "the caller has seen that there is room"
        );
        let wanted = if len == 0 {
            FIRST
        } else {
            len.saturating_mul(2)
        };
        let mut slots = Box::new_uninit_slice(wanted.min(self.capacity));
        // All are filled: those up to the seam come first.
        let (young, old) = self.slots.split_at(self.head);
        // SAFETY: the new slots are as many at least, and others; the values are the old slots' no more,
        // which are freed and not dropped.
        unsafe {
            let to: *mut MaybeUninit<T> = slots.as_mut_ptr();
            ptr::copy_nonoverlapping(old.as_ptr(), to, old.len());
            ptr::copy_nonoverlapping(young.as_ptr(), to.add(old.len()), young.len());
        }
        (self.slots, self.head) = (slots, 0);
    }
}

impl<T> Drop for Ring<T> {
    fn drop(&mut self) {
        /// Goes on with the rest if a value's destructor panics.
        struct Rest<'a, T>(&'a mut Ring<T>);
        impl<T> Drop for Rest<'_, T> {
            fn drop(&mut self) {
                while self.0.pop().is_some() {}
            }
        }
        let rest = Rest(self);
        while rest.0.pop().is_some() {}
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::rc::Rc;

    use super::{FIRST, Ring};

    #[test]
    fn a_ring_allocates_with_the_first_value_and_not_beyond_its_capacity() {
        let mut ring = Ring::new(100);
        assert_eq!(ring.slots.len(), 0);
        ring.push(0_u64);
        assert_eq!(ring.slots.len(), 64);
        (1..100).for_each(|value| ring.push(value));
        assert_eq!(ring.slots.len(), 100);
        assert!((0..100).all(|value| ring.pop() == Some(value)));
        assert_eq!(ring.pop(), None);
    }

    #[test]
    fn a_ring_that_grows_over_the_seam_keeps_the_order() {
        for first in 0..FIRST {
            let mut ring = Ring::new(usize::MAX);
            (0..FIRST + first).for_each(|value| {
                ring.push(Box::new(value));
                if value < first {
                    assert_eq!(ring.pop(), Some(Box::new(value)));
                }
            });
            assert_eq!(ring.slots.len(), FIRST);
            (FIRST + first..5 * FIRST).for_each(|value| ring.push(Box::new(value)));
            assert!((first..5 * FIRST).all(|value| ring.pop() == Some(Box::new(value))));
            assert_eq!((ring.pop(), ring.len()), (None, 0));
        }
    }

    #[test]
    fn what_is_left_is_dropped_once_and_also_beside_a_destructor_that_panics() {
        struct Bad(
            #[expect(dead_code, reason = "counts those alive")] Rc<()>,
            bool,
        );
        impl Drop for Bad {
            fn drop(&mut self) {
                assert!(!self.1, "a bad destructor");
            }
        }
        let count = Rc::new(());
        let mut ring = Ring::new(8);
        (0..5).for_each(|_| ring.push(Bad(Rc::clone(&count), false)));
        (0..4).for_each(|_| drop(ring.pop()));
        (0..7).for_each(|at| ring.push(Bad(Rc::clone(&count), at == 2)));
        let taken = ring.take();
        assert_eq!((ring.len(), Rc::strong_count(&count)), (0, 9));
        assert!(catch_unwind(AssertUnwindSafe(|| drop(taken))).is_err());
        assert_eq!(Rc::strong_count(&count), 1);
    }

    #[test]
    fn values_come_out_in_order_over_the_seam() {
        let mut ring = Ring::new(3);
        let (mut next_in, mut next_out) = (0, 0);
        for round in 0..100 {
            for _ in 0..=round % 3 {
                if ring.len() < 3 {
                    ring.push(next_in);
                    next_in += 1;
                }
            }
            while ring.len() > round % 2 {
                assert_eq!(ring.pop(), Some(next_out));
                next_out += 1;
            }
        }
    }
}
