//! `sleep`, `after`, `tick` and `timeout`, by situation.
//!
//! Lower bounds are exact (nothing fires early). Upper bounds are only there to tell "late" from
//! "never", and are far above what a slow machine needs.

use std::cell::Cell;
use std::future::{self, Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Context, Poll, Wake, Waker, ready};
use std::thread;
use std::time::{Duration, Instant};

use chango_core::runtime::{Builder, Runtime};
use chango_core::spawn::{spawn, yield_now};
use chango_core::{coop, random, time};
use futures_lite::future::{block_on, poll_once};

/// Later than this is never.
const NEVER: Duration = Duration::from_secs(20);

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn runtime(workers: usize) -> Runtime {
    Builder::new().workers(workers).build().unwrap()
}

fn assert_send_sync<T: Send + Sync>(_: &T) {}

/// Polls with a waker that sets a flag.
struct Probe {
    woken: Arc<Flag>,
    waker: Waker,
}

#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Probe {
    fn new() -> Self {
        let woken = Arc::new(Flag::default());
        let waker = Waker::from(Arc::clone(&woken));
        Self { woken, waker }
    }

    fn poll<F: Future>(&self, future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(&self.waker))
    }

    fn wait_until_woken(&self) {
        let start = Instant::now();
        while !self.woken.0.swap(false, Ordering::Relaxed) {
            assert!(start.elapsed() < NEVER, "nobody woke it");
            thread::yield_now();
        }
    }

    fn is_woken(&self) -> bool {
        self.woken.0.load(Ordering::Relaxed)
    }
}

/// An operation that is always ready and uses its goroutine's slice up, again and again.
async fn hog() {
    poll_fn(|cx| {
        loop {
            ready!(coop::poll_proceed(cx));
        }
    })
    .await
}

#[test]
fn futures_of_time_can_move_between_threads() {
    assert_send_sync(&time::sleep(millis(1)));
    assert_send_sync(&time::timeout(millis(1), async {}));
    assert_send_sync(&time::after(millis(1)));
    assert_send_sync(&time::after(millis(1)).fired());
    assert_send_sync(&time::tick(millis(1)));
    assert_send_sync(&time::Wait::new());
}

#[test]
fn no_sleep_is_early_and_none_is_forgotten() {
    for workers in [1, 2, 8] {
        runtime(workers).run(async {
            let mut sleepers = Vec::new();
            for _ in 0..2_000 {
                let duration = Duration::from_micros(random::with(|r| r.below(50_000)) as u64);
                sleepers.push(spawn(async move {
                    let start = Instant::now();
                    time::sleep(duration).await;
                    assert!(start.elapsed() >= duration);
                }));
            }
            for sleeper in sleepers {
                sleeper.await.unwrap();
            }
        });
    }
}

#[test]
fn a_duration_counts_from_the_call_and_not_from_the_first_poll() {
    let runtime = runtime(1);
    let sleep = time::sleep(millis(20));
    thread::sleep(millis(20));
    assert!(runtime.block_on(poll_once(sleep)).is_some());
}

#[test]
fn a_moment_that_has_passed_is_not_waited_for() {
    let runtime = runtime(1);
    runtime.block_on(async {
        assert!(poll_once(time::sleep(Duration::ZERO)).await.is_some());
        assert!(poll_once(time::sleep_until(time::now())).await.is_some());
        assert!(time::after(Duration::ZERO).try_fired().is_some());
    });
}

#[test]
fn a_duration_that_is_too_long_means_never() {
    runtime(1).block_on(async {
        for duration in [Duration::MAX, Duration::from_secs(u64::MAX / 2)] {
            assert!(
                time::timeout(millis(5), time::sleep(duration))
                    .await
                    .is_err()
            );
            let timer = time::after(duration);
            assert!(time::timeout(millis(5), timer.fired()).await.is_err());
            assert!(timer.stop(), "it was running");
            let ticker = time::tick(duration);
            assert!(time::timeout(millis(5), ticker.fired()).await.is_err());
        }
        let soon = time::timeout(Duration::MAX, time::sleep(millis(1)));
        assert_eq!(soon.await, Ok(()));
    });
}

