//! Memory for goroutines, used again. (Go: the free lists `gFree` of a P and of the scheduler.)
//!
//! A goroutine is often freed by another thread than the one that made it, which is the dearest thing one can
//! ask of most allocators: there the two threads meet on a lock, and sleep in the system for each other. Here
//! a thread keeps what it frees, and what is too much goes, a whole magazine at a time, to a depot where other
//! threads fetch it. (Bonwick and Adams, *Magazines and Vmem*, 2001.) What must hold:
//!
//! * blocks of one class have one layout, which is that of the global allocator's: whatever is kept here can be
//!   given back to it at any time;
//! * a full magazine has [`MAGAZINE`] blocks, and only full ones are in the depot, [`SHELF`] of a class at most.
//!   So what is kept is bounded: of goroutines of 248 bytes, 16 KiB for each thread and 1 MiB for the process;
//! * a block that is kept is written to in its first two words only.
//!
//! Debug builds keep nothing, so that tools that look for memory used after it was freed find it.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::Cell;
use std::hint::black_box;
use std::ptr::{self, NonNull};
// Not through `primitive`: a model has no statics, and keeps nothing.
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::primitive::MODELLED;

/// Classes are this far apart, and no block is aligned to more.
const GRAIN: usize = 16;
/// A block has so much less than a multiple of that: what most allocators keep beside it.
const BESIDE: usize = 8;
/// So many classes there are: larger goroutines come from the allocator.
const CLASSES: usize = 64;
/// Blocks in a full magazine.
const MAGAZINE: usize = 32;
/// Full magazines of one class in the depot, at most.
const SHELF: usize = 128;

/// A thread that makes more and more goroutines has the allocator fetch memory for so many at a time. (glibc
/// fetches it by the page, with a call of the system for each, on all threads but the first.)
const AHEAD: usize = 128;
/// But not for more bytes than this: glibc gives a larger block that is freed back to the system at once.
const FETCHED: usize = 60 << 10;

/// Whether anything is kept.
const KEEPS: bool = !MODELLED && !cfg!(debug_assertions);

/// Memory of this layout, not initialized.
#[inline]
pub(super) fn allocate(layout: Layout) -> NonNull<u8> {
    let Some(class) = Class::of(layout).filter(|_| KEEPS) else {
        return from_system(layout);
    };
    // Fails while the thread is being torn down.
    KEPT.try_with(|kept| {
        let pair = &kept.0[class.0];
        pair.take(class).unwrap_or_else(|| pair.fresh(class))
    })
    .unwrap_or_else(|_| from_system(class.layout()))
}

/// Takes memory of this layout back.
///
/// # Safety
///
/// It came from [`allocate`] with the same layout, and nobody uses it any more.
#[inline]
pub(super) unsafe fn free(memory: NonNull<u8>, layout: Layout) {
    let Some(class) = Class::of(layout).filter(|_| KEEPS) else {
        // SAFETY: the caller's promise.
        return unsafe { dealloc(memory.as_ptr(), layout) };
    };
    // SAFETY: the caller's promise; it has room for a block's words.
    let block = unsafe { Block::new(memory) };
    if KEPT
        .try_with(|kept| kept.0[class.0].put(class, block))
        .is_err()
    {
        // SAFETY: the caller's promise.
        unsafe { dealloc(memory.as_ptr(), class.layout()) };
    }
}

#[cold]
fn from_system(layout: Layout) -> NonNull<u8> {
    // SAFETY: a goroutine's layout, which is not empty.
    let memory = unsafe { alloc(layout) };
    NonNull::new(memory).unwrap_or_else(|| handle_alloc_error(layout))
}

/// Has the allocator fetch memory for blocks to come: it is asked for as much, and keeps it.
fn fetch_ahead(class: Class) {
    let size = (AHEAD * GRAIN * class.0).min(FETCHED);
    let mut memory = Vec::<u8>::new();
    // If it cannot be had, those who come meet that.
    let _ = memory.try_reserve_exact(size);
    drop(black_box(memory));
}

/// Blocks of the same size: so many grains, and [`BESIDE`] less.
#[derive(Clone, Copy, Debug)]
struct Class(usize);

impl Class {
    #[inline]
    fn of(layout: Layout) -> Option<Self> {
        let bytes = layout.size().max(size_of::<Block>()) + BESIDE;
        let class = bytes.div_ceil(GRAIN);
        let is_small = layout.align() <= GRAIN && class < CLASSES;
        is_small.then_some(Self(class))
    }

    #[inline]
    fn layout(self) -> Layout {
        let size = self.0 * GRAIN - BESIDE;
        Layout::from_size_align(size, GRAIN).expect("a small layout")
    }
}

/// A block that is kept.
struct Block {
    /// The next one in the magazine.
    next: *mut Block,
    /// Of the first one in a magazine that is in the depot: that of the magazine below.
    below: *mut Block,
}

