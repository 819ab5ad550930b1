//! Sends that wait.

use std::cell::Cell;
use std::thread;

use chango_chan::select;
use futures_lite::future::block_on;

use super::kinds::{BESIDE, Op, SENT, SendKind};
use super::ways::Way;
use super::{Bench, probe};
use crate::ledger::{Fate, Value};
use crate::support::{arm, arms, poll};

/// The value of the send that waits behind.
const LATER: usize = 200;

/// An unbounded channel has no send that waits.
pub(super) const CAPACITIES: [usize; 3] = [0, 1, 3];

/// What the other side does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Nothing,
    TryRecv,
    Recv,
    RecvMany,
    SelectRecv,
    SelectDefault,
    RecvOnThread,
    CloseBySender,
    CloseByReceiver,
    LastReceiver,
}

impl Act {
    pub(super) const ALL: [Self; 10] = [
        Self::Nothing,
        Self::TryRecv,
        Self::Recv,
        Self::RecvMany,
        Self::SelectRecv,
        Self::SelectDefault,
        Self::RecvOnThread,
        Self::CloseBySender,
        Self::CloseByReceiver,
        Self::LastReceiver,
    ];

    pub(super) fn closes(self) -> bool {
        matches!(
            self,
            Self::CloseBySender | Self::CloseByReceiver | Self::LastReceiver
        )
    }

    fn receives(self) -> bool {
        self != Self::Nothing && !self.closes()
    }

    pub(super) fn run(self, bench: &mut Bench) {
        let received = match self {
            Self::Nothing => None,
            Self::TryRecv => bench.rx().try_recv().ok(),
            Self::Recv => block_on(bench.rx().recv()),
            Self::RecvMany => {
                let mut values = vec![];
                block_on(bench.rx().recv_many(&mut values, 10));
                for value in values {
                    value.receive();
                }
                None
            }
            Self::SelectRecv => match block_on(select::wait(arms![select::recv(bench.rx())])) {
                arm!(0, received) => received,
                _ => None,
            },
            Self::SelectDefault => {
                let nil = select::recv(&None::<chango_chan::Receiver<()>>);
                let arms = arms![select::recv(bench.rx()), nil];
                match block_on(select::poll_default(arms)) {
                    arm!(0, received) => received,
                    _ => None,
                }
            }
            Self::RecvOnThread => {
                let rx = bench.rx();
                thread::scope(|scope| scope.spawn(|| rx.recv_blocking()).join().unwrap())
            }
            Self::CloseBySender => {
                assert!(bench.tx().close());
                None
            }
            Self::CloseByReceiver => {
                assert!(bench.rx().close());
                None
            }
            Self::LastReceiver => {
                drop(bench.rx.take());
                None
            }
        };
        let one = !matches!(self, Self::Nothing | Self::RecvMany) && !self.closes();
        assert_eq!(received.is_some(), one);
        received.into_iter().for_each(Value::receive);
    }
}

fn run(kind: SendKind, capacity: usize, act: Act, way: Way, is_followed: bool) {
    let mut bench = Bench::new(Some(capacity));
    for id in 1..=capacity {
        assert!(bench.try_send(id));
    }
    let mut later: Option<Op> =
        is_followed.then(|| later(bench.tx().clone(), bench.ledger.value(LATER)));
    let op = kind.op(bench.tx().clone(), &bench.ledger);
    way.run(op, &mut || {
        if let Some(later) = &mut later {
            assert!(poll(later).is_pending());
        }
        act.run(&mut bench);
    });

    // What was stored is received, unless nobody is left who could.
    let stored = match act {
        Act::LastReceiver => Fate::Dropped,
        _ => Fate::Received,
    };
    let mut fates: Vec<_> = (1..=capacity).map(|id| (id, stored)).collect();
    let sent = match (act.receives(), way.polls()) {
        (true, _) => Fate::Received,
        (false, true) => Fate::Returned,
        (false, false) => Fate::Dropped,
    };
    fates.push((SENT, sent));
    if kind == SendKind::SelectSends {
        fates.push((BESIDE, Fate::Dropped));
    }
    if let Some(rx) = &bench.rx {
        let stored = if act == Act::RecvMany { 0 } else { capacity };
        assert_eq!(rx.len(), stored);
    }
    bench.drain();
    if let Some(mut later) = later {
        // It has its turn behind the one that is gone.
        assert!(poll(&mut later).is_ready(), "the one that waits behind");
        let fate = if act.closes() {
            Fate::Returned
        } else {
            Fate::Received
        };
        fates.push((LATER, fate));
    }
    bench.ends_alone(&mut fates);
    fates.sort_unstable();
    assert_eq!(bench.ledger.fates(), fates);
    assert!(bench.ledger.received().is_sorted(), "the order");
}

fn later(tx: chango_chan::Sender<Value>, value: Value) -> Op {
    Box::pin(async move {
        if let Err(error) = tx.send(value).await {
            error.into_inner().give_back();
        }
    })
}

fn probe_all(ways: &[Way]) -> usize {
    let cells = Cell::new(0);
    for &way in ways {
        for kind in SendKind::ALL {
            for (capacity, act) in combinations() {
                if skips(kind, act, way) {
                    continue;
                }
                for is_followed in [false, true] {
                    probe(
                        format_args!(
                            "{kind:?}, {capacity}, {act:?}, {way:?}, followed: {is_followed}"
                        ),
                        &cells,
                        || run(kind, capacity, act, way, is_followed),
                    );
                }
            }
        }
    }
    cells.get()
}

fn combinations() -> impl Iterator<Item = (usize, Act)> {
    let capacities = CAPACITIES.into_iter();
    capacities.flat_map(|capacity| Act::ALL.map(|act| (capacity, act)))
}

fn skips(kind: SendKind, act: Act, way: Way) -> bool {
    // A statement on a closed channel panics, as it should.
    let panics = kind == SendKind::Statement && act.closes() && way.polls();
    let without_end = act == Act::Nothing && way.polls();
    panics || without_end || (way.needs_nothing() && act != Act::Nothing)
}

#[test]
fn a_send_that_was_completed_and_is_dropped_unpolled_loses_and_doubles_nothing() {
    println!("sends: {} cells", probe_all(&Way::HERE));
}

#[test]
fn a_send_that_ends_with_its_goroutine_or_thread_loses_and_doubles_nothing() {
    let cells = probe_all(&Way::ELSEWHERE);
    println!("sends in goroutines and on threads: {cells} cells");
}
