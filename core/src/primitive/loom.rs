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

    use std::time::Duration;

    /// In a model no time passes. A short pause lets the others go on; a long one, which nobody is to
    /// notice, lasts until it is called.
    pub fn park_timeout(limit: Duration) {
        if limit < Duration::from_secs(1) {
            yield_now();
        } else {
            park();
        }
    }
}

/// Time.
pub mod time {
    use std::sync::OnceLock;
    use std::time::Instant;

    /// In a model no time passes.
    pub fn now() -> Instant {
        static NOW: OnceLock<Instant> = OnceLock::new();
        *NOW.get_or_init(Instant::now)
    }
}

/// Thread-locals. All threads of a model are one thread of the system, so std's would be shared by them.
macro_rules! constant_locals {
    ($($(#[$attr:meta])* static $name:ident: $type:ty = $init:expr;)*) => {
        ::loom::thread_local! {
            $($(#[$attr])* static $name: $type = $init;)*
        }
    };
}
pub(crate) use constant_locals;

/// A fn that makes something of this shim's. Here it cannot be `const`.
#[doc(hidden)]
#[macro_export]
macro_rules! __const_fn {
    ($($item:tt)*) => { $($item)* };
}
pub use crate::__const_fn as const_fn;

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

        pub(in crate::primitive) fn lock_aside(&self) -> Guard<'_, T> {
            self.lock()
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
