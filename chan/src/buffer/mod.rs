//! What a channel stores between a send and a receive.
//!
//! Two kinds with the same skeleton: [`ring`] for a bounded channel, [`blocks`] for an unbounded
//! one. Neither allocates before its first value. Both are plain containers, first in first out,
//! used under the channel's lock; how many values a bounded channel may hold is the channel's
//! business.

mod blocks;
mod ring;

use self::blocks::Blocks;
use self::ring::Ring;

/// The stored values, oldest first.
pub(crate) enum Buffer<T> {
    /// Of a bounded channel; stays empty on a rendezvous.
    Ring(Ring<T>),
    /// Of an unbounded channel.
    Blocks(Blocks<T>),
}

impl<T> Buffer<T> {
    /// An empty buffer for at most `capacity` values, and no allocation.
    pub(crate) fn bounded(capacity: usize) -> Self {
        Self::Ring(Ring::new(capacity))
    }

    /// An empty buffer for any number of values, and no allocation.
    pub(crate) fn unbounded() -> Self {
        Self::Blocks(Blocks::new())
    }

    /// Adds the youngest value.
    #[inline]
    pub(crate) fn push(&mut self, value: T) {
        match self {
            Self::Ring(ring) => ring.push(value),
            Self::Blocks(blocks) => blocks.push(value),
        }
    }

    /// Takes the oldest value out.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<T> {
        match self {
            Self::Ring(ring) => ring.pop(),
            Self::Blocks(blocks) => blocks.pop(),
        }
    }

    /// How many values are stored.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Ring(ring) => ring.len(),
            Self::Blocks(blocks) => blocks.len(),
        }
    }

    /// Takes everything out at once, so that it can be dropped after the lock.
    pub(crate) fn take(&mut self) -> Self {
        match self {
            Self::Ring(ring) => Self::Ring(ring.take()),
            Self::Blocks(blocks) => Self::Blocks(blocks.take()),
        }
    }
}
