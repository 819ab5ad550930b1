//! The heap of deadlines of one P: four children a node, no atomics, no locks.
//!
//! Four children instead of two halve the height, and the children of a node lie beside each other.
//! What must hold after every operation:
//!
//! * no item's key is smaller than its parent's, so the smallest key is at the root;
//! * every item was last told, by [`Item::placed`], the index at which it stands, so that it can be
//!   taken out without a search.

/// Children of a node; those of `at` stand from `at * ARITY + 1` on.
const ARITY: usize = 4;

/// Below this capacity the memory of the heap is not worth giving back.
const KEEP: usize = 64;

/// What is kept in a [`Heap`]: a handle that is told where it stands.
pub(crate) trait Item: Copy {
    /// The item now stands at index `at`.
    fn placed(self, at: usize);
}

/// A priority queue with the smallest key first.
#[derive(Debug)]
pub(crate) struct Heap<T> {
    items: Vec<(u64, T)>,
}

impl<T: Item> Heap<T> {
    /// An empty heap, which owns no memory yet.
    pub(crate) const fn new() -> Self {
        Self { items: Vec::new() }
    }

    /// The smallest key.
    pub(crate) fn first_key(&self) -> Option<u64> {
        self.items.first().map(|&(key, _)| key)
    }

    /// How many items there are.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether one more fits: an item keeps its index in 32 bits.
    pub(crate) fn has_room(&self) -> bool {
        self.items.len() < u32::MAX as usize
    }

    /// Adds an item. The caller has seen that there is room.
    pub(crate) fn push(&mut self, key: u64, item: T) {
        debug_assert!(self.has_room());
        self.items.push((key, item));
        self.sift_up(self.items.len() - 1);
    }

    /// Takes out the item with the smallest key.
    pub(crate) fn pop(&mut self) -> Option<T> {
        if self.items.is_empty() {
            None
        } else {
            Some(self.remove(0))
        }
    }

    /// Takes out the item that stands at index `at`.
    ///
    /// # Panics
    ///
    /// If there is no such index.
    pub(crate) fn remove(&mut self, at: usize) -> T {
        let (_, item) = self.items.swap_remove(at);
        if at < self.items.len() {
            // What was last may belong above or below this place, never both.
            self.sift_up(at);
            self.sift_down(at);
        }
        // A quarter left of what a burst took: half of it goes back, so that neither the next
        // item in nor the next one out moves the whole heap again.
        let capacity = self.items.capacity();
        if capacity > KEEP && self.items.len() < capacity / 4 {
            self.items.shrink_to(capacity / 2);
        }
        item
    }

    /// Moves the item at `at` towards the root, and tells it where it ends.
    fn sift_up(&mut self, mut at: usize) {
        let moving = self.items[at];
        while at > 0 {
            let parent = (at - 1) / ARITY;
            if self.items[parent].0 <= moving.0 {
                break;
            }
            self.place(at, self.items[parent]);
            at = parent;
        }
        self.place(at, moving);
    }

    /// Moves the item at `at` towards the leaves, and tells it where it ends.
    fn sift_down(&mut self, mut at: usize) {
        let moving = self.items[at];
        while let Some(child) = self.least_child(at) {
            if self.items[child].0 >= moving.0 {
                break;
            }
            self.place(at, self.items[child]);
            at = child;
        }
        self.place(at, moving);
    }

    /// The child of `at` with the smallest key.
    fn least_child(&self, at: usize) -> Option<usize> {
        let first = at * ARITY + 1;
        let end = self.items.len().min(first + ARITY);
        (first..end).min_by_key(|&child| self.items[child].0)
    }

    fn place(&mut self, at: usize, item: (u64, T)) {
        self.items[at] = item;
        item.1.placed(at);
    }

    /// Panics unless the order of keys holds; for tests.
    #[cfg(all(test, not(loom)))]
    pub(crate) fn check(&self) {
        for at in 1..self.items.len() {
            assert!(
                self.items[(at - 1) / ARITY].0 <= self.items[at].0,
                "heap order at {at}"
            );
        }
    }

    /// How many items there are, and for how many there is room; for tests.
    #[cfg(all(test, not(loom)))]
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.items.len(), self.items.capacity())
    }
}
