//! What every system says in its own way. The only place that asks which one it is.
//!
//! Where a system is not known to answer, the answer is that it is not known, and callers cope.

#[cfg(any(target_os = "linux", target_os = "android", test))]
mod cgroup;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use self::linux::{
    Alarm, SHORT_READ_DRAINS, Thread, interest, processors, sleep_to_the_point, threads,
};

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod other;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) use self::other::{
    Alarm, SHORT_READ_DRAINS, Thread, interest, processors, sleep_to_the_point, threads,
};

mod numbers;
pub(crate) use self::numbers::Numbers;

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use self::unix::{Raised, Watched};

#[cfg(not(unix))]
mod no_signals;
#[cfg(not(unix))]
pub(crate) use self::no_signals::{Raised, Watched};

#[cfg(unix)]
pub mod number;
