//! Timers: armed and given up beside few and many others, and fired.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use chango::prelude::*;
use chango::time::{Sleep, sleep_until};

use crate::{Scenario, shares};

/// One operation is a timer.
pub fn scenarios() -> Vec<Scenario> {
    let beside = |live: u64| {
        let name = format!("timer/insert_cancel_{live}");
        Scenario::new(name, move |timers| insert_cancel(live, timers)).counted(enough(live))
    };
    let reset = |live: u64| {
        let name = format!("timer/reset_{live}");
        Scenario::new(name, move |timers| reset(live, timers)).counted(enough(live))
    };
    vec![
        beside(1),
        beside(1_000),
        beside(100_000),
        reset(1),
        reset(100_000),
        Scenario::new("timer/sleep_1us", sleep_1us).on_both(),
        Scenario::new("timer/fire_1000", fire).on_both(),
    ]
}

/// Over how many timers to count, so that arming the live ones, which varies a little, does not show.
fn enough(live: u64) -> u64 {
    60_000.max(2 * live)
}

/// Where the deadlines of the live timers begin, far beyond the end of any run.
const FAR: Duration = Duration::from_secs(36_000);

/// Armed by its first poll and dropped, at deadlines all over those of the `live` ones.
async fn insert_cancel(live: u64, timers: u64) -> Duration {
    let first = Instant::now() + FAR;
    let alive = armed_beside(first, live).await;
    let began = Instant::now();
    for number in 0..timers {
        let mut sleep = pin!(sleep_until(scattered(first, live, number)));
        arm(sleep.as_mut()).await;
    }
    let spent = began.elapsed();
    drop(alive);
    spent
}

/// One timer that is set to another deadline among those of the `live` ones, and armed again.
async fn reset(live: u64, timers: u64) -> Duration {
    let first = Instant::now() + FAR;
    let alive = armed_beside(first, live).await;
    let mut sleep = pin!(sleep_until(first));
    arm(sleep.as_mut()).await;
    let began = Instant::now();
    for number in 0..timers {
        sleep.as_mut().reset(scattered(first, live, number));
        arm(sleep.as_mut()).await;
    }
    let spent = began.elapsed();
    drop(alive);
    spent
}

async fn armed_beside(first: Instant, live: u64) -> Vec<Pin<Box<Sleep>>> {
    let mut alive = Vec::new();
    for number in 0..live {
        let mut sleep = Box::pin(sleep_until(scattered(first, live, number)));
        arm(sleep.as_mut()).await;
        alive.push(sleep);
    }
    alive
}

/// A moment among `live` milliseconds; those of numbers in a row are far from each other.
fn scattered(first: Instant, live: u64, number: u64) -> Instant {
    // A prime that divides none of the sizes here, so that each moment has its turn.
    first + Duration::from_millis(number.wrapping_mul(7_919) % live)
}

/// A single poll: the timer is among those that are waited for.
async fn arm(mut sleep: Pin<&mut Sleep>) {
    poll_fn(|cx| {
        let polled = sleep.as_mut().poll(cx);
        assert!(polled.is_pending(), "it fired hours too early");
        Poll::Ready(())
    })
    .await;
}

/// The shortest sleep, one after the other: an idle worker waits for each.
async fn sleep_1us(timers: u64) -> Duration {
    let began = Instant::now();
    for _ in 0..timers {
        sleep(Duration::from_micros(1)).await;
    }
    began.elapsed()
}

/// A thousand goroutines wait for one moment. What counts is from then until the last one has run.
async fn fire(timers: u64) -> Duration {
    let mut spent = Duration::ZERO;
    for batch in shares(timers, timers.div_ceil(1_000)) {
        let moment = Instant::now() + Duration::from_millis(3);
        let group = WaitGroup::new();
        for _ in 0..batch {
            group.go(sleep_until(moment));
        }
        group.wait().await;
        spent += moment.elapsed();
    }
    spent
}
