//! Systems without Unix's signals.

use std::io;
use std::sync::Arc;

/// The signal that asks for a dump, which never comes.
#[derive(Debug)]
pub(crate) struct Quit;

impl Quit {
    pub(crate) fn new(_waker: Arc<mio::Waker>) -> io::Result<Self> {
        Ok(Self)
    }

    pub(crate) fn is_raised(&self) -> bool {
        false
    }

    pub(crate) fn take(&self) -> bool {
        false
    }
}
