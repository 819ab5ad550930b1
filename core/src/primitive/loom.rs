//! The shim over loom's model of the machine. Its twin with the same names is `std.rs`.

/// True: this is a model, so capacities are small and chance is off.
pub const MODELLED: bool = true;

/// Atomic types and orderings.
pub mod atomic {
    pub use loom::sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
    };
}

/// Shared ownership.
pub mod sync {
    pub use loom::sync::Arc;
}

/// Threads, by the names of std.
pub mod thread {
    pub use loom::thread::{Thread, current, park, yield_now};

    /// In a model no time passes: it sleeps until it is called.
    pub fn park_timeout(_limit: std::time::Duration) {
        park();
    }
}

/// What a thread does while it waits for a few instructions of another one.
pub mod hint {
    /// In a model the other thread has to be let in.
    pub fn spin_loop() {
        loom::thread::yield_now();
    }
}

/// A cell whose accesses are closures, each of which loom checks against the others.
pub mod cell {
    pub use loom::cell::UnsafeCell;
}

pub(super) mod lock {
    use loom::sync;

    pub(in crate::primitive) type Guard<'a, T> = sync::MutexGuard<'a, T>;

    #[derive(Debug)]
    pub(in crate::primitive) struct Lock<T>(sync::Mutex<T>);

    impl<T> Lock<T> {
        pub(in crate::primitive) fn new(value: T) -> Self {
            Self(sync::Mutex::new(value))
        }

        pub(in crate::primitive) fn lock(&self) -> Guard<'_, T> {
            self.0.lock().expect("loom's locks are never poisoned")
        }

        pub(in crate::primitive) fn try_lock(&self) -> Option<Guard<'_, T>> {
            self.0.try_lock().ok()
        }

        pub(in crate::primitive) fn into_inner(self) -> T {
            self.0
                .into_inner()
                .expect("loom's locks are never poisoned")
        }
    }
}
