//! The allocator of the models: it wipes what is freed.
//!
//! Loom checks who reaches a cell or an atomic, not whether it is there still. What must hold: freed memory
//! makes no sense, so that who uses it stops the model, since loom has no object by that number.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint;

struct Wiping;

/// No number of an object, no address, no length.
const WIPED: u8 = 0xDB;

// SAFETY: everything is the system allocator's; memory is written only when nobody has it any more.
unsafe impl GlobalAlloc for Wiping {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: what the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the memory is as long as its layout says, and the caller has given it up.
        unsafe { at.write_bytes(WIPED, layout.size()) };
        // A compiler that sees what is done next takes the writes for useless.
        let at = hint::black_box(at);
        // SAFETY: what the caller promises.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Wiping = Wiping;
