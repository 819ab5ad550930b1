//! Sleeps and ticks: what they cost, and by how much they are late.
//!
//! What must hold: nothing comes before its time; and every tick counts from the start, those
//! included that have passed while the ticker was late, so that a stall counts for as long as it
//! lasts.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::measure::Findings;
use crate::{Channels, Runtime};

/// How often each goroutine of [`timers`] sleeps.
pub(crate) const SLEEPS: u64 = 10;

/// Goroutines that sleep ten times each, for 1 to 100 ms, until it was done `sleeps` times.
pub(crate) async fn timers<R: Runtime>(sleeps: u64) -> Findings {
    let sleeper = |number| {
        R::spawn(async move {
            let start = Instant::now();
            let mut total = Duration::ZERO;
            for length in lengths(number) {
                R::sleep(length).await;
                total += length;
            }
            assert!(start.elapsed() >= total, "a sleep was cut short");
            total.as_micros() as u64
        })
    };
    let handles: Vec<_> = (0..sleeps / SLEEPS).map(sleeper).collect();
    let mut longest = Duration::ZERO;
    for (handle, number) in handles.into_iter().zip(0..) {
        let total: Duration = lengths(number).sum();
        assert_eq!(
            u128::from(R::join(handle).await),
            total.as_micros(),
            "a sleep was left out or made twice"
        );
        longest = longest.max(total);
    }
    Findings::default().with("ideal", longest.as_nanos() as f64 / sleeps as f64)
}

/// What a goroutine's sleeps take, by splitmix64 from its number.
fn lengths(number: u64) -> impl Iterator<Item = Duration> {
    (1..=SLEEPS).map(move |count| {
        let mut z = (number * SLEEPS + count).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        Duration::from_micros(1_000 + z % 99_001)
    })
}

/// Who is there beside the ticker.
#[derive(Clone, Copy)]
pub(crate) enum Beside {
    Nobody,
    /// Four that block their thread for 200 ms at a time and give way between.
    Blocked,
    /// Four that compute as long.
    Computing,
    /// Two pairs that do nothing but send each other values.
    Channels,
}

/// A ticker of one millisecond.
pub(crate) async fn ticker<R: Runtime, C: Channels>(beside: Beside, ticks: u64) -> Findings {
    let over = Arc::new(AtomicBool::new(false));
    let hogs = hogs::<R, C>(beside, &over);
    let mut late = Vec::with_capacity(ticks as usize);
    let mut next = Instant::now();
    for _ in 0..ticks {
        next += Duration::from_millis(1);
        R::sleep_until(next).await;
        let lateness = Instant::now().checked_duration_since(next);
        late.push(lateness.expect("a tick came before its time"));
    }
    over.store(true, Ordering::Relaxed);
    for [one, other] in hogs {
        let (one, other) = (R::join(one).await, R::join(other).await);
        let paired = matches!(beside, Beside::Channels);
        assert!(one > 0 && other > 0, "who was beside never ran");
        assert!(one == other || !paired, "a value was lost or doubled");
    }
    late.sort_unstable();
    let at = |share: f64| late[((late.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
    Findings::default()
        .with("late_median", at(0.5))
        .with("late_p99", at(0.99))
        .with("late_most", at(1.0))
}

/// The four beside the ticker; each returns how often it did what it does.
fn hogs<R: Runtime, C: Channels>(beside: Beside, over: &Arc<AtomicBool>) -> Vec<[R::Handle; 2]> {
    let pair = |_| match beside {
        Beside::Nobody => unreachable!("nobody"),
        Beside::Blocked => [(); 2].map(|()| R::spawn(hog::<R>(thread::sleep, Arc::clone(over)))),
        Beside::Computing => [(); 2].map(|()| R::spawn(hog::<R>(compute, Arc::clone(over)))),
        Beside::Channels => talkers::<R, C>(Arc::clone(over)),
    };
    let pairs = if matches!(beside, Beside::Nobody) {
        0
    } else {
        2
    };
    (0..pairs).map(pair).collect()
}

async fn hog<R: Runtime>(busy: fn(Duration), over: Arc<AtomicBool>) -> u64 {
    let mut times = 0;
    loop {
        busy(Duration::from_millis(200));
        times += 1;
        if over.load(Ordering::Relaxed) {
            return times;
        }
        R::yield_now().await;
    }
}

fn compute(length: Duration) {
    let start = Instant::now();
    while start.elapsed() < length {
        black_box(());
    }
}

/// One that asks and one that answers, over two channels of capacity 1.
fn talkers<R: Runtime, C: Channels>(over: Arc<AtomicBool>) -> [R::Handle; 2] {
    let (ask, mut asked) = C::channel(1);
    let (answer, mut answered) = C::channel(1);
    let asking = async move {
        let mut count = 0;
        while !over.load(Ordering::Relaxed) {
            C::send(&ask, count).await;
            count += 1;
            assert_eq!(C::receive(&mut answered).await, Some(count));
        }
        count
    };
    let answering = async move {
        let mut count = 0;
        while let Some(value) = C::receive(&mut asked).await {
            C::send(&answer, value + 1).await;
            count += 1;
        }
        count
    };
    [R::spawn(asking), R::spawn(answering)]
}
