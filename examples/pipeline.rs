//! A pipeline with fan-out and fan-in, after the Go blog's "Go Concurrency Patterns: Pipelines and
//! cancellation": numbers → squares (by several goroutines) → one channel, and a consumer that
//! leaves early without leaving a goroutine behind.
//!
//! `cargo run --example pipeline`

use chango::prelude::*;
use chango::runtime::num_goroutines;

/// The source: a goroutine that sends the numbers and closes the channel by ending.
fn numbers(count: u64) -> Receiver<u64> {
    let (tx, rx) = bounded(0);
    go! { for n in 1..=count { tx <- n; } };
    rx
}

/// A stage: squares what it receives.
fn squares(input: Receiver<u64>) -> Receiver<u64> {
    let (tx, rx) = bounded(0);
    go! { for n in <-input { tx <- n * n; } };
    rx
}

/// Merges many channels into one, which closes when the last of them has.
fn merge(inputs: Vec<Receiver<u64>>) -> Receiver<u64> {
    let (tx, rx) = bounded(0);
    for input in inputs {
        let tx = tx.clone();
        go! { for n in <-input { tx <- n; } };
    }
    rx
}

fn main() {
    run! {
        let source = numbers(10);
        let mut all = Vec::new();
        for n in <-merge((0..3).map(|_| squares(source.clone())).collect()) {
            all.push(n);
        }
        all.sort_unstable();
        println!("all of them:      {all:?}");

        let source = numbers(u64::MAX);
        let merged = merge((0..3).map(|_| squares(source.clone())).collect());
        drop(source);
        let (first, second) = ((<-merged).unwrap(), (<-merged).unwrap());
        println!("two are enough:   {first}, {second}");
        println!("while it flows:   {} goroutines", num_goroutines());
        drop(merged);                       // each stage ends where it sends next
        while num_goroutines() > 1 {
            chango::task::yield_now().await;
        }
        println!("nobody listens:   {} goroutine", num_goroutines());
    }
}
