//! How many goroutines run at the same time, changed while they do. (Go: `GOMAXPROCS`, `procresize`;
//! without its stop of the world.)
//!
//! More: the new rights are free, and if there is something to do somebody is called to take one. Fewer:
//! free rights go first, then those of sleepers, then those of workers that are awake, which are marked
//! as away as one that blocks its thread is: each gives way when its current poll ends, and what stands
//! in its hands is for others at once. So a worker that runs goroutines needs no look of its own at
//! whether there are too many. What must hold:
//!
//! * a right that cannot be taken at once, since its holder is on the way from one state to another, stays
//!   a debt, and `sysmon` takes it at one of its next looks, before it parks;
//! * whoever was marked as away gives up its queue and its place in the netpoller.

use super::Shared;
use crate::primitive::sync::Arc;

impl Shared {
    /// From now on `procs` goroutines run at the same time; more, until the polls end that are under way.
    pub(crate) fn set_max_procs(this: &Arc<Self>, procs: usize) {
        Self::settle(this, Some(procs));
        if this.idle.has_debt() {
            this.sysmon.wake();
        }
    }

    /// Takes rights that are too many; before, with `procs`, says how many there are to be.
    pub(super) fn settle(this: &Arc<Self>, procs: Option<usize>) {
        // Taken before the lock of `idle`, so that every worker in its lists is known here.
        let remotes = this.remotes.read();
        let remotes = remotes.unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut awake = Vec::new();
        // The last ones first: they are the first to be spares.
        let mut candidates = (0..remotes.len()).rev();
        let mark = |asleep: Option<usize>| match asleep {
            Some(worker) => Self::mark_away(&remotes[worker]),
            None => {
                let marked = candidates.find(|&worker| Self::mark_away(&remotes[worker]));
                awake.extend(marked);
                marked.is_some()
            }
        };
        let asleep = match procs {
            Some(procs) => this.idle.set_procs(procs, mark),
            None => this.idle.settle(mark),
        };
        awake
            .iter()
            .for_each(|&worker| this.drain(&remotes[worker]));
        asleep
            .iter()
            .for_each(|&worker| this.unpark(&remotes[worker]));
        let work = remotes.iter().any(|remote| remote.queue.has_work()) || this.global.len() > 0;
        drop(remotes);
        if work || this.idle.is_quiet() && !this.is_watched() {
            Self::wake_one(this);
        }
    }
}