#[test]
fn an_earlier_deadline_reaches_a_worker_that_sleeps_until_a_later_one() {
    for workers in [1, 2] {
        let runtime = runtime(workers);
        let _sleeper = runtime.spawn(time::sleep(Duration::from_secs(1_000)));
        // From outside, after the workers have had time to fall asleep.
        for _ in 0..20 {
            thread::sleep(millis(2));
            let start = Instant::now();
            runtime.block_on(time::sleep(millis(3)));
            assert!(start.elapsed() < NEVER);
        }
    }
}

#[test]
fn waiting_outside_every_runtime_panics_and_says_what_to_do() {
    let message = |future: Pin<Box<dyn Future<Output = ()>>>| {
        let panic = catch_unwind(AssertUnwindSafe(|| block_on(future))).unwrap_err();
        panic.downcast_ref::<String>().expect("a message").clone()
    };
    let timer = time::after(NEVER);
    for future in [
        Box::pin(time::sleep(NEVER)) as Pin<Box<dyn Future<Output = ()>>>,
        Box::pin(async {
            let _ = time::timeout(NEVER, future::pending::<()>()).await;
        }),
        Box::pin(async move {
            timer.fired().await;
        }),
    ] {
        let message = message(future);
        assert!(
            message.contains("run!") && message.contains("Handle::enter"),
            "{message}"
        );
    }
}

#[test]
fn a_sleep_can_be_made_outside_and_awaited_inside() {
    let sleep = time::sleep(millis(5));
    let start = Instant::now();
    runtime(1).run(sleep);
    assert!(start.elapsed() < NEVER);
}

#[test]
fn a_plain_thread_that_entered_a_runtime_can_sleep() {
    let runtime = runtime(1);
    let handle = runtime.handle();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let _entered = handle.enter();
                let start = Instant::now();
                block_on(time::sleep(millis(10)));
                assert!(start.elapsed() >= millis(10));
            });
        }
    });
}

#[test]
fn a_sleep_that_is_polled_with_another_waker_wakes_that_one() {
    let runtime = runtime(1);
    let handle = runtime.handle();
    let _entered = handle.enter();
    let (first, second) = (Probe::new(), Probe::new());
    let mut sleep = pin!(time::sleep(millis(60)));
    assert!(first.poll(sleep.as_mut()).is_pending());
    assert!(second.poll(sleep.as_mut()).is_pending());
    second.wait_until_woken();
    assert!(second.poll(sleep.as_mut()).is_ready());
    assert!(!first.is_woken());
    assert!(
        second.poll(sleep.as_mut()).is_ready(),
        "what is over stays over"
    );
}

#[test]
fn a_sleep_that_is_dropped_wakes_nobody() {
    let runtime = runtime(1);
    let handle = runtime.handle();
    let _entered = handle.enter();
    let probe = Probe::new();
    {
        let mut sleep = pin!(time::sleep(millis(60)));
        assert!(probe.poll(sleep.as_mut()).is_pending());
    }
    block_on(time::sleep(millis(80)));
    assert!(!probe.is_woken());
    assert_eq!(
        Arc::strong_count(&probe.woken),
        2,
        "its waker was dropped too"
    );
}

#[test]
fn a_sleep_that_is_put_off_while_somebody_waits_ends_at_the_later_moment() {
    for workers in [1, 2, 8] {
        runtime(workers).block_on(async {
            let mut sleep = pin!(time::sleep(millis(5)));
            assert!(poll_once(sleep.as_mut()).await.is_none());
            let later = time::now() + millis(20);
            sleep.as_mut().reset(later);
            sleep.as_mut().await;
            assert!(time::now() >= later);
            assert_eq!(sleep.deadline(), Some(later));
        });
    }
}

#[test]
fn a_sleep_that_is_to_end_sooner_wakes_who_waits_sooner() {
    for workers in [1, 2, 8] {
        runtime(workers).block_on(async {
            for long in [NEVER, Duration::MAX] {
                let start = time::now();
                let mut sleep = pin!(time::sleep(long));
                assert!(poll_once(sleep.as_mut()).await.is_none());
                // By way of a later moment: the entry still stands at the first one.
                sleep.as_mut().reset(start + 2 * NEVER);
                sleep.as_mut().reset(start + millis(5));
                sleep.await;
                assert!(start.elapsed() >= millis(5) && start.elapsed() < NEVER);
            }
        });
    }
}

