//! What the runtime prints on standard error. `CHANGO_DEBUG` asks for it: `schedtrace` and `scheddetail` in
//! Go's format, who kept a worker for too long, and the dump beside a panic; and SIGQUIT for the dump.
//!
//! `sysmon` prints the traces and the dump of a signal, since it runs while every worker is stuck. What must hold: nothing is
//! formatted, remembered or woken up for if it was not asked for; each report is one write, so that it
//! stays together; no lock is held while it is written.

use std::collections::HashSet;
use std::fmt::{self, Write as _};
use std::io::{self, Write as _};
use std::panic::Location;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::metrics::Metrics;
use crate::runtime::Dump;
use crate::task::{Meta, Phase, TaskId};

/// What `CHANGO_DEBUG` asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Debug {
    /// A line about the scheduler this often.
    pub(crate) schedtrace: Option<Duration>,
    /// With it, a line for each worker and each goroutine.
    pub(crate) scheddetail: bool,
    /// A line about each spawn site whose goroutine kept its worker until it was taken.
    pub(crate) blocked: bool,
    /// The dump after each panic of a goroutine.
    pub(crate) panicdump: bool,
}

impl Debug {
    /// Whether somebody wants to know which goroutine a worker runs.
    pub(crate) fn names_running(&self) -> bool {
        self.schedtrace.is_some() && self.scheddetail
    }
}

/// Writes a report; what cannot be written is lost, as it would be anyway.
fn report(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Prints the dump of the runtime of this name; `why` is what has asked for it.
pub(crate) fn print_dump(why: &str, runtime: &str, dump: &Dump) {
    report(&dump_text(why, runtime, dump));
}

/// An empty line stands behind the head and behind each paragraph, so that the dumps of two runtimes are
/// told apart, and one that is read while it comes is known to be whole.
fn dump_text(why: &str, runtime: &str, dump: &Dump) -> String {
    let count = dump.goroutines().len();
    let s = if count == 1 { "" } else { "s" };
    let mut text = format!("{why}: runtime {runtime:?} has {count} goroutine{s}\n\n");
    if count > 0 {
        let _ = writeln!(text, "{dump}");
    }
    text
}

/// The traces of one runtime.
#[derive(Debug)]
pub(crate) struct Trace {
    every: Duration,
    detail: bool,
    start: Instant,
    next: Instant,
    before: Metrics,
}

/// What `scheddetail` adds.
#[derive(Debug, Default)]
pub(crate) struct Detail {
    /// All that have a thread.
    pub(crate) workers: Vec<WorkerDetail>,
    pub(crate) goroutines: Vec<(TaskId, Phase)>,
}

/// A worker for `scheddetail`.
#[derive(Debug)]
pub(crate) struct WorkerDetail {
    /// Whether it has a right to run.
    pub(crate) has_right: bool,
    pub(crate) polls: u64,
    pub(crate) handoffs: u64,
    pub(crate) queue: usize,
    pub(crate) timers: usize,
    /// The number of the goroutine that it runs; 0 if there is none.
    pub(crate) running: u64,
    pub(crate) index: usize,
}

impl Trace {
    /// None if it was not asked for.
    pub(crate) fn new(
        debug: Debug,
        start: Instant,
        metrics: impl FnOnce() -> Metrics,
    ) -> Option<Self> {
        let every = debug.schedtrace?;
        Some(Self {
            every,
            detail: debug.scheddetail,
            start,
            next: start + every,
            before: metrics(),
        })
    }

    /// How long it is until the next line.
    pub(crate) fn due_in(&self, now: Instant) -> Duration {
        self.next.saturating_duration_since(now)
    }

    /// Prints a line if it is time.
    pub(crate) fn tick(
        &mut self,
        now: Instant,
        metrics: impl FnOnce() -> Metrics,
        detail: impl FnOnce() -> Detail,
    ) {
        if now < self.next {
            return;
        }
        // Lines that are late are left out.
        while self.next <= now {
            self.next += self.every;
        }
        let metrics = metrics();
        let mut text = line(now - self.start, &metrics, &self.before, self.detail);
        if self.detail {
            write_detail(&mut text, &detail());
        }
        report(&text);
        self.before = metrics;
    }
}

/// Go's line, and ours at its end. With details the run queues have lines of their own.
fn line(at: Duration, now: &Metrics, before: &Metrics, detail: bool) -> String {
    let mut text = format!(
        "SCHED {}ms: gomaxprocs={} idleprocs={} threads={} spinningthreads={} needspinning=0 \
         idlethreads={} runqueue={}",
        at.as_millis(),
        now.max_procs(),
        now.idle_procs(),
        now.threads(),
        now.spinning(),
        now.parked + now.spares(),
        now.global_queue_len(),
    );
    if !detail {
        let with_right = now.workers().iter().filter(|worker| worker.has_right);
        let queues: Vec<_> = with_right
            .map(|worker| worker.queue_len().to_string())
            .collect();
        let _ = write!(text, " [{}]", queues.join(" "));
    }
    let handoffs = |metrics: &Metrics| metrics.blocking_handoffs() + metrics.sysmon_handoffs();
    let latency = now.scheduling_latency().since(before.scheduling_latency());
    let _ = writeln!(
        text,
        " steals={} handoffs={} away={} p50={} p99={}",
        now.steals() - before.steals(),
        handoffs(now) - handoffs(before),
        now.away(),
        Micros(latency.p50()),
        Micros(latency.p99()),
    );
    text
}

/// Microseconds, or a dash where nothing was measured.
struct Micros(Option<Duration>);

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(duration) => write!(f, "{:.1}us", duration.as_secs_f64() * 1e6),
            None => f.write_str("-"),
        }
    }
}

