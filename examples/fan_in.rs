//! Fan-in, after Rob Pike's talk "Go concurrency patterns": two people talk, each in a goroutine of
//! their own and at a pace of their own, and whoever is ready first is heard first.
//!
//! `cargo run --example fan_in`

use chango::prelude::*;

/// Talks for ever, or rather until nobody listens any more.
fn talk(name: &'static str, pace: Duration) -> Receiver<String> {
    let (tx, rx) = bounded(0);
    go! {
        for i in 0.. {
            tx <- format!("{name} says {i}");
            sleep(pace).await;
        }
    };
    rx
}

/// Both into one.
fn fan_in(a: Receiver<String>, b: Receiver<String>) -> Receiver<String> {
    let (tx, rx) = bounded(0);
    go! {
        loop {
            select! {
                Some(line) = <-a => tx <- line,
                Some(line) = <-b => tx <- line,
                else => break,
            }
        }
    };
    rx
}

fn main() {
    run! {
        let lines = fan_in(
            talk("Ann", Duration::from_millis(20)),
            talk("Joe", Duration::from_millis(35)),
        );
        for _ in 0..12 {
            println!("{}", (<-lines).expect("they never stop"));
        }
        println!("You're both boring; I'm leaving.");
    }
}
