//! Memory that will be used in a moment, fetched while something else is done.
//!
//! Of ten thousand goroutines that wait for their sockets hardly any is in the cache when it is woken: each step
//! from the event to the goroutine waits for memory. Who goes through a list of them asks for those that come
//! next. What must hold: it is a hint, to whatever address, and reads nothing a program could see.

/// Has the processor fetch three lines from `at` on: what a file is, and most of a goroutine.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(crate) fn prefetch<T: ?Sized>(at: *const T) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    const LINE: usize = 64;
    for line in 0..3 {
        let at = at.cast::<i8>().wrapping_add(line * LINE);
        // SAFETY: a prefetch never faults, and has no effect that a program could see.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at) };
    }
}

/// Nothing: here there is no stable way to ask for it.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
pub(crate) fn prefetch<T: ?Sized>(_at: *const T) {}
