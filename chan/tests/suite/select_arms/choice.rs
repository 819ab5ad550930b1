//! The choice among ready arms is uniform, and starves nobody.
//!
//! The generator is seeded, so each test counts the same choices in every run: it passes or fails for
//! good. That the statistic would be exceeded once in a thousand seeds says that the one that stands
//! here was not looked for.

use std::future::{poll_fn, ready};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use chango_chan::{Receiver, Sender, bounded, recv_any, select, unbounded};
use chango_core::random;
use chango_core::runtime::{Builder, Runtime};
use chango_core::time::{after, sleep};
use futures_lite::future::block_on;

use super::winner;
use crate::fairness::chi_square;
use crate::support::{arm, arms};

const SEED: u64 = 0x5eed;
/// So often each arm is expected to win.
const EXPECTED: usize = 200;

/// How likely a chi-square statistic this large is, if all is as it should be.
fn p_value(statistic: f64, freedom: usize) -> f64 {
    // The upper incomplete gamma function, as one minus the series of the lower one.
    let (a, x) = (freedom as f64 / 2.0, statistic / 2.0);
    let mut ln_gamma = if freedom.is_multiple_of(2) {
        0.0
    } else {
        std::f64::consts::PI.sqrt().ln()
    };
    // From Γ(1) or Γ(½) up to Γ(a + 1).
    let mut at = if freedom.is_multiple_of(2) { 1.0 } else { 0.5 };
    while at <= a {
        ln_gamma += f64::ln(at);
        at += 1.0;
    }
    let (mut sum, mut term, mut next) = (1.0, 1.0, a);
    while term > sum * 1e-16 {
        next += 1.0;
        term *= x / next;
        sum += term;
    }
    1.0 - (a * x.ln() - x - ln_gamma).exp() * sum
}

#[test]
fn the_bounds_are_those_of_the_tables() {
    for (statistic, freedom) in [
        (10.828, 1),
        (13.816, 2),
        (18.467, 4),
        (37.697, 15),
        (62.487, 32),
        (103.442, 63),
    ] {
        let p = p_value(statistic, freedom);
        assert!((p - 0.001).abs() < 1e-5, "{freedom}: {p}");
    }
}

fn assert_uniform(what: &str, counts: &[u32]) {
    let statistic = chi_square(counts);
    let p = p_value(statistic, counts.len() - 1);
    println!(
        "{what}, {} arms: chi² {statistic:.1}, p {p:.3}",
        counts.len()
    );
    assert!(p > 0.001, "{what}: {counts:?}");
}

/// What the arms work on: always ready.
struct Ready {
    rx: Receiver<()>,
    filler: Sender<()>,
    tx: Sender<()>,
    drain: Receiver<()>,
    closed: Receiver<()>,
}

impl Ready {
    fn new() -> Self {
        let (filler, rx) = unbounded();
        let (tx, drain) = unbounded();
        let closed = bounded(0).1;
        let ready = Self {
            rx,
            filler,
            tx,
            drain,
            closed,
        };
        ready.refill();
        ready
    }

    fn refill(&self) {
        while self.rx.is_empty() {
            self.filler.try_send(()).unwrap();
        }
        while self.drain.try_recv().is_ok() {}
    }
}

/// An arm by its kind: receive, send, closed, future, timer.
macro_rules! kind {
    (r, $ready:ident) => {
        select::recv(&$ready.rx)
    };
    (s, $ready:ident) => {
        select::send(&$ready.tx, ())
    };
    (c, $ready:ident) => {
        select::recv(&$ready.closed)
    };
    (f, $ready:ident) => {
        select::future(ready(()))
    };
    (t, $ready:ident) => {
        select::recv_owned(after(Duration::ZERO))
    };
}

/// Counts which of the arms wins.
macro_rules! count {
    ($($kind:ident)*) => {{
        let ready = Ready::new();
        let mut counts = [$(stringify!($kind)),*].map(|_| 0_u32);
        for _ in 0..counts.len() * EXPECTED {
            let selected = block_on(select::wait(arms![$(kind!($kind, ready)),*]));
            counts[winner(&selected).expect("all are ready")] += 1;
            ready.refill();
        }
        assert_uniform("mixed", &counts);
    }};
}

