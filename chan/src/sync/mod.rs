//! What goroutines use beside channels to wait for each other.
//!
//! The locks ([`Mutex`], [`RwLock`], [`Semaphore`], [`Once`]) are permits, for which those who wait compete;
//! with [`Cond`], [`Barrier`] and [`WaitGroup`] they wait for a word of somebody else's.

// Permits stand on `sema`, whose queues are in `line`; words on `wait`, and the channels' queue.
pub(crate) mod line;
mod sema;
mod wait;

mod barrier;
mod cond;
mod mutex;
mod once;
mod rw_lock;
mod semaphore;
pub(crate) mod wait_group;

pub use self::barrier::{Barrier, BarrierWaitResult};
pub use self::cond::Cond;
pub use self::mutex::{Mutex, MutexGuard, OwnedMutexGuard};
pub use self::once::Once;
pub use self::rw_lock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
pub use self::semaphore::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
pub use self::wait_group::{WaitGroup, WaitGroupWait};
