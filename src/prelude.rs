//! What a program with goroutines in it names all the time: `use chango::prelude::*;`.
//!
//! Exactly this list, so that a glob import shadows nothing by surprise.

pub use crate::chan::{Receiver, Sender, bounded, unbounded};
pub use crate::sync::WaitGroup;
pub use crate::time::{Duration, Instant, after, sleep, tick, timeout};
pub use crate::{co, go, run, select};
