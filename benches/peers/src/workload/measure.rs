//! How large a run is, and what it cost.
//!
//! What must hold: only the scenario itself runs between the two readings of clock and CPU time.

use std::fmt::{self, Display, Formatter, Write as _};
use std::fs;
use std::future::Future;
use std::mem::MaybeUninit;
use std::time::{Duration, Instant};

use crate::Runtime;

/// How large a run is.
#[derive(Clone, Copy)]
pub(crate) struct Scale {
    /// What the full size is divided by.
    pub(crate) divisor: u64,
    /// What takes the place of a scenario's one dimension.
    pub(crate) size: Option<u64>,
}

impl Scale {
    /// How many operations: whole batches and whole quarters, also of the tenth that runs first.
    pub(crate) fn operations(self, full: u64) -> u64 {
        self.whole(full, 1_000)
    }

    /// The same, as a multiple of `unit`, also of the tenth.
    pub(crate) fn whole(self, full: u64, unit: u64) -> u64 {
        let tens = unit * 10;
        (full / self.divisor.max(1) / tens).max(1) * tens
    }

    /// The dimension of a scenario that does not shrink with the divisor.
    pub(crate) fn dimension(self, full: u64) -> u64 {
        self.size.unwrap_or(full).max(2)
    }

    /// A dimension that does, down to `least`.
    pub(crate) fn shrinking(self, full: u64, least: u64) -> u64 {
        let divided = (full / self.divisor.max(1)).max(least);
        self.size.unwrap_or(divided).max(2)
    }

    /// The same of one with whose square the work grows: it is the work that is divided. (A twentieth of all
    /// primes would be a three-hundredth of the messages, a millisecond.)
    pub(crate) fn shrinking_by_square(self, full: u64, least: u64) -> u64 {
        let divided = (full * full / self.divisor.max(1)).isqrt().max(least);
        self.size.unwrap_or(divided).max(2)
    }
}

/// What a scenario found out besides its cost: `name=value` for each.
#[derive(Default)]
pub(crate) struct Findings(String);

impl Findings {
    /// Adds one, where it is known.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Option<f64>>) -> Self {
        if let Some(value) = value.into() {
            write!(self.0, " {name}={value:.1}").expect("a string grows");
        }
        self
    }
}

impl From<()> for Findings {
    fn from((): ()) -> Self {
        Self::default()
    }
}

/// What a run cost.
pub(crate) struct Cost {
    wall: Duration,
    cpu: Duration,
    operations: u64,
    findings: Findings,
}

/// The line that a run prints: nanoseconds an operation, nanoseconds of CPU time an operation, peak
/// memory in KiB, and the findings.
impl Display for Cost {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let each = |spent: Duration| spent.as_nanos() as f64 / self.operations as f64;
        let (wall, cpu, memory) = (each(self.wall), each(self.cpu), usage().1);
        write!(f, "{wall:.1} {cpu:.1} {memory}{}", self.findings.0)
    }
}

/// A tenth of the size first, unmeasured, so that threads, caches and allocator are warm; then all.
pub(crate) fn warm<R, F>(
    workers: usize,
    size: u64,
    scenario: impl Fn(u64) -> F + Send + 'static,
) -> Cost
where
    R: Runtime,
    F: Future<Output: Into<Findings>> + Send,
{
    R::run(workers, async move {
        scenario(size / 10).await;
        measured(size, scenario).await
    })
}

/// All at once, where what ran before would hide what memory costs, or would only take time.
pub(crate) fn cold<R, F>(
    workers: usize,
    size: u64,
    scenario: impl Fn(u64) -> F + Send + 'static,
) -> Cost
where
    R: Runtime,
    F: Future<Output: Into<Findings>> + Send,
{
    R::run(workers, async move { measured(size, scenario).await })
}

async fn measured<F>(size: u64, scenario: impl Fn(u64) -> F) -> Cost
where
    F: Future<Output: Into<Findings>>,
{
    let cpu = usage().0;
    let start = Instant::now();
    let findings = scenario(size).await;
    Cost {
        wall: start.elapsed(),
        cpu: usage().0 - cpu,
        operations: size,
        findings: findings.into(),
    }
}

/// The sum of the numbers below `count`.
pub(crate) fn sum_below(count: u64) -> u64 {
    count * count.saturating_sub(1) / 2
}

/// The resident memory of the process in bytes, where there is a `/proc` that tells it.
pub(crate) fn resident() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split_whitespace().nth(1)?.parse().ok()?;
    // SAFETY: the call takes no pointer and has no preconditions.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    Some(pages * u64::try_from(page).ok()?)
}

/// CPU time of the process so far, and its peak memory in KiB.
fn usage() -> (Duration, u64) {
    let mut usage = MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: the pointer is to a whole `rusage`, which the call fills in.
    let failed = unsafe { libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) };
    assert_eq!(failed, 0, "getrusage of the own process cannot fail");
    // SAFETY: the call succeeded, so the value was written.
    let usage = unsafe { usage.assume_init() };
    let time = |t: libc::timeval| Duration::new(t.tv_sec as u64, t.tv_usec as u32 * 1_000);
    // Linux counts in KiB, macOS in bytes.
    let unit = if cfg!(target_os = "macos") { 1_024 } else { 1 };
    (
        time(usage.ru_utime) + time(usage.ru_stime),
        usage.ru_maxrss as u64 / unit,
    )
}
