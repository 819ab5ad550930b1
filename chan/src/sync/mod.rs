//! What goroutines use beside channels to wait for each other.
//!
//! A mutex, a lock for readers and writers, a semaphore and a `Once` are permits: they stand on [`sema`],
//! whose queues are in [`line`]. Those who wait for a word of somebody else's (a condition variable, a
//! barrier, a wait group) are in a queue of the channels' kind.

pub(crate) mod line;
mod sema;
mod wait;

mod barrier;
mod cond;
mod mutex;
mod once;
mod rw_lock;
mod semaphore;
mod wait_group;

pub use self::barrier::{Barrier, BarrierWaitResult};
pub use self::cond::Cond;
pub use self::mutex::{Mutex, MutexGuard, OwnedMutexGuard};
pub use self::once::Once;
pub use self::rw_lock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
pub use self::semaphore::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
pub use self::wait_group::{WaitGroup, WaitGroupWait};