#[test]
fn a_sleep_that_was_over_can_be_slept_again() {
    runtime(1).block_on(async {
        let mut sleep = pin!(time::sleep(millis(2)));
        for _ in 0..3 {
            sleep.as_mut().await;
            let again = time::now() + millis(2);
            sleep.as_mut().reset(again);
            assert!(poll_once(sleep.as_mut()).await.is_none() || time::now() >= again);
        }
    });
}

#[test]
fn a_ready_sleep_asks_before_it_goes_on() {
    // A goroutine whose sleeps are all over still lets others run: on one worker this would hang.
    runtime(1).run(async {
        let other = spawn(async {});
        while !other.is_finished() {
            time::sleep(Duration::ZERO).await;
        }
    });
}

#[test]
fn a_timer_that_is_always_ready_asks_before_it_goes_on() {
    runtime(1).run(async {
        let other = spawn(async {});
        let timer = time::after(Duration::ZERO);
        while !other.is_finished() {
            // What `<-timer` does.
            if timer.poll_now().is_pending() {
                timer.fired().await;
            }
            timer.reset(Duration::ZERO);
        }
    });
}

#[test]
fn a_future_in_time_gives_its_value() {
    runtime(1).block_on(async {
        assert_eq!(time::timeout(NEVER, async { 7 }).await, Ok(7));
        let slow = async {
            time::sleep(millis(5)).await;
            8
        };
        assert_eq!(time::timeout(NEVER, slow).await, Ok(8));
    });
}

#[test]
fn what_is_ready_wins_even_after_the_deadline() {
    runtime(1).block_on(async {
        let late = time::timeout(Duration::ZERO, async {
            thread::sleep(millis(5));
            7
        });
        assert_eq!(late.await, Ok(7));
    });
}

#[test]
fn a_future_that_is_late_is_dropped_with_its_timeout() {
    struct OnDrop<'a>(&'a Cell<bool>);
    impl Drop for OnDrop<'_> {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    runtime(1).block_on(async {
        let dropped = Cell::new(false);
        let on_drop = OnDrop(&dropped);
        let late = async {
            future::pending::<()>().await;
            drop(on_drop);
        };
        let error = time::timeout(millis(5), late).await.unwrap_err();
        assert!(dropped.get());
        assert_eq!(error.to_string(), "the time is up");
        assert_eq!(
            std::io::Error::from(error).kind(),
            std::io::ErrorKind::TimedOut
        );
    });
}

#[test]
fn a_future_that_uses_up_every_slice_is_still_timed_out() {
    runtime(1).run(async {
        let start = Instant::now();
        assert!(time::timeout(millis(20), hog()).await.is_err());
        assert!(start.elapsed() >= millis(20));
    });
}

#[test]
fn a_timer_fires_once() {
    runtime(1).block_on(async {
        let set = time::now();
        let timer = time::after(millis(5));
        let fired = timer.fired().await;
        assert!(fired >= set + millis(5) && fired <= time::now());
        assert_eq!(timer.try_fired(), None);
        assert!(timer.poll_now().is_pending());
        assert!(time::timeout(millis(20), timer.fired()).await.is_err());
    });
}

#[test]
fn one_of_those_who_wait_gets_the_firing() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            for _ in 0..50 {
                let timer = Arc::new(time::after(millis(2)));
                let got = Arc::new(AtomicUsize::new(0));
                let waiters: Vec<_> = (0..8)
                    .map(|_| {
                        let (timer, got) = (Arc::clone(&timer), Arc::clone(&got));
                        spawn(async move {
                            timer.fired().await;
                            got.fetch_add(1, Ordering::Relaxed);
                        })
                    })
                    .collect();
                time::sleep(millis(6)).await;
                // The others wait still, for a reset: one each.
                for count in 1..=8 {
                    while got.load(Ordering::Relaxed) < count {
                        yield_now().await;
                    }
                    time::sleep(millis(1)).await;
                    assert_eq!(got.load(Ordering::Relaxed), count);
                    timer.reset(Duration::ZERO);
                }
                for waiter in waiters {
                    waiter.await.unwrap();
                }
            }
        });
    }
}

#[test]
fn stop_says_whether_there_was_something_to_stop() {
    runtime(1).block_on(async {
        let timer = time::after(NEVER);
        assert!(timer.stop());
        assert!(!timer.stop());

        let timer = time::after(Duration::ZERO);
        assert!(timer.is_fired());
        assert!(timer.stop(), "fired, but nobody has received it");
        assert!(!timer.is_fired());
        assert_eq!(timer.try_fired(), None);

        let timer = time::after(Duration::ZERO);
        timer.fired().await;
        assert!(!timer.stop(), "received");
    });
}