impl Block {
    /// # Safety
    ///
    /// The memory is a block's, and nobody uses it.
    #[inline]
    unsafe fn new(memory: NonNull<u8>) -> NonNull<Self> {
        let block = memory.cast::<Self>();
        // SAFETY: the caller's promise.
        unsafe {
            block.write(Self {
                next: ptr::null_mut(),
                below: ptr::null_mut(),
            });
        }
        block
    }
}

/// Up to [`MAGAZINE`] blocks, the last one first.
#[derive(Clone, Copy)]
struct Magazine {
    first: *mut Block,
    len: usize,
}

const EMPTY: Magazine = Magazine {
    first: ptr::null_mut(),
    len: 0,
};

impl Magazine {
    #[inline]
    fn push(&mut self, mut block: NonNull<Block>) {
        // SAFETY: a block that is kept is used by nobody else.
        unsafe { block.as_mut() }.next = self.first;
        self.first = block.as_ptr();
        self.len += 1;
    }

    #[inline]
    fn pop(&mut self) -> Option<NonNull<Block>> {
        let block = NonNull::new(self.first)?;
        // SAFETY: as in `push`.
        self.first = unsafe { block.as_ref() }.next;
        self.len -= 1;
        Some(block)
    }

    /// Gives all to the allocator.
    fn clear(mut self, class: Class) {
        while let Some(block) = self.pop() {
            // SAFETY: it came from the allocator with this layout, and is kept by nobody any more.
            unsafe { dealloc(block.as_ptr().cast(), class.layout()) };
        }
    }
}

/// What a thread keeps of one class: the magazine that it uses, and another one that is empty or full, so
/// that who makes and frees by turns does not go to the depot at each.
struct Pair {
    used: Cell<Magazine>,
    other: Cell<Magazine>,
    /// How many more blocks come from the allocator until it is to fetch memory ahead.
    ahead: Cell<usize>,
}

impl Pair {
    const fn new() -> Self {
        Self {
            used: Cell::new(EMPTY),
            other: Cell::new(EMPTY),
            ahead: Cell::new(AHEAD),
        }
    }

    #[inline]
    fn take(&self, class: Class) -> Option<NonNull<u8>> {
        let mut used = self.used.get();
        let block = used.pop().or_else(|| {
            used = self.full(class);
            used.pop()
        });
        self.used.set(used);
        block.map(NonNull::cast)
    }

    #[inline]
    fn put(&self, class: Class, block: NonNull<Block>) {
        let mut used = self.used.get();
        if used.len == MAGAZINE {
            self.store(class, used);
            used = EMPTY;
        }
        used.push(block);
        self.used.set(used);
    }

    /// A block that is new.
    #[cold]
    fn fresh(&self, class: Class) -> NonNull<u8> {
        let left = self.ahead.get();
        if left == 0 {
            fetch_ahead(class);
        }
        self.ahead.set(left.checked_sub(1).unwrap_or(AHEAD));
        from_system(class.layout())
    }

    /// Gives all to the allocator.
    fn clear(&self, class: Class) {
        self.used.replace(EMPTY).clear(class);
        self.other.replace(EMPTY).clear(class);
    }

    /// A full magazine, or an empty one if there is none.
    #[cold]
    fn full(&self, class: Class) -> Magazine {
        let other = self.other.replace(EMPTY);
        if other.len > 0 {
            return other;
        }
        // Relaxed: a hint. Who makes very many at once finds nothing, each time.
        if STORED[class.0].load(Ordering::Relaxed) == 0 {
            return EMPTY;
        }
        let mut shelf = shelf(class);
        let full = shelf.pop().unwrap_or(EMPTY);
        STORED[class.0].store(shelf.len, Ordering::Relaxed);
        full
    }

    /// Puts a full magazine aside.
    #[cold]
    fn store(&self, class: Class, full: Magazine) {
        let other = self.other.replace(full);
        if other.len == 0 {
            return;
        }
        let mut shelf = shelf(class);
        let refused = shelf.push(other);
        STORED[class.0].store(shelf.len, Ordering::Relaxed);
        drop(shelf);
        if let Some(refused) = refused {
            refused.clear(class);
        }
    }
}

/// What a thread keeps, by class.
struct Kept([Pair; CLASSES]);

impl Drop for Kept {
    fn drop(&mut self) {
        for (class, pair) in self.0.iter().enumerate() {
            pair.clear(Class(class));
        }
    }
}

thread_local! {
    static KEPT: Kept = const { Kept([const { Pair::new() }; CLASSES]) };
}

/// Full magazines of one class.
struct Shelf {
    top: *mut Block,
    len: usize,
}

// SAFETY: blocks that are kept belong to the shelf, whichever thread looks at it.
unsafe impl Send for Shelf {}

static DEPOT: [Mutex<Shelf>; CLASSES] = [const { Mutex::new(Shelf::new()) }; CLASSES];

/// How many magazines there are on each, as of some moment: who finds none does without the lock.
static STORED: [AtomicUsize; CLASSES] = [const { AtomicUsize::new(0) }; CLASSES];

