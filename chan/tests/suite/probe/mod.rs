//! The probe: an operation waits, it is completed from the other side, and it is dropped without
//! another poll. For every kind of operation, every capacity, every other side and every way of
//! dropping, all values are accounted for.
//!
//! What must hold in every cell: each value was received once, or given back once by its send, or
//! dropped once with whoever had it; what is received comes in the order in which it was sent; the
//! channel has the length that its documentation says; nobody is left in its queues.

mod hostile;
mod kinds;
mod order;
mod receive;
mod send;
mod ways;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use chango_chan::{Receiver, Sender, bounded, unbounded};

use crate::ledger::{Fate, Ledger, Value};

/// What is sent when all is over, to see who is there.
const LAST: usize = 999;

const CAPACITIES: [Option<usize>; 4] = [Some(0), Some(1), Some(3), None];

/// A channel, and what becomes of its values.
struct Bench {
    tx: Option<Sender<Value>>,
    rx: Option<Receiver<Value>>,
    ledger: Ledger,
    capacity: Option<usize>,
}

impl Bench {
    fn new(capacity: Option<usize>) -> Self {
        let (tx, rx) = capacity.map_or_else(unbounded, bounded);
        Self {
            tx: Some(tx),
            rx: Some(rx),
            ledger: Ledger::default(),
            capacity,
        }
    }

    fn tx(&self) -> &Sender<Value> {
        self.tx.as_ref().expect("the sender is there")
    }

    fn rx(&self) -> &Receiver<Value> {
        self.rx.as_ref().expect("the receiver is there")
    }

    /// Sends without waiting; whether it went.
    fn try_send(&self, id: usize) -> bool {
        match self.tx().try_send(self.ledger.value(id)) {
            Ok(()) => true,
            Err(error) => {
                error.into_inner().give_back();
                false
            }
        }
    }

    /// Takes out all that is there.
    fn drain(&self) {
        if let Some(rx) = &self.rx {
            while let Ok(value) = rx.try_recv() {
                value.receive();
            }
        }
    }

    /// Nobody is left in the queues: a rendezvous has nobody to hand the last value to, and a store
    /// has nobody who takes it out.
    fn ends_alone(&self, fates: &mut Vec<(usize, Fate)>) {
        let open = self.rx.as_ref().is_some_and(|rx| !rx.is_closed());
        if self.tx.is_some() {
            let sent = self.try_send(LAST);
            assert_eq!(sent, open && self.capacity != Some(0), "the last send");
            self.drain();
            let fate = if sent { Fate::Received } else { Fate::Returned };
            fates.push((LAST, fate));
        }
    }
}

/// Runs a cell of the matrix, and says which one it was if it fails.
fn probe(name: std::fmt::Arguments<'_>, cells: &Cell<usize>, run: impl FnOnce()) {
    cells.set(cells.get() + 1);
    if let Err(panic) = catch_unwind(AssertUnwindSafe(run)) {
        eprintln!("the probe that failed: {name}");
        resume_unwind(panic);
    }
}
