//! How a thread waits for what another one does in a few instructions.
//!
//! What must hold: nobody spins without end. If the system has taken the processor from the one who is waited
//! for, those who wait offer theirs, and then sleep, for longer each time up to [`LONGEST`]. So one who waits
//! for a thread of lower priority lets it run.

use std::time::Duration;

use super::{MODELLED, hint, thread, time};

/// For so many turns of an empty loop a thread waits at first: mostly it is done then.
const GLANCE: u32 = 8;

/// After that it keeps away for so long, so often. Two threads that go at a lock take its line from each
/// other at each operation, with all that it guards, and both are slower than one would be alone; one that
/// stays away lets the other one do a hundred operations at full speed. (Measured between 1 and 20 µs: a channel
/// with many at both ends is the faster the longer it is, and where goroutines would better be run by two
/// workers it costs from 10 µs on.)
const PAUSE: Duration = Duration::from_micros(6);
const PAUSES: u32 = 3;

/// How often it then offers its processor to others.
const OFFERS: u32 = 4;

/// How long it sleeps after that, at first and at most.
const SHORTEST: Duration = Duration::from_micros(20);
const LONGEST: Duration = Duration::from_millis(1);

/// Waits until `is_done` says so, and asks it seldom: what it looks at, another thread is at work on.
#[cold]
pub(crate) fn wait_until(is_done: impl Fn() -> bool) {
    if MODELLED {
        while !is_done() {
            thread::yield_now();
        }
        return;
    }
    (0..GLANCE).for_each(|_| hint::spin_loop());
    if is_done() {
        return;
    }
    for _ in 0..PAUSES {
        let begun = time::now();
        while begun.elapsed() < PAUSE {
            (0..GLANCE).for_each(|_| hint::spin_loop());
        }
        if is_done() {
            return;
        }
    }
    for _ in 0..OFFERS {
        thread::yield_now();
        if is_done() {
            return;
        }
    }
    let mut sleep = SHORTEST;
    while !is_done() {
        std::thread::sleep(sleep);
        sleep = LONGEST.min(2 * sleep);
    }
}
