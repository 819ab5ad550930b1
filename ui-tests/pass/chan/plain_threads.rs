//! One channel between goroutines and plain threads.
#![deny(warnings)]

use std::thread;

use chango::prelude::*;

fn main() {
    let (tx, rx) = bounded::<u32>(0);
    let (back, results) = unbounded();
    let producer = thread::spawn(move || (0..10).all(|n| tx.send_blocking(n).is_ok()));
    let consumer = thread::spawn(move || results.iter().sum::<u32>());
    run! {
        for n in <-rx { back <- n * n }
    }
    assert!(producer.join().unwrap());
    assert_eq!(consumer.join().unwrap(), 285);
}
