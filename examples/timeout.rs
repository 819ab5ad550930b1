//! Three ways to give up waiting: an arm with a timer in a `select!`, `timeout` around any future,
//! and a receive with a time limit.
//!
//! `cargo run --example timeout`

use chango::prelude::*;

/// Answers after `delay`. When nobody listens any more, the answer is simply not sent.
fn ask(question: &'static str, delay: Duration) -> Receiver<String> {
    let (tx, rx) = bounded(0);
    go! {
        sleep(delay).await;
        tx <- format!("an answer to {question:?}");
    };
    rx
}

fn main() {
    const PATIENCE: Duration = Duration::from_millis(100);
    const SLOW: Duration = Duration::from_secs(60);
    run! {
        for delay in [Duration::from_millis(10), SLOW] {
            let answer = ask("select", delay);
            select! {
                Some(text) = <-answer => println!("{text}"),
                <-after(PATIENCE) => println!("select: no answer within {PATIENCE:?}"),
            }
        }

        match timeout(PATIENCE, sleep(SLOW)).await {
            Ok(()) => println!("slept"),
            Err(elapsed) => println!("timeout: {elapsed}"),
        }

        match ask("recv_timeout", SLOW).recv_timeout(PATIENCE).await {
            Ok(text) => println!("{text}"),
            Err(error) => println!("recv_timeout: {error}"),
        }
    }
}
