//! Runtimes that are shut down in the middle of everything.
//!
//! What must hold: every future that was spawned, before or during the shutdown, is dropped exactly
//! once, and so is every message; nothing runs afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use chango::chan::{Receiver, Sender};
use chango::prelude::*;
use chango::task;

use crate::ledger::{Ledger, Loss, Message, Tally};
use crate::rng::Rng;
use crate::storm::{Round, storm};

const MESSAGES: usize = 2_000;
const MOST_GOROUTINES: usize = 4_000;

/// Counts how often each goroutine's future was dropped.
struct Census {
    next: AtomicUsize,
    dropped: Vec<AtomicU8>,
}

struct Citizen {
    number: usize,
    census: Arc<Census>,
}

impl Citizen {
    fn new(census: &Arc<Census>) -> Option<Self> {
        let number = census.next.fetch_add(1, Ordering::Relaxed);
        (number < MOST_GOROUTINES).then(|| Self {
            number,
            census: Arc::clone(census),
        })
    }
}

impl Drop for Citizen {
    fn drop(&mut self) {
        self.census.dropped[self.number].fetch_add(1, Ordering::Relaxed);
    }
}

#[derive(Clone)]
struct World {
    census: Arc<Census>,
    ledger: Arc<Ledger>,
    tx: Sender<Message>,
    rx: Receiver<Message>,
}

/// Starts a goroutine that does something at random for ever, and starts others now and then.
fn settle(world: &World, mut rng: Rng) {
    let Some(citizen) = Citizen::new(&world.census) else {
        return;
    };
    let World { ledger, tx, rx, .. } = world.clone();
    let world = world.clone();
    chango::go(async move {
        let _citizen = citizen;
        loop {
            if rng.one_in(10) {
                settle(&world, rng.fork());
            }
            match rng.below(7) {
                0 => {
                    let Some(message) = ledger.message() else {
                        continue;
                    };
                    if let Err(error) = tx.send(message).await {
                        return ledger.returned(error.into_inner());
                    }
                }
                1 => rx.recv().await.into_iter().for_each(Message::received),
                2 => sleep(Duration::from_micros(rng.below(500) as u64)).await,
                3 => task::yield_now().await,
                4 => {
                    let Some(message) = ledger.message() else {
                        continue;
                    };
                    select! {
                        _ = tx <- message => {}
                        Some(message) = <-rx => message.received(),
                        <-after(Duration::from_micros(100)) => {}
                    }
                }
                5 => {
                    let nobody = None::<Receiver<()>>;
                    select! { <-nobody => {} <-after(Duration::from_millis(1)) => {} }
                }
                _ if rng.one_in(20) => std::future::pending().await,
                _ => task::yield_now().await,
            }
        }
    });
}

fn one_round(mut round: Round) -> Tally {
    let ledger = Ledger::new(MESSAGES, &round.pulse);
    let census = Arc::new(Census {
        next: AtomicUsize::new(0),
        dropped: (0..MOST_GOROUTINES).map(|_| AtomicU8::new(0)).collect(),
    });
    let (tx, rx) = if round.rng.one_in(2) {
        bounded(0)
    } else {
        unbounded()
    };
    let world = World {
        census: census.clone(),
        ledger: ledger.clone(),
        tx,
        rx,
    };
    let runtime = round.runtime();
    let entered = runtime.handle();
    let guard = entered.enter();
    for _ in 0..50 {
        settle(&world, round.rng.fork());
    }
    drop(guard);
    let patience = Duration::from_micros(round.rng.below(3_000) as u64);
    runtime.run(async move { sleep(patience).await });
    if round.rng.one_in(2) {
        assert!(
            runtime.shutdown_timeout(Duration::from_secs(30)),
            "a worker does not end"
        );
    } else {
        drop(runtime);
    }
    // What is spawned on a runtime that has gone is dropped as well.
    let late = Citizen::new(&census);
    drop(entered.spawn(async move { drop(late) }));
    drop(world);

    let spawned = census.next.load(Ordering::Relaxed).min(MOST_GOROUTINES);
    for (number, dropped) in census.dropped.iter().enumerate() {
        let expected = u8::from(number < spawned);
        let dropped = dropped.load(Ordering::Relaxed);
        assert_eq!(dropped, expected, "goroutine {number} of {spawned}");
    }
    let tally = ledger.check(Loss::WithReceivers);
    assert_eq!(
        Arc::strong_count(&census),
        1,
        "somebody still holds what goroutines held"
    );
    round.pulse.beat();
    tally
}

#[test]
fn a_shutdown_drops_every_future_and_every_message_once() {
    storm("shutdown", one_round);
}