#[test]
fn ready_arms_of_all_kinds_are_equally_likely() {
    let runtime = Builder::new().workers(1).build().unwrap();
    let handle = runtime.handle();
    // Timers have to be set somewhere.
    let _entered = handle.enter();
    random::seed(SEED);
    count!(r s);
    count!(f t);
    count!(c f r);
    count!(r s c f t);
    count!(r s c f t r s c f t r s c f t r);
    count!(r s c f t r s c f t r s c f t r s c f t r s c f t r s c f t r s c);
    count!(r s c f t r s c f t r s c f t r s c f t r s c f t r s c f t r s c f t r s c f t r s c f t
           r s c f t r s c f t r s c f t r s c f);
}

#[test]
fn ready_arms_are_equally_likely_beside_a_default() {
    random::seed(SEED);
    let ready = Ready::new();
    let idle = chango_chan::never::<()>();
    let mut counts = [0; 3];
    for _ in 0..3 * EXPECTED {
        let arms = arms![
            select::recv(&ready.rx),
            select::recv(&idle),
            select::send(&ready.tx, ()),
            select::recv(&ready.closed),
        ];
        match winner(&block_on(select::poll_default(arms))).expect("three are ready") {
            0 => counts[0] += 1,
            at => counts[at - 1] += 1,
        }
        ready.refill();
    }
    assert_uniform("beside a default", &counts);
}

#[test]
fn ready_receivers_of_a_slice_are_equally_likely() {
    random::seed(SEED);
    for count in [2, 3, 5, 16, 33, 64] {
        let (senders, mut receivers): (Vec<_>, Vec<_>) = (0..count).map(|_| unbounded()).unzip();
        // One of them is closed, and as ready as the others.
        receivers[count / 2] = bounded(0).1;
        let mut counts = vec![0_u32; count];
        for _ in 0..count * EXPECTED {
            for (tx, rx) in senders.iter().zip(&receivers) {
                if rx.is_empty() {
                    let _ = tx.try_send(());
                }
            }
            counts[block_on(recv_any(&receivers)).0] += 1;
        }
        assert_uniform("a slice", &counts);
    }
}

#[test]
fn a_future_that_needs_many_polls_is_not_starved_by_channels_that_are_always_ready() {
    random::seed(SEED);
    let ready = Ready::new();
    let mut left = 1_000;
    let mut future = pin!(poll_fn(|_| {
        left -= 1;
        if left == 0 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }));
    let mut rounds = 0;
    loop {
        rounds += 1;
        let arms = arms![
            select::recv(&ready.rx),
            select::future(future.as_mut()),
            select::send(&ready.tx, ()),
        ];
        if let arm!(1, ()) = block_on(select::wait(arms)) {
            break;
        }
        ready.refill();
    }
    // It is looked at before the other two in a third of all rounds, and before one of them, which
    // then wins, in another third of them not at all: so half of the rounds are its, with the seed.
    assert!((1_500..3_500).contains(&rounds), "{rounds}");
}

#[test]
fn a_channel_is_not_starved_by_futures_that_are_always_ready() {
    random::seed(SEED);
    let ready_ends = Ready::new();
    let mut received = 0;
    for _ in 0..3 * EXPECTED {
        let arms = arms![
            select::future(ready(())),
            select::recv(&ready_ends.rx),
            select::future(ready(())),
        ];
        received += u32::from(winner(&block_on(select::wait(arms))) == Some(1));
        ready_ends.refill();
    }
    assert_uniform(
        "a channel",
        &[received, 3 * EXPECTED as u32 - received - EXPECTED as u32],
    );
}

#[test]
fn a_sleep_ends_beside_channels_that_are_always_ready() {
    // One worker, which has to see to the timer as well.
    let one: Runtime = Builder::new().workers(1).build().unwrap();
    one.run(async {
        let ready = Ready::new();
        let mut sleep = pin!(sleep(Duration::from_millis(2)));
        loop {
            let arms = arms![
                select::recv(&ready.rx),
                select::future(sleep.as_mut()),
                select::send(&ready.tx, ()),
            ];
            if let arm!(1, ()) = select::wait(arms).await {
                break;
            }
            ready.refill();
        }
    });
}
