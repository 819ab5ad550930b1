//! time/sleep_test.go and time/tick_test.go. None asks that something is fast: the machine may be
//! busy. That nothing is early, holds always.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chango::prelude::*;
use chango::time;

use crate::workers::{on, on_workers};

const MS: Duration = Duration::from_millis(1);

/// TestSleep: a sleep is never shorter than asked for.
#[test]
fn a_sleep_is_never_short() {
    on_workers(|| async {
        for wanted in [MS, 10 * MS, 50 * MS] {
            let start = Instant::now();
            sleep(wanted).await;
            assert!(start.elapsed() >= wanted);
            time::sleep_until(start + 2 * wanted).await;
            assert!(start.elapsed() >= 2 * wanted);
        }
    });
}

/// TestAfter: a timer fires no earlier than asked for, and gives the moment it was set for.
#[test]
fn a_timer_is_never_early() {
    on_workers(|| async {
        co! {
            let start = Instant::now();
            let fired = <-after(20 * MS);
            assert!(start.elapsed() >= 20 * MS);
            assert!(fired >= start + 20 * MS && fired <= time::now());
        }
    });
}

/// TestAfterTick: ten ticks take at least ten periods, less the one that may be late.
#[test]
fn ticks_come_one_a_period() {
    on_workers(|| async {
        co! {
            let start = Instant::now();
            let ticker = tick(5 * MS);
            let mut count = 0;
            for _ in <-ticker {
                count += 1;
                if count == 10 { break; }
            }
            assert!(start.elapsed() >= 50 * MS);
        }
    });
}

/// TestAfterQueuing: timers that were set in any order all fire, and none before its moment.
#[test]
fn timers_set_in_any_order_all_fire() {
    on_workers(|| async {
        co! {
            let (tx, rx) = unbounded();
            let slots = [5, 3, 6, 6, 6, 1, 1, 2, 7, 9, 4, 8, 0_u32];
            let start = Instant::now();
            for slot in slots {
                go! { clone tx;
                    let fired = <-after(slot * 10 * MS);
                    tx <- (slot, fired);
                }
            }
            drop(tx);
            let mut fired = Vec::new();
            for (slot, moment) in <-rx {
                assert!(moment >= start + slot * 10 * MS, "slot {slot} has a wrong moment");
                assert!(start.elapsed() >= slot * 10 * MS, "slot {slot} fired early");
                fired.push(slot);
            }
            fired.sort_unstable();
            assert_eq!(fired, [0, 1, 1, 2, 3, 4, 5, 6, 6, 6, 7, 8, 9]);
        }
    });
}

/// TestAfterStop: a stopped timer does not fire; stop says whether there was something to stop.
#[test]
fn a_stopped_timer_does_not_fire() {
    on_workers(|| async {
        co! {
            let stopped = after(10 * MS);
            assert!(stopped.stop());
            assert!(!stopped.stop());
            select! {
                <-stopped => panic!("a stopped timer fired"),
                <-after(50 * MS) => {}
            }
        }
    });
}

/// TestReset and TestResetResult: a reset timer fires at its new moment only.
#[test]
fn a_reset_timer_fires_at_its_new_moment() {
    on_workers(|| async {
        co! {
            let start = Instant::now();
            let timer = after(20 * MS);
            timer.reset(60 * MS);
            let _ = <-timer;
            assert!(start.elapsed() >= 60 * MS);

            // Nobody has received this firing, and it is forgotten.
            let timer = after(Duration::ZERO);
            sleep(2 * MS).await;
            timer.reset(Duration::from_secs(3600));
            select! { <-timer => panic!("an old firing was received"), default => {} }
            timer.reset(5 * MS);
            let _ = <-timer;
        }
    });
}

/// TestTimerModifiedEarlier: whoever waits already is woken at an earlier moment.
#[test]
fn a_waiter_learns_of_an_earlier_moment() {
    on_workers(|| async {
        co! {
            let timer = Arc::new(after(Duration::from_secs(3600)));
            let waiter = go! { clone timer; <-*timer };
            sleep(2 * MS).await;
            timer.reset(5 * MS);
            assert!((<-waiter).is_ok());
        }
    });
}

