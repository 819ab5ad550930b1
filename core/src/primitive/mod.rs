//! The shim between chango and the machine: atomics, cells, locks and threads.
//!
//! Everything that two threads touch goes through here, so that under `--cfg loom` the same code
//! runs on loom's model of the machine. What must hold:
//!
//! * nothing outside this module and the roots of the tests says `cfg(loom)`;
//! * both sides export the same names with the same meaning ([`MODELLED`] tells them apart where a
//!   capacity shrinks or chance must go);
//! * cells are reached through closures, which is what lets loom see each access.

#[cfg(loom)]
mod loom;
#[cfg(loom)]
pub(crate) use self::loom::constant_locals;
#[cfg(loom)]
pub use self::loom::*;

#[cfg(not(loom))]
mod std;
#[cfg(not(loom))]
pub(crate) use self::std::constant_locals;
#[cfg(not(loom))]
pub use self::std::*;

mod backoff;
pub(crate) use self::backoff::wait_until;

mod rank;
// Under loom its model alone: loom's own lock explores fewer runs.
#[cfg(any(test, not(loom)))]
mod spin_lock;
pub use self::rank::{Mutex, MutexGuard, Rank};
