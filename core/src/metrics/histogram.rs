//! How often something took how long, in buckets whose width grows with the duration.
//!
//! What must hold: every duration is in the bucket whose ends are around it, or in the last one.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

/// Buckets of a histogram: four for each power of two nanoseconds, up to four minutes.
pub(crate) const BUCKETS: usize = 148;

/// The bucket of so many nanoseconds.
#[inline]
pub(crate) fn bucket_of(nanos: u64) -> usize {
    if nanos < 4 {
        return nanos as usize;
    }
    let power = nanos.ilog2() as usize;
    let quarter = (nanos >> (power - 2)) as usize % 4;
    ((power - 1) * 4 + quarter).min(BUCKETS - 1)
}

/// The least number of nanoseconds of a bucket.
fn least_of(bucket: usize) -> u64 {
    if bucket < 4 {
        return bucket as u64;
    }
    (4 + bucket as u64 % 4) << (bucket / 4 - 1)
}

/// How often something took how long.
///
/// Its buckets are a quarter of a power of two wide, so a quantile is exact to a fifth.
///
/// # Examples
///
/// ```
/// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
/// let latency = runtime.handle().metrics().scheduling_latency().clone();
/// assert_eq!((latency.count(), latency.p99()), (0, None));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Histogram {
    counts: Box<[u64; BUCKETS]>,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: Box::new([0; BUCKETS]),
        }
    }
}

impl Histogram {
    /// Adds to each bucket.
    pub(crate) fn add(&mut self, counts: impl Iterator<Item = u64>) {
        for (sum, count) in self.counts.iter_mut().zip(counts) {
            *sum += count;
        }
    }

    /// How many have been counted.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// let metrics = runtime.handle().metrics();
    /// let latency = metrics.scheduling_latency();
    /// assert_eq!(latency.count(), latency.buckets().map(|(_, count)| count).sum());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// A duration that the given part of all (0.5 for the half) did not exceed: the upper end of the
    /// bucket in which that one is. None if nothing has been counted.
    ///
    /// # Panics
    ///
    /// If the part is not between 0 and 1.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// let metrics = runtime.handle().metrics();
    /// println!("{:?}", metrics.scheduling_latency().quantile(0.999));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn quantile(&self, part: f64) -> Option<Duration> {
        assert!(
            (0.0..=1.0).contains(&part),
            "a quantile is between 0 and 1, and not {part}"
        );
        let rank = ((self.count() as f64 * part).ceil() as u64).max(1);
        let mut below = 0;
        let bucket = self.counts.iter().position(|count| {
            below += count;
            below >= rank
        })?;
        Some(Duration::from_nanos(least_of(bucket + 1)))
    }

    /// The median.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// println!("{:?}", runtime.handle().metrics().scheduling_latency().p50());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn p50(&self) -> Option<Duration> {
        self.quantile(0.5)
    }

    /// What 99 in 100 did not exceed.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// println!("{:?}", runtime.handle().metrics().scheduling_latency().p99());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn p99(&self) -> Option<Duration> {
        self.quantile(0.99)
    }

    /// The buckets in which something was counted, from the shortest to the longest. The last one there
    /// can be, of four minutes, also has what is longer.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// let metrics = runtime.handle().metrics();
    /// for (range, count) in metrics.scheduling_latency().buckets() {
    ///     println!("{:?} to {:?}: {count}", range.start, range.end);
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn buckets(&self) -> impl Iterator<Item = (Range<Duration>, u64)> + '_ {
        let end = |bucket| Duration::from_nanos(least_of(bucket));
        let all = self.counts.iter().enumerate();
        all.filter(|&(_, &count)| count > 0)
            .map(move |(bucket, &count)| (end(bucket)..end(bucket + 1), count))
    }

    /// What was counted after `earlier`, an older state of the same histogram.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// let before = runtime.handle().metrics();
    /// runtime.run(async {});
    /// let after = runtime.handle().metrics();
    /// let between = after.scheduling_latency().since(before.scheduling_latency());
    /// assert!(between.count() <= after.scheduling_latency().count());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut counts = self.counts.clone();
        for (count, before) in counts.iter_mut().zip(&*earlier.counts) {
            *count = count.saturating_sub(*before);
        }
        Self { counts }
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Histogram")
            .field("count", &self.count())
            .field("p50", &self.p50())
            .field("p99", &self.p99())
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_in_the_bucket_whose_ends_are_around_it() {
        for nanos in (0..5_000).chain((12..37).flat_map(|power| {
            let whole = 1_u64 << power;
            [
                whole - 1,
                whole,
                whole + 1,
                whole / 4 * 5,
                whole / 4 * 7 - 1,
            ]
        })) {
            let bucket = bucket_of(nanos);
            assert!(
                (least_of(bucket)..least_of(bucket + 1)).contains(&nanos),
                "{nanos} in {bucket}"
            );
        }
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn a_quantile_is_the_upper_end_of_the_bucket_of_its_rank() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.quantile(0.5), None);
        for (nanos, count) in [(100, 98), (1_000, 1), (1_000_000, 1)] {
            histogram.counts[bucket_of(nanos)] += count;
        }
        let nanos = |part| histogram.quantile(part).unwrap().as_nanos();
        assert_eq!(nanos(0.0), 112);
        assert_eq!(nanos(0.5), 112);
        assert_eq!(nanos(0.98), 112);
        assert_eq!(nanos(0.99), 1_024);
        assert_eq!(nanos(1.0), 1_048_576);
    }

    #[test]
    fn what_was_counted_before_is_no_part_of_the_difference() {
        let (mut before, mut after) = (Histogram::default(), Histogram::default());
        before.counts[bucket_of(10)] = 5;
        after.counts[bucket_of(10)] = 5;
        after.counts[bucket_of(1_000)] = 2;
        let between: Vec<_> = after.since(&before).buckets().collect();
        let range = Duration::from_nanos(896)..Duration::from_nanos(1_024);
        assert_eq!(between, [(range, 2)]);
    }
}
