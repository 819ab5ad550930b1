//! Small tools that know nothing of goroutines.

pub(crate) mod abort;
pub mod wake_list;
