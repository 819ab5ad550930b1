//! Small tools that know nothing of goroutines.

pub(crate) mod abort;
pub mod foreign_waker;
pub(crate) mod padded;
pub(crate) mod prefetch;
pub mod wake_list;