#[test]
fn a_stop_takes_effect_on_one_who_waits() {
    runtime(1).block_on(async {
        let timer = time::after(millis(60));
        let mut fired = pin!(timer.fired());
        assert!(poll_once(fired.as_mut()).await.is_none());
        assert!(timer.stop());
        assert!(time::timeout(millis(100), fired.as_mut()).await.is_err());
        timer.reset(millis(1));
        assert!(time::timeout(NEVER, fired).await.is_ok());
    });
}

#[test]
fn a_stopped_timer_wakes_nobody_and_a_reset_wakes_who_waits() {
    let runtime = runtime(1);
    let handle = runtime.handle();
    let _entered = handle.enter();
    let probe = Probe::new();
    let timer = time::after(millis(60));
    let mut fired = pin!(timer.fired());
    assert!(probe.poll(fired.as_mut()).is_pending());
    timer.stop();
    block_on(time::sleep(millis(80)));
    assert!(!probe.is_woken());
    timer.reset(NEVER);
    assert!(
        probe.is_woken(),
        "to wait for the new moment, in its own runtime"
    );
}

#[test]
fn a_reset_to_an_earlier_moment_takes_effect_on_one_who_waits() {
    for workers in [1, 2] {
        let timer = Arc::new(time::after(Duration::from_secs(1_000)));
        let runtime = runtime(workers);
        for _ in 0..20 {
            let (started, has_started) = mpsc::channel();
            let waiter = runtime.spawn({
                let timer = Arc::clone(&timer);
                async move {
                    started.send(()).unwrap();
                    time::timeout(NEVER, timer.fired()).await
                }
            });
            has_started.recv().unwrap();
            // By a plain thread, in no runtime.
            timer.reset(millis(2));
            assert!(runtime.block_on(waiter).unwrap().is_ok());
        }
    }
}

#[test]
fn a_reset_to_a_later_moment_takes_effect_on_one_who_waits() {
    runtime(1).block_on(async {
        let timer = time::after(millis(60));
        let mut fired = pin!(timer.fired());
        assert!(poll_once(fired.as_mut()).await.is_none());
        let reset = time::now();
        timer.reset(millis(120));
        assert!(fired.await >= reset + millis(120));
    });
}

#[test]
fn a_reset_forgets_a_firing_that_nobody_received() {
    let timer = time::after(Duration::ZERO);
    assert!(timer.is_fired());
    timer.reset(Duration::MAX);
    assert_eq!(timer.try_fired(), None);
}

#[test]
fn one_who_stops_waiting_does_not_take_the_firing_along() {
    runtime(2).run(async {
        for round in 0..200 {
            let timer = Arc::new(time::after(Duration::from_micros(200)));
            let stays = spawn({
                let timer = Arc::clone(&timer);
                async move { timer.fired().await }
            });
            let limit = Duration::from_micros(100 + round);
            let gone = time::timeout(limit, timer.fired()).await;
            if gone.is_ok() {
                timer.reset(Duration::ZERO);
            }
            assert!(time::timeout(NEVER, stays).await.is_ok());
        }
    });
}

#[test]
fn looking_whether_a_timer_is_ready_does_not_receive_from_it() {
    runtime(1).block_on(async {
        let timer = time::after(NEVER);
        let mut wait = pin!(time::Wait::new());
        // SAFETY: `wait` is dropped before `timer`, which does not move.
        let mut ready = || unsafe { timer.poll_ready(&mut cx(), wait.as_mut()) };
        assert!(ready().is_pending());
        timer.reset(Duration::ZERO);
        assert!(ready().is_ready());
        assert!(ready().is_ready());
        assert!(timer.try_fired().is_some());
        assert!(ready().is_pending());
    });
}

