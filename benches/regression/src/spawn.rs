//! Goroutines that do nothing: made, run, and joined, counted or left alone.

use chango::prelude::*;
use chango::task;

use crate::{Scenario, sum_below};

/// How many goroutines of a batch are alive at once.
const BATCH: u64 = 1_000;

/// One operation is a goroutine.
pub fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("spawn/join", join).on_both().counted(20_000),
        Scenario::new("spawn/join_batch", join_batch)
            .on_both()
            .counted(60_000),
        Scenario::new("spawn/detached", detached)
            .on_both()
            .counted(20_000),
        Scenario::new("spawn/chain", chain)
            .on_both()
            .counted(20_000),
    ]
}

/// Each is joined before the next is made.
async fn join(goroutines: u64) -> Duration {
    let began = Instant::now();
    for number in 0..goroutines {
        let result = task::spawn(async move { number }).await;
        assert_eq!(result.ok(), Some(number), "another's result");
    }
    began.elapsed()
}

/// Up to a thousand are made, then each is joined.
async fn join_batch(goroutines: u64) -> Duration {
    let mut handles = Vec::with_capacity(BATCH as usize);
    let mut sum = 0;
    let began = Instant::now();
    for first in (0..goroutines).step_by(BATCH as usize) {
        let batch = first..goroutines.min(first + BATCH);
        handles.extend(batch.map(|number| task::spawn(async move { number })));
        for handle in handles.drain(..) {
            sum += handle.await.expect("a goroutine panicked");
        }
    }
    let spent = began.elapsed();
    assert_eq!(sum, sum_below(goroutines), "a goroutine was lost");
    spent
}

/// Nobody keeps a handle; a wait group says when up to a thousand have ended.
async fn detached(goroutines: u64) -> Duration {
    let began = Instant::now();
    for first in (0..goroutines).step_by(BATCH as usize) {
        let group = WaitGroup::new();
        for _ in first..goroutines.min(first + BATCH) {
            group.add(1);
            go! {
                clone group;
                group.done();
            };
        }
        group.wait().await;
    }
    began.elapsed()
}

/// Each makes the next one and ends.
async fn chain(goroutines: u64) -> Duration {
    let (last, ended) = bounded::<()>(1);
    let began = Instant::now();
    link(goroutines, last);
    let end = ended.recv().await;
    let spent = began.elapsed();
    assert_eq!(end, Some(()), "the chain broke");
    spent
}

fn link(left: u64, last: Sender<()>) {
    task::spawn(async move {
        match left {
            0 | 1 => last.try_send(()).expect("it has room for one"),
            _ => link(left - 1, last),
        }
    });
}
