//! Where a goroutine was spawned, and its name if it has one, in one word: few goroutines have a name, and a
//! million of them should not have room for one.
//!
//! What must hold: the word is the address of a position, or, with the lowest bit set, that of an allocation
//! of its own which has both. Either is aligned to more than one byte.

use std::fmt;
use std::panic::Location;
use std::ptr::NonNull;

const NAMED: usize = 1;
const _: () = assert!(align_of::<Location<'static>>() > NAMED && align_of::<Named>() > NAMED);

struct Named {
    spawned_at: &'static Location<'static>,
    name: Box<str>,
}

/// Where a goroutine comes from, and what it is called.
pub(crate) struct Origin(NonNull<()>);

// SAFETY: it is a shared reference, or owns a box; both may be used and dropped on any thread.
unsafe impl Send for Origin {}
// SAFETY: by shared reference it is only read.
unsafe impl Sync for Origin {}

impl Origin {
    #[inline]
    pub(crate) fn new(spawned_at: &'static Location<'static>, name: Option<String>) -> Self {
        match name {
            None => Self(NonNull::from(spawned_at).cast()),
            Some(name) => Self::named(spawned_at, name),
        }
    }

    #[cold]
    fn named(spawned_at: &'static Location<'static>, name: String) -> Self {
        let name = name.into_boxed_str();
        let named = Box::new(Named { spawned_at, name });
        let pointer = NonNull::from(Box::leak(named)).cast::<()>();
        Self(pointer.map_addr(|address| address | NAMED))
    }

    fn get(&self) -> Result<&Named, &'static Location<'static>> {
        match self.allocation() {
            // SAFETY: it is there as long as this is.
            Some(named) => Ok(unsafe { named.as_ref() }),
            // SAFETY: without the bit it was a reference.
            None => Err(unsafe { self.0.cast().as_ref() }),
        }
    }

    #[inline]
    fn allocation(&self) -> Option<NonNull<Named>> {
        if self.0.addr().get() & NAMED == 0 {
            return None;
        }
        NonNull::new(self.0.as_ptr().map_addr(|address| address & !NAMED).cast())
    }

    pub(crate) fn spawned_at(&self) -> &'static Location<'static> {
        self.get().map_or_else(|at| at, |named| named.spawned_at)
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.get().ok().map(|named| &*named.name)
    }
}

impl Drop for Origin {
    #[inline]
    fn drop(&mut self) {
        if let Some(named) = self.allocation() {
            // SAFETY: it came out of a box, in `named`, and is given up once.
            drop(unsafe { Box::from_raw(named.as_ptr()) });
        }
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Origin")
            .field("spawned_at", &self.spawned_at())
            .field("name", &self.name())
            .finish()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn both_come_back_whether_there_is_a_name_or_not() {
        let here = Location::caller();
        let plain = Origin::new(here, None);
        assert_eq!((plain.spawned_at(), plain.name()), (here, None));
        for name in ["reader", ""] {
            let named = Origin::new(here, Some(name.to_string()));
            assert_eq!((named.spawned_at(), named.name()), (here, Some(name)));
        }
        assert_eq!(size_of::<Origin>(), size_of::<usize>());
    }
}
