//! Goroutines that do nothing but give way.

use chango::prelude::*;
use chango::task::{spawn, yield_now};

use crate::{Scenario, shares};

/// One operation is a goroutine that gives way.
pub fn scenarios() -> Vec<Scenario> {
    let of = |goroutines: u64| {
        Scenario::new(format!("yields/{goroutines}"), move |times| {
            give_way(goroutines, times)
        })
        .on_both()
        .counted(50_000)
    };
    vec![of(1), of(2), of(1_000)]
}

/// They are made and wait at a channel; the time is counted from its closing.
async fn give_way(goroutines: u64, times: u64) -> Duration {
    let (gate, opened) = bounded::<()>(0);
    let start = |share| {
        let opened = opened.clone();
        spawn(async move {
            opened.recv().await;
            for _ in 0..share {
                yield_now().await;
            }
            share
        })
    };
    let handles: Vec<_> = shares(times, goroutines).map(start).collect();
    let began = Instant::now();
    drop(gate);
    let mut sum = 0;
    for handle in handles {
        sum += handle.await.expect("a goroutine panicked");
    }
    let spent = began.elapsed();
    assert_eq!(sum, times, "a goroutine was lost");
    spent
}