/// A fired timer never fires again.
#[test]
fn a_timer_fires_once() {
    on_workers(|| async {
        co! {
            let timer = after(MS);
            let _ = <-timer;
            select! {
                <-timer => panic!("the timer fired a second time"),
                <-after(30 * MS) => {}
            }
        }
    });
}

/// TestTicker: a receiver that comes late gets one tick, not all it missed.
#[test]
fn missed_ticks_are_dropped() {
    on_workers(|| async {
        co! {
            let ticker = tick(2 * MS);
            sleep(400 * MS).await;
            let looked_at = Instant::now();
            let mut ready = 0;
            loop { select! { <-ticker => ready += 1, default => break } }
            // One is kept, of two hundred; others may come due while we look.
            let came_due = looked_at.elapsed().as_millis() / 2 + 1;
            assert!((1..=1 + came_due).contains(&ready), "{ready} ticks were kept");
        }
    });
}

/// TestTicker and TestTickerStop: no tick comes after stop, and ticks come again after reset.
#[test]
fn a_stopped_ticker_is_silent_until_it_is_reset() {
    on_workers(|| async {
        co! {
            let ticker = tick(5 * MS);
            let _ = <-ticker;
            ticker.stop();
            select! { <-ticker => panic!("a stopped ticker ticked"), <-after(30 * MS) => {} }
            let start = Instant::now();
            ticker.reset(10 * MS);
            let _ = <-ticker;
            let _ = <-ticker;
            assert!(start.elapsed() >= 20 * MS);
        }
    });
}

/// TestNewTickerLtZeroDuration.
#[test]
#[should_panic(expected = "period")]
fn a_ticker_without_a_period_is_refused() {
    let _ = tick(Duration::ZERO);
}

/// TestOverflowSleep and TestOverflowRuntimeTimer: a duration beyond all clocks means never.
#[test]
fn the_longest_sleep_never_ends() {
    on_workers(|| async {
        let never = timeout(20 * MS, sleep(Duration::MAX)).await;
        assert!(never.is_err());
        let never = after(Duration::MAX);
        select! { <-never => panic!("it fired"), <-after(20 * MS) => {} }
        assert_eq!(timeout(Duration::MAX, async { 1 }).await.ok(), Some(1));
    });
}

/// TestSleepZeroDeadlock: sleeps of no length, beside timers that go off all the time.
#[test]
fn sleeps_of_no_length_end() {
    on_workers(|| async {
        co! {
            let stop = Arc::new(AtomicBool::new(false));
            let other = go! { clone stop;
                while !stop.load(Ordering::Relaxed) { let _ = <-after(Duration::from_nanos(1)); }
            };
            for _ in 0..1_000 { sleep(Duration::ZERO).await; }
            stop.store(true, Ordering::Relaxed);
            (<-other).unwrap();
        }
    });
}

/// TestTimerStopStress: timers are made and stopped by many goroutines, and none fires.
#[test]
fn stopped_timers_never_fire_under_load() {
    on_workers(|| async {
        co! {
            let goroutines: Vec<_> = (0..100).map(|_| go! {
                let timers: Vec<_> = (0..10).map(|_| after(100 * MS)).collect();
                sleep(MS).await;
                for timer in &timers { timer.stop(); }
                for timer in &timers {
                    select! { <-timer => panic!("a stopped timer fired"), default => {} }
                }
            }).collect();
            for goroutine in goroutines { (<-goroutine).unwrap(); }
        }
    });
}

/// TestRapidTimers in spirit: a thousand goroutines sleep at the same time, and all wake.
#[test]
fn a_thousand_sleepers_wake() {
    on_workers(|| async {
        let start = Instant::now();
        let all = WaitGroup::new();
        for i in 0..1_000 {
            all.go(async move { sleep((i % 20) * MS).await });
        }
        all.wait().await;
        assert!(start.elapsed() >= 19 * MS);
    });
}

/// A timer that nobody waits for any more keeps nothing running and wakes nobody.
#[test]
fn a_timer_may_be_dropped_before_it_fires() {
    on(2, async {
        for _ in 0..1_000 {
            let _ = after(Duration::from_secs(3600));
            assert!(
                timeout(Duration::ZERO, sleep(Duration::from_secs(3600)))
                    .await
                    .is_err()
            );
        }
    });
}
