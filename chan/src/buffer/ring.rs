//! The buffer of a bounded channel.
//!
//! It is allocated with the first value and grows with what is stored, never beyond the capacity:
//! `bounded(1_000_000)` costs what it holds. (Go allocates the whole buffer when it makes the
//! channel.) Its memory is kept until the channel goes.

use std::collections::VecDeque;

/// How many values the first allocation has room for, at most.
const FIRST: usize = 64;

pub(crate) struct Ring<T> {
    values: VecDeque<T>,
    capacity: usize,
}

impl<T> Ring<T> {
    /// An empty ring, and no allocation.
    pub(super) const fn new(capacity: usize) -> Self {
        Self {
            values: VecDeque::new(),
            capacity,
        }
    }

    /// Adds the youngest value. The caller has seen that there is room.
    #[inline]
    pub(super) fn push(&mut self, value: T) {
        debug_assert!(self.values.len() < self.capacity);
        if self.values.len() == self.values.capacity() {
            self.grow();
        }
        self.values.push_back(value);
    }

    /// Takes the oldest value out.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<T> {
        self.values.pop_front()
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// Takes everything out at once.
    pub(super) fn take(&mut self) -> Self {
        Self {
            values: std::mem::take(&mut self.values),
            capacity: self.capacity,
        }
    }

    #[cold]
    fn grow(&mut self) {
        let len = self.values.len();
        let wanted = if len == 0 {
            FIRST
        } else {
            len.saturating_mul(2)
        };
        self.values.reserve_exact(wanted.min(self.capacity) - len);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::Ring;

    #[test]
    fn a_ring_allocates_with_the_first_value_and_not_beyond_its_capacity() {
        let mut ring = Ring::new(100);
        assert_eq!(ring.values.capacity(), 0);
        ring.push(0_u64);
        assert_eq!(ring.values.capacity(), 64);
        (1..100).for_each(|value| ring.push(value));
        assert_eq!(ring.values.capacity(), 100);
        assert!((0..100).all(|value| ring.pop() == Some(value)));
        assert_eq!(ring.pop(), None);
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
