//! One worker makes goroutines, and others have to take them.

use std::hint::{black_box, spin_loop};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chango::prelude::*;
use chango::task::spawn;

use crate::{Scenario, shares};

/// How many goroutines are made at once: fewer than a worker's queue holds.
const BATCH: u64 = 200;

/// One operation is a goroutine that ran elsewhere.
pub fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("steal/empty", |goroutines| all_stolen(goroutines, 0)).on_two(),
        Scenario::new("steal/1us", |goroutines| all_stolen(goroutines, 1_000)).on_two(),
    ]
}

/// The goroutine that makes them keeps its worker until the last of a batch has run, so that none of them
/// can run there. Each multiplies `work` times.
async fn all_stolen(goroutines: u64, work: u64) -> Duration {
    let done = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let mut made = 0;
    for batch in shares(goroutines, goroutines.div_ceil(BATCH)) {
        for _ in 0..batch {
            let done = Arc::clone(&done);
            spawn(async move {
                black_box(
                    (0..work).fold(1_u64, |product, n| black_box(product.wrapping_mul(n | 1))),
                );
                done.fetch_add(1, Ordering::Relaxed);
            });
        }
        made += batch;
        while done.load(Ordering::Relaxed) < made {
            spin_loop();
        }
    }
    began.elapsed()
}
