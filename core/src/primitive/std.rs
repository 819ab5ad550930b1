//! The shim over the real machine. Its twin with the same names is `loom.rs`.

/// False: this is the real machine.
pub const MODELLED: bool = false;

/// Atomic types and orderings.
pub mod atomic {
    pub use std::sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
    };
}

/// Shared ownership.
pub mod sync {
    pub use std::sync::Arc;
}

/// Threads, by the names of std.
pub mod thread {
    pub use std::thread::{Thread, current, park, park_timeout, yield_now};
}

/// Time.
pub mod time {
    use std::time::Instant;

    /// The present moment of the monotonic clock.
    #[inline(always)]
    pub fn now() -> Instant {
        Instant::now()
    }
}

/// Thread-locals that begin as a constant.
macro_rules! constant_locals {
    ($($(#[$attr:meta])* static $name:ident: $type:ty = $init:expr;)*) => {
        ::std::thread_local! {
            $($(#[$attr])* static $name: $type = const { $init };)*
        }
    };
}
pub(crate) use constant_locals;

/// A fn that makes something of this shim's, and is `const` where the machine is real: a model has to see
/// when an atomic or a lock begins.
#[doc(hidden)]
#[macro_export]
macro_rules! __const_fn {
    ($(#[$attr:meta])* $vis:vis fn $($rest:tt)*) => {
        $(#[$attr])* $vis const fn $($rest)*
    };
}
pub use crate::__const_fn as const_fn;

/// What a thread does while it waits for a few instructions of another one.
pub mod hint {
    pub use std::hint::spin_loop;
}

/// A cell whose accesses are closures.
pub mod cell {
    /// [`std::cell::UnsafeCell`] with the interface of loom's.
    #[derive(Debug, Default)]
    #[repr(transparent)]
    pub struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        /// A cell that holds `value`.
        pub const fn new(value: T) -> Self {
            Self(std::cell::UnsafeCell::new(value))
        }

        /// Hands a pointer for reading to `f`.
        #[inline(always)]
        pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            f(self.0.get())
        }

        /// Hands a pointer for reading and writing to `f`.
        #[inline(always)]
        pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            f(self.0.get())
        }

        /// Takes the value out.
        pub fn into_inner(self) -> T {
            self.0.into_inner()
        }
    }
}

pub(super) mod lock {
    pub(in crate::primitive) use crate::primitive::spin_lock::{Guard, SpinLock as Lock};
}
