//! Goroutines that are started, that give way, and that end.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::measure::sum_below;
use crate::{Channels, Runtime};

/// Spawns `batch` goroutines that return their number, then joins each in the order of spawning;
/// again, until there were `goroutines`.
pub(crate) async fn join<R: Runtime>(batch: u64, goroutines: u64) {
    let mut handles = Vec::with_capacity(batch as usize);
    let mut sum = 0;
    for first in (0..goroutines).step_by(batch as usize) {
        let numbers = first..goroutines.min(first + batch);
        handles.extend(numbers.map(|number| R::spawn(async move { number })));
        for handle in handles.drain(..) {
            sum += R::join(handle).await;
        }
    }
    assert_eq!(
        sum,
        sum_below(goroutines),
        "a goroutine was lost or ran twice"
    );
}

/// Spawns `goroutines` that nobody joins, and waits for the group of them.
pub(crate) async fn detached<R: Runtime>(goroutines: u64) {
    // Shared for good, so that what each costs is not the count of an `Arc`.
    let sum: &'static AtomicU64 = Box::leak(Box::default());
    let group = R::group();
    for number in 0..goroutines {
        R::spawn_in(&group, async move {
            sum.fetch_add(number, Ordering::Relaxed);
        });
    }
    R::wait(&group).await;
    assert_eq!(
        sum.load(Ordering::Relaxed),
        sum_below(goroutines),
        "a goroutine was lost or ran twice"
    );
}

/// Each goroutine spawns the next and ends, until there were `goroutines`; the last tells the sum of
/// their numbers.
pub(crate) async fn chain<R: Runtime, C: Channels>(goroutines: u64) {
    let (told, mut sum) = C::channel(1);
    R::detach(link::<R, C>(0, goroutines - 1, 0, told));
    assert_eq!(
        C::receive(&mut sum).await,
        Some(sum_below(goroutines)),
        "a goroutine was lost or ran twice"
    );
}

// An `async fn` that spawns itself could not be seen to be `Send`.
#[expect(clippy::manual_async_fn)]
fn link<R: Runtime, C: Channels>(
    number: u64,
    last: u64,
    sum: u64,
    told: C::Sender,
) -> impl Future<Output = ()> + Send {
    async move {
        let sum = sum + number;
        if number < last {
            R::detach(link::<R, C>(number + 1, last, sum, told));
        } else {
            C::send(&told, sum).await;
        }
    }
}

/// So many goroutines that do nothing but give way, until it was done `times`.
pub(crate) async fn yields<R: Runtime>(goroutines: u64, times: u64) {
    let each = times / goroutines;
    let yielding = |_| {
        R::spawn(async move {
            for _ in 0..each {
                R::yield_now().await;
            }
            each
        })
    };
    let handles: Vec<_> = (0..goroutines).map(yielding).collect();
    let mut sum = 0;
    for handle in handles {
        sum += R::join(handle).await;
    }
    assert_eq!(sum, each * goroutines, "a goroutine was lost");
}
