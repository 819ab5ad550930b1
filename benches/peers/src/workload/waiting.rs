//! Very many goroutines that do nothing but wait: what each of them weighs.
//!
//! What must hold: the resident memory is read before the first is spawned and when all wait, and
//! nothing ran before, whose freed memory they would be made of.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::measure::{Findings, resident, sum_below};
use crate::{Channels, Passed as _, Runtime};

/// What the count of those that have come says once the gate is open.
const OPENED: u64 = u64::MAX;

/// All goroutines are spawned and wait at one gate; when the last has come it is opened, and each is
/// joined.
pub(crate) async fn parked<R: Runtime, C: Channels>(goroutines: u64) -> Findings {
    let gate = C::gate();
    let come = Arc::new(AtomicU64::new(0));
    let (before, start) = (resident(), Instant::now());
    let mut handles = Vec::with_capacity(goroutines as usize);
    handles.extend((0..goroutines).map(|number| {
        let (gate, come) = (gate.clone(), Arc::clone(&come));
        R::spawn(async move {
            come.fetch_add(1, Ordering::Relaxed);
            assert!(C::pass(&gate).await.is_open(), "it passed by a gate");
            let count = come.load(Ordering::Relaxed);
            assert_eq!(count, OPENED, "the gate was not closed");
            number
        })
    }));
    until_come::<R>(&come, goroutines).await;
    let (bytes, spawned) = (brought(before, goroutines), start.elapsed());
    come.store(OPENED, Ordering::Relaxed);
    C::open(&gate);
    let mut sum = 0;
    for handle in handles {
        sum += R::join(handle).await;
    }
    let released = start.elapsed() - spawned;
    assert_eq!(sum, sum_below(goroutines), "a goroutine was lost");
    let each = |spent: Duration| spent.as_nanos() as f64 / goroutines as f64;
    Findings::default()
        .with("bytes", bytes)
        .with("spawn", each(spawned))
        .with("release", each(released))
}

/// All goroutines are spawned and sleep for longer than this runs; they end with the runtime.
pub(crate) async fn asleep<R: Runtime>(goroutines: u64) -> Findings {
    const LONG: Duration = Duration::from_secs(3_600);
    let (come, woken) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let before = resident();
    for _ in 0..goroutines {
        let (come, woken) = (Arc::clone(&come), Arc::clone(&woken));
        R::detach(async move {
            come.fetch_add(1, Ordering::Relaxed);
            R::sleep(LONG).await;
            woken.fetch_add(1, Ordering::Relaxed);
        });
    }
    until_come::<R>(&come, goroutines).await;
    let bytes = brought(before, goroutines);
    assert_eq!(woken.load(Ordering::Relaxed), 0, "a sleep was cut short");
    Findings::default().with("bytes", bytes)
}

/// Gives way until all have come. The last of them are then about to wait, and are given the
/// time for it.
async fn until_come<R: Runtime>(come: &AtomicU64, goroutines: u64) {
    while come.load(Ordering::Relaxed) < goroutines {
        R::yield_now().await;
    }
    R::yield_now().await;
    assert_eq!(
        come.load(Ordering::Relaxed),
        goroutines,
        "a goroutine ran twice"
    );
}

/// The resident memory that came since, for each; nothing where the system does not tell.
fn brought(before: Option<u64>, goroutines: u64) -> Option<f64> {
    Some(resident()?.saturating_sub(before?) as f64 / goroutines as f64)
}
