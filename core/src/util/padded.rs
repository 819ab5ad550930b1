//! What must not share a cache line with anything else.

use std::ops::Deref;

/// A value on lines of its own. Two of 64 bytes each: processors fetch them in pairs, and some have lines
/// of 128.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct CachePadded<T>(T);

impl<T> CachePadded<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(value)
    }
}

impl<T> Deref for CachePadded<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}
