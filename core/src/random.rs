//! The only source of chance: which worker to steal from, which arm of a select to look at first.
//!
//! One small generator a thread (wyrand: one multiplication a number), seeded from a process-wide
//! sequence, so that a simulated run replaces both here. In a model of loom's there is no chance:
//! every choice is the first.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

use crate::primitive::MODELLED;

/// A small, fast generator; not for secrets.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A generator whose numbers follow from `seed` alone.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        // wyrand, by Wang Yi: a Weyl sequence, mixed by one 64 × 64 → 128 bit multiplication.
        self.0 = self.0.wrapping_add(0xa076_1d64_78bd_642f);
        let wide = u128::from(self.0) * u128::from(self.0 ^ 0xe703_7ed1_a0b4_28db);
        (wide >> 64) as u64 ^ wide as u64
    }

    /// A number below `bound`, each equally likely (0 if `bound` is 0 or this is a model).
    #[inline]
    pub fn below(&mut self, bound: usize) -> usize {
        if MODELLED {
            return 0;
        }
        // The high half of a product: no division, and a bias below 2⁻³² for bounds this small.
        ((u128::from(self.next_u64()) * bound as u128) >> 64) as usize
    }

    /// Puts `items` into a uniformly random order (Fisher and Yates).
    #[inline]
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = if MODELLED { last } else { self.below(last + 1) };
            items.swap(last, other);
        }
    }
}

thread_local! {
    static THREAD: Cell<u64> = Cell::new(RandomState::new().hash_one(0));
}

/// Runs `f` with this thread's generator.
#[inline]
pub fn with<R>(f: impl FnOnce(&mut Random) -> R) -> R {
    THREAD.with(|state| {
        let mut random = Random(state.get());
        let result = f(&mut random);
        state.set(random.0);
        result
    })
}

/// Has this thread's generator go on from `seed`, so that a test that counts choices counts the same
/// ones in every run.
///
/// # Examples
///
/// ```
/// use chango_core::random;
///
/// random::seed(1);
/// let first = random::with(|random| random.next_u64());
/// random::seed(1);
/// assert_eq!(random::with(|random| random.next_u64()), first);
/// ```
pub fn seed(seed: u64) {
    THREAD.with(|state| state.set(seed));
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::Random;

    #[test]
    fn one_seed_gives_one_sequence() {
        let draw = |seed| {
            let mut random = Random::new(seed);
            (0..100).map(|_| random.next_u64()).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn every_number_below_the_bound_is_equally_likely() {
        let mut random = Random::new(7);
        let mut seen = [0_u32; 5];
        for _ in 0..50_000 {
            seen[random.below(5)] += 1;
        }
        // The standard deviation of a bin is 89; six of them is out of reach of bad luck.
        assert!(
            seen.iter().all(|&count| count.abs_diff(10_000) < 540),
            "{seen:?}"
        );
    }

    #[test]
    fn shuffling_reaches_every_order() {
        let mut random = Random::new(3);
        let mut seen = std::collections::HashSet::new();
        for _ in 0..500 {
            let mut items = [0, 1, 2, 3];
            random.shuffle(&mut items);
            seen.insert(items);
        }
        assert_eq!(seen.len(), 24);
    }
}
