//! Values that are accounted for: each of them notes once what became of it.

use std::sync::{Arc, Mutex};

/// What became of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    Received,
    /// A send gave it back as an error.
    Returned,
    /// It went down with whoever had it.
    Dropped,
}

/// All that was noted, in the order in which it was.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger(Arc<Mutex<Vec<(usize, Fate)>>>);

impl Ledger {
    pub(super) fn value(&self, id: usize) -> Value {
        Value {
            id,
            fate: Fate::Dropped,
            ledger: self.clone(),
        }
    }

    /// Everything noted, sorted: a value that is alive is missing, one that was doubled is twice
    /// here.
    pub(super) fn fates(&self) -> Vec<(usize, Fate)> {
        let mut fates = self.0.lock().unwrap().clone();
        fates.sort_unstable();
        fates
    }

    /// What was received, in that order.
    pub(super) fn received(&self) -> Vec<usize> {
        let fates = self.0.lock().unwrap();
        let received = fates.iter().filter(|(_, fate)| *fate == Fate::Received);
        received.map(|&(id, _)| id).collect()
    }
}

#[derive(Debug)]
pub(super) struct Value {
    id: usize,
    fate: Fate,
    ledger: Ledger,
}

impl Value {
    pub(super) fn receive(self) {
        self.end(Fate::Received);
    }

    pub(super) fn give_back(self) {
        self.end(Fate::Returned);
    }

    fn end(mut self, fate: Fate) {
        self.fate = fate;
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        self.ledger.0.lock().unwrap().push((self.id, self.fate));
    }
}