/// The shelf of a class.
fn shelf(class: Class) -> MutexGuard<'static, Shelf> {
    DEPOT[class.0]
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

impl Shelf {
    const fn new() -> Self {
        Self {
            top: ptr::null_mut(),
            len: 0,
        }
    }

    /// Takes a full magazine in, unless there are enough.
    fn push(&mut self, full: Magazine) -> Option<Magazine> {
        debug_assert_eq!(full.len, MAGAZINE);
        let Some(mut first) = NonNull::new(full.first).filter(|_| self.len < SHELF) else {
            return Some(full);
        };
        // SAFETY: as in `Magazine::push`.
        unsafe { first.as_mut() }.below = self.top;
        self.top = first.as_ptr();
        self.len += 1;
        None
    }

    fn pop(&mut self) -> Option<Magazine> {
        let first = NonNull::new(self.top)?;
        // SAFETY: as in `Magazine::push`.
        self.top = unsafe { first.as_ref() }.below;
        self.len -= 1;
        Some(Magazine {
            first: first.as_ptr(),
            len: MAGAZINE,
        })
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::collections::HashSet;
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    fn block(class: Class) -> NonNull<Block> {
        // SAFETY: it is as large as its class.
        unsafe { Block::new(from_system(class.layout())) }
    }

    #[test]
    fn goroutines_of_the_same_size_in_grains_share_a_class_and_large_ones_have_none() {
        let class = |size, align| {
            let layout = Layout::from_size_align(size, align).unwrap();
            Class::of(layout).map(|class| class.layout().size())
        };
        assert_eq!(class(1, 1), Some(24));
        assert_eq!(class(24, 16), Some(24));
        assert_eq!(class(25, 8), Some(40));
        assert_eq!(class(1000, 8), Some(1000));
        assert_eq!(class(1001, 8), None);
        assert_eq!(class(64, 32), None, "aligned to more than a block");
    }

    #[test]
    fn what_a_thread_frees_it_gets_back_and_no_block_twice() {
        // No other test uses this class.
        let (pair, class) = (Pair::new(), Class(CLASSES - 1));
        let blocks: Vec<_> = (0..5 * MAGAZINE).map(|_| block(class)).collect();
        let given: HashSet<_> = blocks.iter().map(|block| block.cast::<u8>()).collect();
        blocks.into_iter().for_each(|block| pair.put(class, block));
        assert_eq!(shelf(class).len, 3, "two magazines stay with the thread");
        let mut got = HashSet::new();
        while let Some(memory) = pair.take(class) {
            assert!(got.insert(memory), "a block came twice");
        }
        assert_eq!(got, given);
        for memory in got {
            // SAFETY: it is this test's, of this class.
            unsafe { dealloc(memory.as_ptr(), class.layout()) };
        }
    }

    #[test]
    fn the_depot_takes_no_more_than_it_has_room_for() {
        let class = Class(2);
        let mut shelf = Shelf::new();
        let full = || {
            let mut magazine = EMPTY;
            (0..MAGAZINE).for_each(|_| magazine.push(block(class)));
            magazine
        };
        for _ in 0..SHELF {
            assert!(shelf.push(full()).is_none());
        }
        let refused = shelf.push(full()).expect("there is no room");
        refused.clear(class);
        let mut count = 0;
        while let Some(magazine) = shelf.pop() {
            count += 1;
            magazine.clear(class);
        }
        assert_eq!((count, shelf.len), (SHELF, 0));
    }

    #[test]
    fn blocks_that_one_thread_makes_and_another_one_frees_come_back_through_the_depot() {
        const EACH: usize = 20_000;
        // No other test uses this class.
        let class = Class(CLASSES - 2);
        let (there, back) = mpsc::sync_channel::<usize>(MAGAZINE);
        let freeing = thread::spawn(move || {
            let pair = Pair::new();
            for (number, address) in back.into_iter().enumerate() {
                let memory = NonNull::new(ptr::with_exposed_provenance_mut::<u8>(address)).unwrap();
                // SAFETY: the other thread has given it up.
                unsafe {
                    assert_eq!(
                        memory.cast::<usize>().read(),
                        number,
                        "somebody else uses it"
                    );
                    pair.put(class, Block::new(memory));
                }
            }
            pair.clear(class);
        });
        let (pair, mut from_the_system) = (Pair::new(), 0);
        for number in 0..EACH {
            let memory = pair.take(class).unwrap_or_else(|| {
                from_the_system += 1;
                from_system(class.layout())
            });
            // SAFETY: it is this thread's.
            unsafe { memory.cast::<usize>().write(number) };
            there.send(memory.as_ptr().expose_provenance()).unwrap();
        }
        drop(there);
        freeing.join().unwrap();
        pair.clear(class);
        while let Some(magazine) = { shelf(class).pop() } {
            magazine.clear(class);
        }
        // What is on its way, and what stays with the other thread.
        assert!(from_the_system <= 5 * MAGAZINE, "{from_the_system}");
    }
}