/// The lines of the Ps, Ms and Gs. A P has the number of the worker that has it.
fn write_detail(text: &mut String, detail: &Detail) {
    let or_nil = |there: bool, number: u64| match there {
        true => number.to_string(),
        false => String::from("nil"),
    };
    for worker in detail.workers.iter().filter(|worker| worker.has_right) {
        let WorkerDetail {
            index,
            polls,
            handoffs,
            queue,
            timers,
            running,
            ..
        } = worker;
        let status = u8::from(*running != 0);
        let _ = writeln!(
            text,
            "  P{index}: status={status} schedtick={polls} syscalltick={handoffs} m={index} \
             runqsize={queue} timerslen={timers}"
        );
    }
    for worker in &detail.workers {
        let _ = writeln!(
            text,
            "  M{}: p={} curg={} blocked={}",
            worker.index,
            or_nil(worker.has_right, worker.index as u64),
            or_nil(worker.running != 0, worker.running),
            !worker.has_right && worker.running != 0,
        );
    }
    for (id, phase) in &detail.goroutines {
        let on = detail.workers.iter().find(|worker| worker.running == id.0);
        let away = on.is_some_and(|worker| !worker.has_right);
        let (status, name) = status(*phase, away);
        let m = or_nil(on.is_some(), on.map_or(0, |worker| worker.index as u64));
        let _ = writeln!(text, "  G{id}: status={status}({name}) m={m}");
    }
}

/// Go's number of a goroutine's status, and what it means.
fn status(phase: Phase, away: bool) -> (u8, &'static str) {
    match phase {
        Phase::Runnable => (1, "runnable"),
        Phase::Running if away => (3, "away"),
        Phase::Running => (2, "running"),
        Phase::Waiting => (4, "waiting"),
        Phase::Dead => (6, "dead"),
    }
}

/// The spawn sites that were reported because a goroutine kept its worker.
#[derive(Debug, Default)]
pub(crate) struct Reported(Mutex<HashSet<&'static Location<'static>>>);

/// A goroutine's stay on its worker, remembered while there may be something to report.
#[derive(Debug)]
pub(crate) struct Stay {
    pub(crate) begun: Instant,
    /// How often the worker's right had been taken when it began.
    pub(crate) retakes: u64,
    id: TaskId,
    name: Option<Box<str>>,
    spawned_at: &'static Location<'static>,
}

impl Stay {
    pub(crate) fn new(meta: &Meta, begun: Instant, retakes: u64) -> Self {
        Self {
            begun,
            retakes,
            id: meta.id,
            name: meta.origin.name().map(Into::into),
            spawned_at: meta.origin.spawned_at(),
        }
    }
}

impl Reported {
    /// Says that a goroutine kept its worker, once for each place where it may have been spawned.
    #[cold]
    pub(crate) fn stayed(&self, stay: &Stay, stayed: Duration) {
        let new = {
            let mut reported = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            reported.insert(stay.spawned_at)
        };
        if new {
            report(&complaint(stay, stayed));
        }
    }
}

fn complaint(stay: &Stay, stayed: Duration) -> String {
    let who = match &stay.name {
        Some(name) => format!("{name:?}"),
        None => stay.id.to_string(),
    };
    format!(
        "chango: goroutine {who} (spawned at {}) kept its worker for {} ms without giving way: wrap \
         what blocks in task::blocking, or let it yield\n",
        stay.spawned_at,
        stayed.as_millis(),
    )
}
