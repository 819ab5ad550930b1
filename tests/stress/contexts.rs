//! Trees of contexts that grow, end and go at random, while others wait for their ends.
//!
//! What must hold: an end reaches all below it and all who wait, and is for ever; what comes after runs once,
//! or was called off; and when all is over nothing is left: no value, no timer, no goroutine.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use chango::context::{self, Cancel, Context, ContextError};
use chango::prelude::*;
use chango::runtime;

use crate::ledger::Tally;
use crate::rng::Rng;
use crate::storm::{Pulse, Round, storm};

/// What lies in a context; each holds one count.
struct Leaf {
    _count: Arc<()>,
    /// What it ends with, if it does with anything.
    parent: Option<Context>,
}

/// The contexts that all goroutines take from and put into.
struct Forest {
    root: Context,
    trees: Vec<Mutex<(Context, Option<Cancel>)>>,
    count: Arc<()>,
    /// What is to come after an end: made, run, and called off.
    afters: [AtomicUsize; 3],
    pulse: Arc<Pulse>,
}

const TREES: usize = 24;
const HOUR: Duration = Duration::from_secs(3600);

impl Forest {
    fn any(&self, rng: &mut Rng) -> &Mutex<(Context, Option<Cancel>)> {
        &self.trees[rng.below(TREES)]
    }

    fn context(&self, rng: &mut Rng) -> Context {
        match rng.one_in(8) {
            true => self.root.clone(),
            false => self.any(rng).lock().unwrap().0.clone(),
        }
    }

    /// A child of any of them, with a leaf of its own.
    fn child(&self, rng: &mut Rng) -> (Context, Option<Cancel>) {
        let parent = self.context(rng);
        let kind = rng.below(6);
        let leaf = Leaf {
            _count: Arc::clone(&self.count),
            parent: (kind > 0).then(|| parent.clone()),
        };
        let parent = match kind {
            0 => context::without_cancel(&parent),
            _ => parent,
        };
        let parent = context::with_value(&parent, leaf);
        let (ctx, cancel) = match kind {
            0..=2 => context::with_cancel(&parent),
            3 => context::with_timeout(&parent, HOUR),
            4 => context::with_timeout(&parent, Duration::from_micros(rng.below(3_000) as u64)),
            _ => context::with_deadline(&parent, Instant::now()),
        };
        (ctx, Some(cancel))
    }

    async fn wait(self: &Arc<Self>, rng: &mut Rng) {
        let ctx = self.context(rng);
        let never = std::future::pending::<()>();
        match rng.below(5) {
            0 => co! { <-ctx },
            1 => ctx.done().await,
            2 => {
                let ended = ctx.run(never).await;
                assert_eq!(ended.err(), ctx.err());
            }
            3 => {
                let other = self.context(rng);
                let (_tx, rx) = bounded::<()>(0);
                select! {
                    <-ctx => assert!(ctx.err().is_some()),
                    <-other.done() => assert!(other.err().is_some()),
                    _ = <-rx => unreachable!(),
                }
                return;
            }
            _ => {
                // Given up.
                let _ = timeout(Duration::from_micros(rng.below(500) as u64), ctx.run(never)).await;
                return;
            }
        }
        assert!(ctx.err().is_some() && ctx.cause().is_some());
    }

