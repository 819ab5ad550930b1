//! Several receives that were handed values and are dropped in any order: what came back is received
//! in the order in which it was sent, before everything that was sent later.

use std::cell::Cell;

use super::kinds::ReceiveKind;
use super::ways::runtime;
use super::{Bench, CAPACITIES, probe};
use crate::support::poll;

const COUNT: usize = 4;

/// All orders of so many.
fn orders(count: usize) -> Vec<Vec<usize>> {
    let Some(last) = count.checked_sub(1) else {
        return vec![vec![]];
    };
    let insert = |order: Vec<usize>| {
        (0..count).map(move |at| {
            let mut longer = order.clone();
            longer.insert(at, last);
            longer
        })
    };
    orders(last).into_iter().flat_map(insert).collect()
}

/// Value `id` is handed to receive `id`; those in `polled` have it, the others are dropped, all in
/// this order.
fn run(kind: ReceiveKind, capacity: Option<usize>, order: &[usize], polled: usize) {
    let bench = Bench::new(capacity);
    let is_polled = |id: usize| polled & (1 << id) != 0;
    let mut ops: Vec<_> = (0..COUNT)
        .map(|_| Some(kind.op(bench.rx().clone())))
        .collect();
    for op in ops.iter_mut().flatten() {
        assert!(poll(op).is_pending());
    }
    (0..COUNT).for_each(|id| assert!(bench.try_send(id)));
    // Stored, if there is room, and to be received last.
    let later = bench.try_send(COUNT);
    for &id in order {
        let mut op = ops[id].take().expect("each is ended once");
        if is_polled(id) {
            assert!(poll(&mut op).is_ready());
        }
    }
    let mut expected: Vec<_> = order.iter().copied().filter(|&id| is_polled(id)).collect();
    if kind == ReceiveKind::RecvMany {
        // A batch takes along what has come back, so that only the number is foreseen here.
        bench.drain();
        assert_eq!(bench.ledger.fates().len(), COUNT + 1);
        return;
    }
    let back = (0..COUNT).filter(|&id| !is_polled(id));
    assert_eq!(bench.rx().len(), back.clone().count() + usize::from(later));
    bench.drain();
    expected.extend(back);
    expected.extend(later.then_some(COUNT));
    assert_eq!(bench.ledger.received(), expected);
    assert_eq!(bench.ledger.fates().len(), COUNT + 1);
}

#[test]
fn values_that_came_back_keep_their_order_however_their_receives_were_dropped() {
    let handle = runtime().handle();
    // Some operations have a timer.
    let _entered = handle.enter();
    let cells = Cell::new(0);
    for kind in ReceiveKind::ALL {
        for capacity in CAPACITIES {
            for order in orders(COUNT) {
                for polled in 0..1 << COUNT {
                    probe(
                        format_args!("{kind:?}, {capacity:?}, {order:?}, polled: {polled:b}"),
                        &cells,
                        || run(kind, capacity, &order, polled),
                    );
                }
            }
        }
    }
    println!("orders: {} cells", cells.get());
}

#[test]
fn a_value_that_was_passed_on_keeps_its_place_however_the_receives_were_dropped() {
    for kind in ReceiveKind::ALL {
        for order in orders(COUNT) {
            let bench = Bench::new(Some(0));
            let handle = runtime().handle();
            let _entered = handle.enter();
            let wait = || {
                let mut op = kind.op(bench.rx().clone());
                assert!(poll(&mut op).is_pending());
                op
            };
            let first = wait();
            let mut ops: Vec<_> = (1..COUNT).map(|_| Some(wait())).collect();
            (0..COUNT).for_each(|id| assert!(bench.try_send(id)));
            // The oldest value is with the youngest receive now.
            ops.push(Some(wait()));
            drop(first);
            order.iter().for_each(|&at| drop(ops[at].take()));
            bench.drain();
            assert!(bench.ledger.received().is_sorted(), "{kind:?}, {order:?}");
            assert_eq!(bench.ledger.received().len(), COUNT);
        }
    }
}
