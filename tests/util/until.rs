//! Waits for something that another goroutine does, without a guess how long that takes.

use std::time::{Duration, Instant};

use chango::{task, time};

/// Returns when `condition` holds; fails if it does not within half a minute.
#[track_caller]
pub(crate) fn until(
    what: &str,
    condition: impl FnMut() -> bool + Send,
) -> impl Future<Output = ()> + Send {
    let asked_at = std::panic::Location::caller();
    poll_until(format!("{what} ({asked_at})"), condition)
}

async fn poll_until(what: String, mut condition: impl FnMut() -> bool + Send) {
    let start = Instant::now();
    let mut looks = 0;
    while !condition() {
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "in vain waited until {what}"
        );
        looks += 1;
        if looks < 100 {
            task::yield_now().await;
        } else {
            time::sleep(Duration::from_millis(1)).await;
        }
    }
}
