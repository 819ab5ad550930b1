//! What a worker takes out of others' hands. (Go: `stealWork`, `runqsteal`.)
//!
//! By stealing, when there is nothing else to do, and before it looks at files, from one that has come to a stop.
//! What must hold: who takes has nothing itself; `runnext` is taken only from a worker that does not come to it,
//! or else the partners of a ping-pong would be taken apart.

use std::time::{Duration, Instant};

use super::worker::{Core, Worker};
use super::{NONE_LONG, Remote};
use crate::clock;
use crate::primitive::atomic::Ordering;
use crate::task::Runnable;

/// Who has not moved for so long keeps what is in its queue from running.
pub(super) const STALLED: Duration = Duration::from_micros(50);

/// Rounds through all victims before a thief gives up.
const STEAL_ROUNDS: u32 = 4;

/// One of the other workers, which may have come to a stop with goroutines in its queue.
#[derive(Debug)]
pub(super) struct Suspect {
    /// Its place among the others.
    pub(super) at: usize,
    polls: u64,
    /// When it had that many polls for the first time.
    since: Instant,
}

impl Suspect {
    /// Before the first look.
    pub(super) fn nobody() -> Self {
        Self {
            at: 0,
            polls: NONE_LONG,
            since: clock::now(),
        }
    }
}

/// The polls of a worker in whose hands something waits.
fn waiting_polls(remote: &Remote) -> Option<u64> {
    let waits = remote.queue.len() > 0 || remote.queue.has_next();
    // Relaxed: a hint.
    waits.then(|| remote.polls.load(Ordering::Relaxed))
}

impl Worker {
    /// Takes half of another worker's queue; of one that is stuck in a long poll, in the last
    /// round, its `runnext`.
    pub(super) fn steal(&self) -> Option<Runnable> {
        let shared = &**self.shared();
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        if !core.spinning && !shared.idle.try_spin() {
            return None;
        }
        core.spinning = true;
        shared.hear_of_others(&mut core.others, |remote| remote);
        for round in 0..STEAL_ROUNDS {
            let first = core.random.below(core.others.len());
            for at in (first..core.others.len()).chain(0..first) {
                if at == self.index() {
                    continue;
                }
                let is_stuck = round == STEAL_ROUNDS - 1 && core.others[at].is_in_long_poll();
                let stolen = self.steal_from(core, at, is_stuck);
                if stolen.is_some() {
                    return stolen;
                }
            }
            std::hint::spin_loop();
        }
        None
    }

    /// Takes half of the queue of worker `at`, or else, if it is stuck, its `runnext`.
    fn steal_from(&self, core: &mut Core, at: usize, is_stuck: bool) -> Option<Runnable> {
        let victim = &core.others[at].queue;
        let before = core.queue.pushed();
        let stolen = core.queue.steal_from(victim);
        let task = stolen.or_else(|| is_stuck.then(|| victim.steal_next()).flatten())?;
        let others = core.queue.pushed().wrapping_sub(before);
        self.remote().counters.steals.add(1 + u64::from(others));
        // SAFETY: a queue holds each runnable goroutine once, and a thief's entry is its own.
        Some(unsafe { Runnable::from_raw(task) })
    }

    /// Takes from a worker that has not come to what is in its queue for a while, since the system has
    /// it wait for a processor or its goroutine stays long. Else, where files are ready whenever one looks,
    /// nobody would: who looks at files before stealing always finds new work.
    ///
    /// One of the others is looked at each time, so that it costs the same with many.
    pub(super) fn rescue(&self) -> Option<Runnable> {
        let shared = &**self.shared();
        if shared.netpoll.registered() == 0 && shared.timers.is_empty() {
            return None;
        }
        self.rescue_at(clock::now())
    }

    pub(super) fn rescue_at(&self, now: Instant) -> Option<Runnable> {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        self.shared()
            .hear_of_others(&mut core.others, |remote| remote);
        let Suspect { at, polls, since } = core.suspect;
        if at == self.index() || waiting_polls(&core.others[at]) != Some(polls) {
            let at = (at + 1) % core.others.len();
            // Its time begins when something is first seen to wait.
            let polls = waiting_polls(&core.others[at]).unwrap_or(NONE_LONG);
            core.suspect = Suspect {
                at,
                polls,
                since: now,
            };
            return None;
        }
        if now.saturating_duration_since(since) < STALLED {
            return None;
        }
        let task = self.steal_from(core, at, true)?;
        if core.queue.shared().has_work() {
            // What came with it waits for a poll here, and nobody was called. (Of what is left there, whoever put
            // it there has said so.)
            self.shared().leave_to_sysmon();
        }
        Some(task)
    }
}
