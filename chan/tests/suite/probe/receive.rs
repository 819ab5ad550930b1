//! Receives that wait.

use std::cell::Cell;
use std::thread;

use chango_chan::select;
use futures_lite::future::block_on;

use super::kinds::{Op, ReceiveKind};
use super::ways::Way;
use super::{Bench, CAPACITIES, probe};
use crate::ledger::Fate;
use crate::support::{arm, arms, poll};

/// What the other side does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Nothing,
    TrySend,
    Send,
    SelectSend,
    SelectDefault,
    SendOnThread,
    /// A receive that waited before was handed the value, and is dropped.
    GiveBack,
    /// The same, twice over.
    GiveBackTwice,
    CloseBySender,
    CloseByReceiver,
    LastSender,
}

impl Act {
    pub(super) const ALL: [Self; 11] = [
        Self::Nothing,
        Self::TrySend,
        Self::Send,
        Self::SelectSend,
        Self::SelectDefault,
        Self::SendOnThread,
        Self::GiveBack,
        Self::GiveBackTwice,
        Self::CloseBySender,
        Self::CloseByReceiver,
        Self::LastSender,
    ];

    fn closes(self) -> bool {
        matches!(
            self,
            Self::CloseBySender | Self::CloseByReceiver | Self::LastSender
        )
    }

    fn sends(self) -> bool {
        self != Self::Nothing && !self.closes()
    }

    /// Receives that wait before the one that is probed.
    pub(super) fn earlier(self, bench: &Bench) -> Vec<Op> {
        let count = match self {
            Self::GiveBack => 1,
            Self::GiveBackTwice => 2,
            _ => 0,
        };
        (0..count).map(|_| waiting(bench)).collect()
    }

    /// Completes the operation: with value 1, or a close.
    pub(super) fn run(self, bench: &mut Bench, earlier: &mut Vec<Op>) {
        let value = || bench.ledger.value(1);
        match self {
            Self::Nothing => {}
            Self::TrySend => assert!(bench.try_send(1)),
            Self::Send => {
                let mut send = Box::pin(bench.tx().send(value()));
                assert!(poll(&mut send).is_ready());
            }
            Self::SelectSend => {
                let arms = arms![select::send(bench.tx(), value())];
                assert!(matches!(block_on(select::wait(arms)), arm!(0, Ok(()))));
            }
            Self::SelectDefault => {
                let nil = select::recv(&None::<chango_chan::Receiver<()>>);
                let arms = arms![nil, select::send(bench.tx(), value())];
                assert!(matches!(
                    block_on(select::poll_default(arms)),
                    arm!(1, Ok(()))
                ));
            }
            Self::SendOnThread => {
                let (tx, value) = (bench.tx(), value());
                thread::scope(|scope| {
                    scope.spawn(|| tx.send_blocking(value).unwrap());
                });
            }
            Self::GiveBack | Self::GiveBackTwice => {
                assert!(bench.try_send(1));
                // Each hands it to the next, the last one to the one that is probed.
                earlier.drain(..).for_each(drop);
            }
            Self::CloseBySender => assert!(bench.tx().close()),
            Self::CloseByReceiver => assert!(bench.rx().close()),
            Self::LastSender => drop(bench.tx.take()),
        }
    }
}

/// A plain receive that has begun to wait.
fn waiting(bench: &Bench) -> Op {
    let mut op = ReceiveKind::Recv.op(bench.rx().clone());
    assert!(poll(&mut op).is_pending());
    op
}

/// Who waits behind the one that is probed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heir {
    Nobody,
    Receive(ReceiveKind),
}

const HEIRS: [Heir; 3] = [
    Heir::Nobody,
    Heir::Receive(ReceiveKind::Recv),
    Heir::Receive(ReceiveKind::SelectReceives),
];

/// Who comes next does not depend on the thread, so that where threads cost time there is nobody.
const NO_HEIR: [Heir; 1] = [Heir::Nobody];

fn run(kind: ReceiveKind, capacity: Option<usize>, act: Act, way: Way, heir: Heir) {
    let mut bench = Bench::new(capacity);
    let mut earlier = act.earlier(&bench);
    let mut fates = vec![];
    let mut stored = 0;
    let mut heir = match heir {
        Heir::Nobody => None,
        Heir::Receive(kind) => Some(kind.op(bench.rx().clone())),
    };
    let op = kind.op(bench.rx().clone());
    way.run(op, &mut || {
        if let Some(heir) = &mut heir {
            assert!(poll(heir).is_pending());
        }
        act.run(&mut bench, &mut earlier);
        if act.sends() && heir.is_none() {
            // What comes later has to come out later.
            for id in [2, 3] {
                let sent = bench.try_send(id);
                assert_eq!(sent, capacity.is_none_or(|most| stored < most));
                stored += usize::from(sent);
                let fate = if sent { Fate::Received } else { Fate::Returned };
                fates.push((id, fate));
            }
        }
    });
    if act.sends() {
        fates.push((1, Fate::Received));
    }
    if let Some(mut heir) = heir {
        // The value passed on to the heir, or else it waits on.
        let inherits = (act.sends() && !way.polls()) || act.closes();
        assert_eq!(bench.rx().len(), 0);
        assert_eq!(poll(&mut heir).is_ready(), inherits, "the heir");
    } else if act.sends() && !way.polls() {
        // It came back, and is stored even where nothing else can be.
        assert_eq!(bench.rx().len(), 1 + stored);
        assert_eq!(
            bench.rx().is_full(),
            capacity.is_some_and(|most| stored + 1 >= most)
        );
    }
    bench.drain();
    bench.ends_alone(&mut fates);
    fates.sort_unstable();
    assert_eq!(bench.ledger.fates(), fates);
    assert!(bench.ledger.received().is_sorted(), "the order");
}

fn probe_all(ways: &[Way], heirs: &[Heir]) -> usize {
    let cells = Cell::new(0);
    for &way in ways {
        for kind in ReceiveKind::ALL {
            for (capacity, act) in combinations() {
                if way.needs_nothing() && act != Act::Nothing {
                    continue;
                }
                if way.polls() && act == Act::Nothing {
                    continue;
                }
                for &heir in heirs {
                    probe(
                        format_args!("{kind:?}, {capacity:?}, {act:?}, {way:?}, then {heir:?}"),
                        &cells,
                        || run(kind, capacity, act, way, heir),
                    );
                }
            }
        }
    }
    cells.get()
}

fn combinations() -> impl Iterator<Item = (Option<usize>, Act)> {
    let capacities = CAPACITIES.into_iter();
    capacities.flat_map(|capacity| Act::ALL.map(|act| (capacity, act)))
}

#[test]
fn a_receive_that_was_completed_and_is_dropped_unpolled_loses_and_doubles_nothing() {
    println!("receives: {} cells", probe_all(&Way::HERE, &HEIRS));
}

#[test]
fn a_receive_that_ends_with_its_goroutine_or_thread_loses_and_doubles_nothing() {
    let cells = probe_all(&Way::ELSEWHERE, &NO_HEIR);
    println!("receives in goroutines and on threads: {cells} cells");
}
