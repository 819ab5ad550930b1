//! Ends the process where going on after a panic would be worse.
//!
//! What goroutines throw is caught where it is thrown. A panic that comes out of the scheduler's own
//! code is a broken invariant: the worker would be gone, with goroutines in its hands that nobody
//! runs any more, and the program would hang without a word. The panic's message is printed before.

/// Aborts the process if it is dropped by a panic.
#[derive(Debug)]
pub(crate) struct AbortOnPanic;

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            std::process::abort();
        }
    }
}
