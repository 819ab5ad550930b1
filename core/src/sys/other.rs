//! Systems without cgroups.

use std::num::NonZero;
use std::thread;

/// How many processors this process may use.
pub(crate) fn processors() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}
