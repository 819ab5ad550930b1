//! How a thread waits for what another one does in a few instructions.
//!
//! What must hold: nobody spins without end. If the system has taken the processor from the one who is waited
//! for, those who wait offer theirs, and then sleep, for longer each time up to [`LONGEST`]. So one who waits
//! for a thread of lower priority lets it run.
//!
//! There are two manners. Who waits for a lock of the scheduler, [`wait_until`], has something else to do as soon as
//! he has it, and comes again soon. Two workers whose goroutines do nothing but send and receive on one channel
//! want its lock all the time, and together are slower than one of them alone: who finds such a lock taken twice
//! sleeps at once, [`step_aside`], and the other one goes on undisturbed.

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

/// The same of one who steps aside: it keeps goroutines waiting, and the lock is free in between.
const LONGEST_ASIDE: Duration = Duration::from_micros(40);

/// Waits until `is_done` says so, and asks it seldom: what it looks at, another thread is at work on.
#[cold]
pub(crate) fn wait_until(is_done: impl Fn() -> bool) {
    if MODELLED {
        while !is_done() {
            thread::yield_now();
        }
        return;
    }
    if keep_away(PAUSES, &is_done) {
        return;
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

/// The same, for what another thread has again and again for tens of instructions.
#[cold]
pub(crate) fn step_aside(is_done: impl Fn() -> bool) {
    if MODELLED {
        return wait_until(is_done);
    }
    let mut sleep = SHORTEST;
    while !keep_away(1, &is_done) {
        std::thread::sleep(sleep);
        sleep = LONGEST_ASIDE.min(2 * sleep);
    }
}

/// Spins for a glance, and then for so many pauses; whether it is done by then.
fn keep_away(pauses: u32, is_done: impl Fn() -> bool) -> bool {
    (0..GLANCE).for_each(|_| hint::spin_loop());
    if is_done() {
        return true;
    }
    for _ in 0..pauses {
        let begun = time::now();
        while begun.elapsed() < PAUSE {
            (0..GLANCE).for_each(|_| hint::spin_loop());
        }
        if is_done() {
            return true;
        }
    }
    false
}
