//! The buffer of an unbounded channel: a chain of blocks.
//!
//! What must hold:
//!
//! * the slots from `head` of the first block up to `tail` of the last are filled, all others are
//!   not; so `len` = values in all blocks between;
//! * a block that was emptied is given back to the allocator, but for one, which is kept so that a
//!   channel that is filled and drained again and again does not allocate;
//! * without a value there is at most one block besides the spare one.

use std::mem::MaybeUninit;
use std::ptr::NonNull;

use crate::primitive::MODELLED;

/// Values in a block.
const BLOCK: usize = if MODELLED { 2 } else { 32 };

struct Block<T> {
    values: [MaybeUninit<T>; BLOCK],
    next: Option<NonNull<Block<T>>>,
}

pub(crate) struct Blocks<T> {
    /// Where the oldest value is; none before the first value.
    first: Option<NonNull<Block<T>>>,
    /// Where the next value goes, if there is room in it.
    last: Option<NonNull<Block<T>>>,
    /// An empty block for the next need.
    spare: Option<Box<Block<T>>>,
    /// The oldest value's place in the first block.
    head: usize,
    /// The next value's place in the last block.
    tail: usize,
    len: usize,
}

// SAFETY: the pointers own their blocks, as boxes would.
unsafe impl<T: Send> Send for Blocks<T> {}

impl<T> Blocks<T> {
    /// An empty chain, and no allocation.
    pub(super) const fn new() -> Self {
        Self {
            first: None,
            last: None,
            spare: None,
            head: 0,
            tail: 0,
            len: 0,
        }
    }

    /// Adds the youngest value.
    #[inline]
    pub(super) fn push(&mut self, value: T) {
        let last = match self.last {
            Some(last) if self.tail < BLOCK => last,
            _ => self.append(),
        };
        // SAFETY: the blocks of the chain are owned by it, and borrowed by nobody else here.
        unsafe { (*last.as_ptr()).values[self.tail].write(value) };
        self.tail += 1;
        self.len += 1;
    }

    /// Takes the oldest value out.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<T> {
        if self.len == 0 {
            return None;
        }
        if self.head == BLOCK {
            self.drop_first();
        }
        let first = self.first?;
        // SAFETY: the chain has a value, and `head` of the first block is where the oldest one is;
        // it is read once, since `head` moves on.
        let value = unsafe { (*first.as_ptr()).values[self.head].assume_init_read() };
        self.head += 1;
        self.len -= 1;
        if self.len == 0 {
            // Head and tail are in one block, which begins anew.
            (self.head, self.tail) = (0, 0);
        }
        Some(value)
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Takes everything out at once.
    pub(super) fn take(&mut self) -> Self {
        std::mem::replace(self, Self::new())
    }

    /// Adds a block at the end.
    #[cold]
    fn append(&mut self) -> NonNull<Block<T>> {
        let block = self.spare.take().unwrap_or_else(|| {
            Box::new(Block {
                values: [const { MaybeUninit::uninit() }; BLOCK],
                next: None,
            })
        });
        let block = NonNull::from(Box::leak(block));
        match self.last {
            // SAFETY: the blocks of the chain are owned by it.
            Some(last) => unsafe { (*last.as_ptr()).next = Some(block) },
            None => self.first = Some(block),
        }
        self.last = Some(block);
        self.tail = 0;
        block
    }

    /// Takes the first block, all of whose values were taken, out of the chain.
    #[cold]
    fn drop_first(&mut self) {
        let Some(first) = self.first else {
            return;
        };
        // SAFETY: the block came from a box, and leaves the chain here, so that it is owned once.
        let mut first = unsafe { Box::from_raw(first.as_ptr()) };
        self.first = first.next.take();
        if self.first.is_none() {
            self.last = None;
        }
        self.head = 0;
        if self.spare.is_none() {
            self.spare = Some(first);
        }
    }
}

impl<T> Drop for Blocks<T> {
    fn drop(&mut self) {
        /// Goes on with the rest if a value's destructor panics.
        struct Rest<'a, T>(&'a mut Blocks<T>);
        impl<T> Drop for Rest<'_, T> {
            fn drop(&mut self) {
                while self.0.pop().is_some() {}
                while self.0.first.is_some() {
                    self.0.drop_first();
                }
            }
        }
        let rest = Rest(self);
        while rest.0.pop().is_some() {}
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::collections::VecDeque;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::rc::Rc;

    use chango_core::random::Random;

    use super::{BLOCK, Blocks};

    impl<T> Blocks<T> {
        fn count(&self) -> usize {
            let (mut count, mut at) = (0, self.first);
            while let Some(block) = at {
                count += 1;
                // SAFETY: the blocks of the chain are owned by it.
                at = unsafe { (*block.as_ptr()).next };
            }
            count
        }
    }

    #[test]
    fn it_behaves_as_a_plain_queue_does() {
        let mut random = Random::new(11);
        let (mut blocks, mut model) = (Blocks::new(), VecDeque::new());
        for value in 0..20_000_usize {
            if random.below(2_000) < 1_000 + model.len() {
                assert_eq!(blocks.pop(), model.pop_front());
            } else {
                blocks.push(Box::new(value));
                model.push_back(Box::new(value));
            }
            assert_eq!(blocks.len(), model.len());
        }
    }

    #[test]
    fn blocks_are_given_back_once_a_burst_is_over() {
        let mut blocks = Blocks::new();
        (0..100 * BLOCK).for_each(|value| blocks.push(value));
        assert_eq!(blocks.count(), 100);
        assert!((0..100 * BLOCK).all(|value| blocks.pop() == Some(value)));
        assert_eq!(blocks.count(), 1);
        assert!(blocks.spare.is_some());
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
        let mut blocks = Blocks::new();
        (0..3 * BLOCK).for_each(|at| blocks.push(Bad(Rc::clone(&count), at == 5)));
        blocks.pop();
        assert!(catch_unwind(AssertUnwindSafe(|| drop(blocks))).is_err());
        assert_eq!(Rc::strong_count(&count), 1);
    }
}
