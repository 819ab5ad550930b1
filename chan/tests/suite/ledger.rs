//! Values that are accounted for: each of them notes once what became of it.

use std::fmt;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// What became of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fate {
    Received,
    /// A send gave it back as an error.
    Returned,
    /// It went down with whoever had it.
    Dropped,
}

/// What a destructor does besides.
pub(crate) type Hook = Arc<dyn Fn() + Send + Sync>;

/// All that was noted, in the order in which it was.
#[derive(Clone, Default)]
pub(crate) struct Ledger(Arc<Notes>);

#[derive(Default)]
struct Notes {
    made: AtomicUsize,
    fates: Mutex<Vec<(usize, Fate)>>,
    hook: Mutex<Option<Hook>>,
}

impl Ledger {
    pub(crate) fn value(&self, id: usize) -> Value {
        self.0.made.fetch_add(1, Ordering::SeqCst);
        Value {
            id,
            fate: Fate::Dropped,
            ledger: self.clone(),
        }
    }

    /// Everything noted, sorted: a value that is alive is missing, one that was doubled is twice
    /// here.
    pub(crate) fn fates(&self) -> Vec<(usize, Fate)> {
        let mut fates = self.0.fates.lock().unwrap().clone();
        fates.sort_unstable();
        fates
    }

    /// Each value that was made has met one fate. They have different ids.
    pub(crate) fn settle(&self) {
        let fates = self.fates();
        let twice = fates.windows(2).find(|pair| pair[0].0 == pair[1].0);
        assert_eq!(twice, None, "doubled");
        assert_eq!(fates.len(), self.0.made.load(Ordering::SeqCst), "{fates:?}");
    }

    /// From now on every destructor of a value calls this; none: no longer.
    pub(crate) fn set_hook(&self, hook: Option<Hook>) {
        let old = mem::replace(&mut *self.0.hook.lock().unwrap(), hook);
        drop(old);
    }

    /// What was received, in that order.
    pub(crate) fn received(&self) -> Vec<usize> {
        let fates = self.0.fates.lock().unwrap();
        let received = fates.iter().filter(|(_, fate)| *fate == Fate::Received);
        received.map(|&(id, _)| id).collect()
    }
}

pub(crate) struct Value {
    id: usize,
    fate: Fate,
    ledger: Ledger,
}

impl Value {
    pub(crate) fn receive(self) {
        self.end(Fate::Received);
    }

    pub(crate) fn give_back(self) {
        self.end(Fate::Returned);
    }

    fn end(mut self, fate: Fate) {
        self.fate = fate;
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        let notes = &self.ledger.0;
        notes.fates.lock().unwrap().push((self.id, self.fate));
        let hook = notes.hook.lock().unwrap().clone();
        if let Some(hook) = hook {
            hook();
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Value").field(&self.id).finish()
    }
}
