//! Timers of all kinds that are waited for, raced, stopped, reset and dropped at random.
//!
//! What must hold: none is early, none is forgotten, and each firing is received once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chango::prelude::*;
use chango::{runtime, time};

use crate::ledger::Tally;
use crate::rng::Rng;
use crate::storm::{Pulse, Round, storm};

fn random(rng: &mut Rng) -> Duration {
    Duration::from_micros(rng.below(2_000) as u64)
}

async fn play(mut rng: Rng, pulse: Arc<Pulse>) {
    for _ in 0..40 {
        let (wanted, start) = (random(&mut rng), time::now());
        let waited = match rng.below(7) {
            0 => {
                sleep(wanted).await;
                wanted
            }
            1 => {
                let fired = co! { <-after(wanted) };
                assert!(fired >= start + wanted && fired <= time::now());
                wanted
            }
            2 => {
                let limit = random(&mut rng);
                match timeout(limit, sleep(wanted)).await {
                    Ok(()) => wanted,
                    Err(_) => limit,
                }
            }
            3 => {
                let other = random(&mut rng);
                select! { <-after(wanted) => wanted, <-after(other) => other }
            }
            4 => {
                let timer = after(Duration::from_secs(3600));
                timer.reset(wanted);
                co! { <-timer; }
                assert!(timer.try_fired().is_none(), "a timer fired twice");
                wanted
            }
            5 => {
                let timer = after(random(&mut rng));
                timer.stop();
                select! {
                    <-timer => panic!("a stopped timer fired"),
                    <-after(wanted) => wanted,
                }
            }
            _ => {
                let period = wanted.max(Duration::from_micros(50));
                let ticker = tick(period);
                co! {
                    for _ in 0..3 { <-ticker; }
                }
                // Late receivers do not shift the ticks: only the first is sure to be waited for.
                period
            }
        };
        assert!(
            start.elapsed() >= waited,
            "early: {:?} instead of {waited:?}",
            start.elapsed()
        );
        pulse.beat();
    }
}

/// Many wait for one timer: its firing goes to one of them each time.
async fn share(mut rng: Rng, pulse: Arc<Pulse>) {
    const FIRINGS: usize = 20;
    let timer = Arc::new(after(random(&mut rng)));
    let received = Arc::new(AtomicUsize::new(0));
    let (tx, rx) = bounded(0);
    let goroutines: Vec<_> = (0..4)
        .map(|_| {
            let (timer, received, tx) = (timer.clone(), received.clone(), tx.clone());
            chango::go(async move {
                loop {
                    timer.fired().await;
                    received.fetch_add(1, Ordering::Relaxed);
                    if tx.send(()).await.is_err() {
                        return;
                    }
                }
            })
        })
        .collect();
    for firing in 1..=FIRINGS {
        assert_eq!(rx.recv().await, Some(()));
        assert_eq!(
            received.load(Ordering::Relaxed),
            firing,
            "one firing was received twice"
        );
        pulse.beat();
        if firing < FIRINGS {
            timer.reset(random(&mut rng));
        }
    }
    for goroutine in goroutines {
        goroutine.abort();
        let _ = goroutine.await;
    }
}

fn one_round(mut round: Round) -> Tally {
    let pulse = Arc::clone(&round.pulse);
    let mut rng = round.rng.fork();
    round.run(async move {
        let mut goroutines: Vec<_> = (0..30)
            .map(|_| go!(play(rng.fork(), pulse.clone())))
            .collect();
        goroutines.push(go!(share(rng.fork(), pulse.clone())));
        for goroutine in goroutines {
            if let Err(error) = goroutine.await {
                std::panic::resume_unwind(error.into_panic());
            }
        }
        assert_eq!(runtime::num_goroutines(), 1, "a goroutine was left behind");
    });
    Tally::default()
}

#[test]
fn no_timer_is_early_or_forgotten() {
    storm("timers", one_round);
}
