//! A value to another goroutine and its successor back: what it costs to be woken.

use chango::prelude::*;

use crate::{Scenario, sum_below};

/// One operation is a round trip: two values, and two goroutines that are woken.
pub fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("hop/rendezvous", |rounds| ping_pong(0, rounds))
            .on_both()
            .counted(40_000),
        Scenario::new("hop/cap_1", |rounds| ping_pong(1, rounds))
            .on_both()
            .counted(40_000),
    ]
}

async fn ping_pong(capacity: usize, rounds: u64) -> Duration {
    let (ping, pinged) = bounded::<u64>(capacity);
    let (pong, ponged) = bounded::<u64>(capacity);
    let partner = go! {
        let mut sum = 0;
        for value in <-pinged {
            sum += value;
            pong <- value + 1;
        }
        sum
    };
    let began = Instant::now();
    co! {
        for round in 0..rounds {
            ping <- round;
            assert_eq!(<-ponged, Some(round + 1), "an answer is wrong");
        }
    }
    let spent = began.elapsed();
    drop(ping);
    let sum = partner.await.expect("the partner panicked");
    assert_eq!(sum, sum_below(rounds), "a value was lost or doubled");
    spent
}
