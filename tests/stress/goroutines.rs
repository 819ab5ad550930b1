//! Goroutines that start goroutines, which end in every way there is, while others wait for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chango::prelude::*;
use chango::{runtime, task};

use crate::ledger::Tally;
use crate::rng::Rng;
use crate::storm::{Pulse, Round, storm};

/// How a goroutine is told to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Return,
    Exit,
    /// Waits for ever, until it is aborted.
    Abort,
    /// Sends where nobody listens.
    Deserted,
}

struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(living: &Arc<AtomicUsize>) -> Self {
        living.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(living))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn live(mut rng: Rng, end: End, counted: Counted) -> u64 {
    for _ in 0..rng.below(4) {
        match rng.below(3) {
            0 => task::yield_now().await,
            1 => sleep(Duration::from_micros(rng.below(100) as u64)).await,
            _ => {
                // A child that answers.
                let (tx, rx) = bounded(0);
                go! { tx <- 1; };
                assert_eq!(rx.recv().await, Some(1));
            }
        }
    }
    match end {
        End::Return => {}
        End::Exit => task::exit().await,
        End::Abort => std::future::pending().await,
        End::Deserted => {
            let (tx, _) = bounded(0);
            co! { tx <- 1; }
            unreachable!("a send that nobody will receive ends the goroutine");
        }
    }
    drop(counted);
    7
}

async fn families(mut rng: Rng, living: Arc<AtomicUsize>, pulse: Arc<Pulse>) {
    const ENDS: [End; 4] = [End::Return, End::Exit, End::Abort, End::Deserted];
    for _ in 0..20 {
        let children: Vec<_> = (0..50)
            .map(|_| {
                let end = ENDS[rng.below(ENDS.len())];
                (end, go!(live(rng.fork(), end, Counted::new(&living))))
            })
            .collect();
        for (end, child) in &children {
            // Aborting what ends by itself is a race that either may win.
            if *end == End::Abort || rng.one_in(10) {
                child.abort();
            }
        }
        for (end, child) in children {
            match child.await {
                Ok(result) => assert_eq!((result, end), (7, End::Return)),
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                Err(error) => {
                    assert!(error.is_exited() != error.is_aborted());
                    assert!(!error.is_exited() || matches!(end, End::Exit | End::Deserted));
                }
            }
            pulse.beat();
        }
    }
}

fn one_round(mut round: Round) -> Tally {
    let living = Arc::new(AtomicUsize::new(0));
    let all = Arc::clone(&living);
    let pulse = Arc::clone(&round.pulse);
    let mut rng = round.rng.fork();
    round.run(async move {
        let parents: Vec<_> = (0..4)
            .map(|_| go!(families(rng.fork(), all.clone(), pulse.clone())))
            .collect();
        for parent in parents {
            if let Err(error) = parent.await {
                std::panic::resume_unwind(error.into_panic());
            }
        }
        // The children's children are nobody's to wait for.
        while runtime::num_goroutines() > 1 {
            task::yield_now().await;
        }
        assert_eq!(
            all.load(Ordering::Relaxed),
            0,
            "a future was not dropped with its goroutine"
        );
    });
    Tally::default()
}

#[test]
fn goroutines_end_in_every_way_and_none_stays() {
    storm("goroutines", one_round);
}