    fn after(self: &Arc<Self>, rng: &mut Rng) {
        let ctx = self.context(rng);
        let (forest, ending) = (Arc::clone(self), ctx.clone());
        self.afters[0].fetch_add(1, Ordering::Relaxed);
        let stop = context::after_func(&ctx, async move {
            assert!(ending.err().is_some());
            forest.afters[1].fetch_add(1, Ordering::Relaxed);
        });
        if rng.one_in(2) && stop.stop() {
            self.afters[2].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Ends one, by some way.
    fn end(&self, rng: &mut Rng) {
        let (ctx, cancel) = {
            let mut tree = self.any(rng).lock().unwrap();
            (tree.0.clone(), tree.1.take())
        };
        let Some(cancel) = cancel else { return };
        let before = ctx.err();
        match rng.below(4) {
            0 => cancel.cancel(),
            1 => cancel.cancel_with("a storm"),
            // What has no parent would never end.
            3 if ctx
                .value::<Leaf>()
                .is_some_and(|leaf| leaf.parent.is_some()) =>
            {
                return cancel.detach();
            }
            _ => drop(cancel),
        }
        let after = ctx.err();
        assert!(after.is_some());
        assert!(before.is_none() || before == after, "an end has changed");
    }
}

impl Forest {
    /// Drops all handles.
    fn end_all(&self) {
        for tree in &self.trees {
            let cancel = tree.lock().unwrap().1.take();
            drop(cancel);
        }
    }
}

async fn play(forest: Arc<Forest>, mut rng: Rng) {
    let waiting = WaitGroup::new();
    for _ in 0..60 {
        match rng.below(8) {
            0..=2 => {
                let child = forest.child(&mut rng);
                let old = std::mem::replace(&mut *forest.any(&mut rng).lock().unwrap(), child);
                drop(old);
            }
            3 | 4 => forest.end(&mut rng),
            5 => forest.after(&mut rng),
            _ => {
                let (forest, mut rng) = (Arc::clone(&forest), rng.fork());
                waiting.go(async move {
                    forest.wait(&mut rng).await;
                    forest.pulse.beat();
                });
            }
        }
        forest.pulse.beat();
        if rng.one_in(4) {
            chango::task::yield_now().await;
        }
    }
    waiting.wait().await;
}

fn one_round(mut round: Round) -> Tally {
    let pulse = Arc::clone(&round.pulse);
    let mut rng = round.rng.fork();
    let count = Arc::new(());
    let counted = Arc::clone(&count);
    let runtime = round.runtime();
    let handle = runtime.handle();
    runtime.run(async move {
        let (root, cancel) = context::with_cancel(&context::background());
        let trees = (0..TREES)
            .map(|_| Mutex::new((root.clone(), None)))
            .collect();
        let forest = Arc::new(Forest {
            root,
            trees,
            count: counted,
            afters: Default::default(),
            pulse,
        });
        let players: Vec<_> = (0..8)
            .map(|_| go!(play(Arc::clone(&forest), rng.fork())))
            .collect();
        // Those who wait for what nobody ends any more need somebody who does: all, again and again.
        let ending = go! { clone forest;
            loop {
                sleep(Duration::from_millis(3)).await;
                forest.end_all();
                cancel.cancel();
            }
        };
        for player in players {
            if let Err(error) = player.await {
                std::panic::resume_unwind(error.into_panic());
            }
        }
        ending.abort();
        let _ = ending.await;
        forest.end_all();
        assert_eq!(forest.root.err(), Some(ContextError::Canceled));
        for tree in &forest.trees {
            let ctx = &tree.lock().unwrap().0;
            assert!(ctx.err().is_some(), "an end has not reached {ctx:?}");
        }
        // The last of what comes after. An end that a timer has brought may be under way still, which is no
        // goroutine; a call that is lost hangs the storm.
        loop {
            let [made, run, stopped] = forest.afters.each_ref().map(|n| n.load(Ordering::Relaxed));
            assert!(
                run + stopped <= made,
                "{made} made, {run} run, {stopped} called off"
            );
            if runtime::num_goroutines() == 1 && run + stopped == made {
                break;
            }
            sleep(Duration::from_micros(100)).await;
        }
    });
    assert_eq!(handle.metrics().timers(), 0, "a timer was left behind");
    drop(runtime);
    assert_eq!(Arc::strong_count(&count), 1, "a context was left behind");
    Tally::default()
}

#[test]
fn ends_reach_everybody_and_nothing_is_left() {
    storm("contexts", one_round);
}
