//! Small tools that know nothing of goroutines.

pub mod wake_list;
