//! Every ready arm is equally likely: chi-square tests, with bounds that bad luck does not reach.

use chango_chan::select::{self, Selected};
use chango_chan::{bounded, unbounded};
use futures_lite::future::block_on;

use crate::support::{arm, arms};

/// The statistic of `counts` against equal shares.
pub(crate) fn chi_square(counts: &[u32]) -> f64 {
    let total: u32 = counts.iter().sum();
    let expected = f64::from(total) / counts.len() as f64;
    counts
        .iter()
        .map(|&count| (f64::from(count) - expected).powi(2) / expected)
        .sum()
}

/// For 2 degrees of freedom this is exceeded once in 10⁹ runs.
const BOUND_FOR_THREE: f64 = 41.5;

#[test]
fn ready_receive_arms_are_equally_likely() {
    let [(tx1, rx1), (tx2, rx2), (tx3, rx3)] = [(); 3].map(|()| bounded(1));
    let mut counts = [0; 3];
    for _ in 0..30_000 {
        for tx in [&tx1, &tx2, &tx3] {
            // One of them has taken nothing.
            let _ = tx.try_send(());
        }
        let arms = arms![select::recv(&rx1), select::recv(&rx2), select::recv(&rx3)];
        match block_on(select::wait(arms)) {
            arm!(0, _) => counts[0] += 1,
            arm!(1, _) => counts[1] += 1,
            arm!(2, _) => counts[2] += 1,
            Selected::Default | Selected::Disabled | Selected::Arm(_) => unreachable!(),
        }
    }
    assert!(chi_square(&counts) < BOUND_FOR_THREE, "{counts:?}");
}

#[test]
fn arms_of_different_kinds_are_equally_likely() {
    let (tx, rx) = unbounded();
    tx.try_send(()).unwrap();
    let (closed_tx, closed_rx) = bounded::<()>(0);
    drop(closed_tx);
    let mut counts = [0; 3];
    for _ in 0..30_000 {
        let arms = arms![
            select::send(&tx, ()),
            select::recv(&closed_rx),
            select::future(std::future::ready(())),
        ];
        match block_on(select::wait(arms)) {
            arm!(0, _) => counts[0] += 1,
            arm!(1, _) => counts[1] += 1,
            arm!(2, _) => counts[2] += 1,
            Selected::Default | Selected::Disabled | Selected::Arm(_) => unreachable!(),
        }
    }
    assert!(chi_square(&counts) < BOUND_FOR_THREE, "{counts:?}");
    drop(rx);
}

#[test]
fn a_ready_arm_is_as_likely_wherever_the_idle_ones_stand() {
    let (tx1, rx1) = bounded(1);
    let (_idle_tx, idle) = bounded::<()>(1);
    let (tx2, rx2) = bounded(1);
    let mut counts = [0; 2];
    for _ in 0..20_000 {
        let _ = (tx1.try_send(()), tx2.try_send(()));
        let arms = arms![select::recv(&rx1), select::recv(&idle), select::recv(&rx2)];
        match block_on(select::wait(arms)) {
            arm!(0, _) => counts[0] += 1,
            arm!(2, _) => counts[1] += 1,
            _ => unreachable!("nobody sends to the one in the middle"),
        }
    }
    // For 1 degree of freedom this is exceeded once in 10⁹ runs.
    assert!(chi_square(&counts) < 37.4, "{counts:?}");
}
