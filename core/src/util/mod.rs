//! Small tools that know nothing of goroutines.

pub(crate) mod abort;
pub mod discard;
pub mod wake_list;