#[test]
fn one_node_can_wait_for_one_timer_after_the_other() {
    runtime(1).block_on(async {
        let (first, second) = (time::after(NEVER), time::after(NEVER));
        let probe = Probe::new();
        let mut cx = Context::from_waker(&probe.waker);
        let mut wait = pin!(time::Wait::new());
        // SAFETY: `wait` is dropped before both timers, which do not move.
        assert!(unsafe { first.poll_ready(&mut cx, wait.as_mut()) }.is_pending());
        // SAFETY: as above.
        assert!(unsafe { second.poll_ready(&mut cx, wait.as_mut()) }.is_pending());
        first.reset(Duration::ZERO);
        assert!(!probe.is_woken(), "it no longer waits for that one");
        second.reset(Duration::ZERO);
        assert!(probe.is_woken());
        // SAFETY: as above.
        poll_fn(|cx| unsafe { second.poll_fired(cx, wait.as_mut()) }).await;
    });
}

fn cx() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

#[test]
fn ticks_come_at_multiples_of_the_period() {
    runtime(1).block_on(async {
        let period = millis(3);
        let start = time::now();
        let ticker = time::tick(period);
        let first = ticker.fired().await;
        assert!(first >= start + period);
        for _ in 0..5 {
            let tick = ticker.fired().await;
            assert!(tick <= time::now());
            let since = tick - first;
            assert_eq!(since.as_nanos() % period.as_nanos(), 0);
        }
    });
}

#[test]
fn a_slow_receiver_gets_the_first_tick_that_it_missed_and_no_pile_of_them() {
    runtime(1).block_on(async {
        let period = millis(10);
        let before = time::now();
        let ticker = time::tick(period);
        let after = time::now();
        time::sleep_until(after + period * 3).await;
        let missed = ticker.try_fired().expect("three have passed");
        assert!(before + period <= missed && missed <= after + period);
        let next = ticker.fired().await;
        assert!(next >= missed + period * 3);
        assert_eq!((next - missed).as_nanos() % period.as_nanos(), 0);
    });
}

#[test]
fn each_tick_goes_to_one_receiver() {
    runtime(2).run(async {
        let ticker = Arc::new(time::tick(millis(1)));
        let receivers: Vec<_> = (0..4)
            .map(|_| {
                let ticker = Arc::clone(&ticker);
                spawn(async move {
                    let mut ticks = Vec::new();
                    for _ in 0..20 {
                        ticks.push(ticker.fired().await);
                    }
                    ticks
                })
            })
            .collect();
        let mut all = Vec::new();
        for receiver in receivers {
            all.extend(receiver.await.unwrap());
        }
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 80, "no tick twice");
    });
}

#[test]
fn a_stopped_ticker_is_silent_until_it_is_reset() {
    runtime(1).block_on(async {
        let ticker = time::tick(millis(2));
        ticker.fired().await;
        time::sleep(millis(5)).await;
        assert!(ticker.stop());
        assert!(!ticker.stop());
        assert!(time::timeout(millis(10), ticker.fired()).await.is_err());
        let reset = time::now();
        ticker.reset(millis(4));
        let first = ticker.fired().await;
        assert!(first >= reset + millis(4));
        let second = ticker.fired().await;
        assert_eq!((second - first).as_millis() % 4, 0);
    });
}

#[test]
#[should_panic(expected = "longer than zero")]
fn a_ticker_without_a_period_panics() {
    time::tick(Duration::ZERO);
}

#[test]
#[should_panic(expected = "longer than zero")]
fn a_ticker_that_is_reset_to_no_period_panics() {
    time::tick(millis(1)).reset(Duration::ZERO);
}

#[test]
fn a_runtime_that_shuts_down_drops_who_sleeps_and_fires_nothing() {
    let runtime = runtime(2);
    let alive = Arc::new(());
    for _ in 0..100 {
        let alive = Arc::clone(&alive);
        let _sleeper = runtime.spawn(async move {
            time::sleep(Duration::from_secs(1_000)).await;
            drop(alive);
            unreachable!("woken before its time");
        });
    }
    runtime.block_on(time::sleep(millis(1)));
    drop(runtime);
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[test]
fn a_sleep_of_a_runtime_that_is_gone_stays_pending() {
    let runtime = runtime(1);
    let handle = runtime.handle();
    let _entered = handle.enter();
    let probe = Probe::new();
    let mut before = pin!(time::sleep(Duration::from_secs(1_000)));
    assert!(probe.poll(before.as_mut()).is_pending());
    drop(runtime);
    assert!(probe.poll(before.as_mut()).is_pending());
    let mut after = pin!(time::sleep(Duration::from_secs(1_000)));
    assert!(probe.poll(after.as_mut()).is_pending());
}
