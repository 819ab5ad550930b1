//! Closes that race with sends and receives on threads, from every side and by every hand: each value
//! is received, given back or dropped, once; and what was said to be sent is received, unless nobody
//! is left who could.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use chango_chan::select::{self, Slot};
use chango_chan::{Receiver, Sender, bounded, unbounded};
use chango_core::random::Random;
use futures_lite::future::block_on;

use crate::ledger::{Fate, Ledger, Value};
use crate::support::{arm, arms};

const ROUNDS: usize = if cfg!(debug_assertions) { 60 } else { 2_000 };
/// So many values a sender has.
const EACH: usize = 40;
const SIDE: usize = 2;

/// How the channel comes to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Close {
    /// The senders go when they have sent all they have.
    LastSender,
    BySender,
    ByReceiver,
    /// The receivers go when they have received some.
    LastReceiver,
    /// A weak end is made a strong one at the same time.
    LastSenderBesideUpgrade,
}

const CLOSES: [Close; 5] = [
    Close::LastSender,
    Close::BySender,
    Close::ByReceiver,
    Close::LastReceiver,
    Close::LastSenderBesideUpgrade,
];

struct Round {
    close: Close,
    ledger: Ledger,
    next: AtomicUsize,
    /// Sends that succeeded.
    sent: AtomicUsize,
}

impl Round {
    fn value(&self) -> Value {
        self.ledger.value(self.next.fetch_add(1, Ordering::Relaxed))
    }

    fn send(&self, tx: &Sender<Value>, mut random: Random) {
        for _ in 0..EACH {
            let value = self.value();
            let sent = match random.below(3) {
                0 => tx.send_blocking(value).map_err(|error| error.into_inner()),
                1 => block_on(select::wait(arms![select::send(tx, value)]))
                    .one()
                    .map_err(|error| error.into_inner()),
                _ => {
                    let mut slot = Slot::new(value);
                    let arms = arms![select::send_slot(tx, &mut slot)];
                    match block_on(select::poll_default(arms)) {
                        arm!(0, sent) => sent.map_err(|error| error.into_inner()),
                        // No room: it is not an end.
                        _ => {
                            slot.take().give_back();
                            continue;
                        }
                    }
                }
            };
            match sent {
                Ok(()) => {
                    self.sent.fetch_add(1, Ordering::Relaxed);
                }
                Err(value) => return value.give_back(),
            }
        }
    }

    fn receive(&self, rx: &Receiver<Value>, mut random: Random) {
        let most = match self.close {
            Close::LastReceiver => random.below(EACH),
            _ => usize::MAX,
        };
        for _ in 0..most {
            let received = match random.below(3) {
                0 => rx.recv_blocking(),
                1 => block_on(select::wait(arms![select::recv(rx)])).one(),
                _ => {
                    let mut values = vec![];
                    if block_on(rx.recv_many(&mut values, 3)) == 0 {
                        return;
                    }
                    values.into_iter().for_each(Value::receive);
                    continue;
                }
            };
            match received {
                Some(value) => value.receive(),
                None => return,
            }
        }
    }

    fn settle(&self) {
        self.ledger.settle();
        let fates = self.ledger.fates();
        let count = |fate| fates.iter().filter(|(_, met)| *met == fate).count();
        let (received, dropped) = (count(Fate::Received), count(Fate::Dropped));
        assert_eq!(received + dropped, self.sent.load(Ordering::Relaxed));
        if self.close != Close::LastReceiver {
            assert_eq!(dropped, 0, "{:?}", self.close);
        }
    }
}

/// The output of a select with one arm.
trait One {
    type Output;
    fn one(self) -> Self::Output;
}

impl<T, L> One for select::Selected<select::Won<T, L>> {
    type Output = T;
    fn one(self) -> T {
        match self {
            arm!(0, output) => output,
            _ => unreachable!("it has one arm"),
        }
    }
}

fn run(close: Close, capacity: Option<usize>, seed: u64) -> usize {
    let (tx, rx) = capacity.map_or_else(unbounded, bounded);
    let weak = tx.downgrade();
    let round = Arc::new(Round {
        close,
        ledger: Ledger::default(),
        next: AtomicUsize::new(0),
        sent: AtomicUsize::new(0),
    });
    thread::scope(|scope| {
        for id in 0..SIDE as u64 {
            let (tx, rx, round) = (tx.clone(), rx.clone(), &round);
            let random = |side| Random::new(seed * 8 + id * 2 + side);
            let (of_sender, of_receiver) = (random(0), random(1));
            scope.spawn(move || round.send(&tx, of_sender));
            scope.spawn(move || round.receive(&rx, of_receiver));
        }
        match close {
            Close::LastSender | Close::LastReceiver => drop((tx, rx)),
            Close::BySender | Close::ByReceiver => {
                let after = Random::new(seed).below(EACH);
                // Somewhere in the midst of it.
                while round.next.load(Ordering::Relaxed) < after {
                    thread::yield_now();
                }
                let first = match close {
                    Close::BySender => tx.close(),
                    _ => rx.close(),
                };
                assert!(first);
                assert!(!tx.close() && !rx.close());
            }
            Close::LastSenderBesideUpgrade => {
                drop((tx, rx));
                // Whoever is the last closes; a side that has ended stays ended.
                while let Some(tx) = weak.upgrade() {
                    assert!(!tx.is_closed());
                }
                assert!(weak.upgrade().is_none());
            }
        }
    });
    round.settle();
    round.sent.load(Ordering::Relaxed)
}

#[test]
fn values_beside_a_close_on_another_thread_have_one_end_each() {
    let mut sent = 0;
    for round in 0..ROUNDS {
        for close in CLOSES {
            let capacities = [Some(0), Some(1), Some(3), None];
            sent += run(close, capacities[round % 4], round as u64);
        }
    }
    println!("{} closes beside {sent} messages", ROUNDS * CLOSES.len());
}
