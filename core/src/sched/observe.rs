//! What a runtime says of itself: everything that is counted somewhere, read together.
//!
//! Nothing is stopped for it: each number is as it was at some moment during the call. What must hold:
//! no lock is held for longer than it takes to read one number.

use std::sync::PoisonError;

use super::{Remote, Shared};
use crate::metrics::{Histogram, Metrics, WorkerMetrics};
use crate::primitive::atomic::Ordering;
use crate::primitive::sync::Arc;
use crate::trace::{self, Detail, WorkerDetail};

impl Shared {
    /// All numbers.
    pub(crate) fn metrics(&self) -> Metrics {
        let remotes = self.all_remotes();
        let (spawned, ended) = self.registry.totals();
        let idle = self.idle.snapshot();
        let (timers, timers_fired) = self.timers.totals();
        let mut latency = Histogram::default();
        for remote in &remotes {
            let counts = remote.counters.latency.iter().map(|count| count.get());
            latency.add(counts);
        }
        Metrics {
            max_procs: self.max_procs(),
            idle_procs: idle.parked + idle.free,
            spinning: idle.spinning,
            parked: idle.parked,
            threads: self.threads(),
            spares: idle.spares,
            spawned,
            ended,
            global_queue: self.global.len(),
            workers: remotes.iter().map(|remote| remote.metrics()).collect(),
            files: self.netpoll.registered(),
            file_events: self.netpoll.dispatched(),
            timers,
            timers_fired,
            latency,
        }
    }

    /// What `scheddetail` says of each worker and each goroutine.
    pub(super) fn detail(&self) -> Detail {
        let mut detail = Detail::default();
        let vacant = self.vacant();
        for (index, remote) in self.all_remotes().iter().enumerate() {
            if !vacant.contains(&index) {
                detail.workers.push(self.worker_detail(index, remote));
            }
        }
        self.registry
            .each(|id, phase| detail.goroutines.push((id, phase)));
        detail.goroutines.sort_unstable_by_key(|&(id, _)| id);
        detail
    }

    /// Prints what all goroutines do; `why` is what has asked for it.
    pub(super) fn print_dump(&self, why: &str) {
        trace::print_dump(why, &self.config.name, &self.dump());
    }

    fn worker_detail(&self, index: usize, remote: &Remote) -> WorkerDetail {
        let metrics = remote.metrics();
        WorkerDetail {
            index,
            has_right: metrics.has_right,
            polls: metrics.polls,
            handoffs: metrics.handoffs + metrics.retakes,
            queue: metrics.queue,
            timers: self.timers.running_in(index),
            // Relaxed: a number by itself.
            running: remote.counters.running.load(Ordering::Relaxed),
        }
    }

    fn all_remotes(&self) -> Vec<Arc<Remote>> {
        let remotes = self.remotes.read().unwrap_or_else(PoisonError::into_inner);
        remotes.clone()
    }
}

impl Remote {
    fn metrics(&self) -> WorkerMetrics {
        // Relaxed: numbers by themselves.
        let polling = self.polls.load(Ordering::Relaxed) % 2 == 1;
        let away = self.is_away();
        let counters = &self.counters;
        WorkerMetrics {
            running: polling && !away,
            has_right: !away,
            away: polling && away,
            queue: self.queue.len() + usize::from(self.queue.has_next()),
            polls: self.polls_begun(),
            steals: counters.steals.get(),
            parks: counters.parks.get(),
            spills: counters.spills.get(),
            handoffs: counters.handoffs.get(),
            retakes: self.retakes.get(),
            preemptions: self.preemptions.get(),
        }
    }
}
