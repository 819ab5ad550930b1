//! A goroutine's `Waker`: a counted pointer to its header, behind std's `RawWaker`.
//!
//! What must hold: each waker owns one reference, so the header outlives it; a wake-up touches the
//! runtime only while the goroutine is not dead, or while the waker's reference (which holds the
//! runtime through the header) is still there.

use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::task::{RawWaker, RawWakerVTable, Waker};

use super::raw::{self, Header};
use super::state::Wake;

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, release);

/// A waker that borrows the reference of whoever polls: no count changes unless it is cloned.
///
/// # Safety
///
/// The header must stay allocated as long as the returned value is used.
#[inline]
pub(super) unsafe fn borrowed(header: NonNull<Header>) -> ManuallyDrop<Waker> {
    // SAFETY: the vtable's functions keep the contract of `RawWaker` for a pointer that owns a
    // reference; `ManuallyDrop` keeps this one, which owns none, from giving one up.
    ManuallyDrop::new(unsafe { Waker::from_raw(raw_waker(header.as_ptr())) })
}

fn raw_waker(header: *const Header) -> RawWaker {
    RawWaker::new(header.cast(), &VTABLE)
}

/// # Safety
///
/// `data` is the pointer of a waker made here, which owns a reference.
unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: the waker's reference keeps the header allocated.
    unsafe { header(data).as_ref() }.state.retain();
    raw_waker(data.cast())
}

/// # Safety
///
/// As for [`clone`]; the reference is given up.
unsafe fn wake(data: *const ()) {
    let header = header(data);
    // SAFETY: the waker's reference keeps the header allocated until it is given up by this.
    unsafe { (header.as_ref().vtable.wake)(header) };
}

/// # Safety
///
/// As for [`clone`]; the reference stays the caller's.
unsafe fn wake_by_ref(data: *const ()) {
    let header = header(data);
    // SAFETY: the waker's reference keeps the header allocated.
    if unsafe { header.as_ref() }.state.wake() == Wake::Schedule {
        // SAFETY: this call made it runnable.
        unsafe { raw::schedule(header) };
    }
}

/// # Safety
///
/// As for [`clone`]; the reference is given up.
unsafe fn release(data: *const ()) {
    // SAFETY: the caller gives up the reference that this call releases.
    unsafe { raw::release(header(data)) };
}

fn header(data: *const ()) -> NonNull<Header> {
    // SAFETY: `data` came out of a `NonNull` in `raw_waker`.
    unsafe { NonNull::new_unchecked(data.cast_mut().cast()) }
}
