//! What goroutines use beside channels to wait for each other.

mod wait_group;

pub use self::wait_group::{WaitGroup, WaitGroupWait};
