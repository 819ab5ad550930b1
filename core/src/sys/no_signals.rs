//! Systems without Unix's signals.

use std::ffi::c_int;
use std::io;
use std::sync::Arc;

use super::Numbers;

/// The signals that were raised: none ever.
#[derive(Debug)]
pub(crate) struct Raised;

#[derive(Debug)]
pub(crate) struct Watched;

impl Raised {
    pub(crate) fn new(_waker: Arc<mio::Waker>) -> Self {
        Self
    }

    pub(crate) fn watch(&self, _number: c_int) -> io::Result<Watched> {
        Ok(Watched)
    }

    pub(crate) fn is_any(&self) -> bool {
        false
    }

    pub(crate) fn take(&self) -> Numbers {
        Numbers::NONE
    }
}
