//! What became of every message of a round.
//!
//! A message is dropped exactly once, wherever it ends. One whose send was reported as done is
//! received exactly once; one that came back to its sender is not received; of one whose send was
//! given up half-way nobody knows, but it is not received twice.

use std::fmt;
use std::ops::AddAssign;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use crate::storm::Pulse;

#[derive(Default)]
struct Entry {
    accepted: AtomicU8,
    returned: AtomicU8,
    received: AtomicU8,
    dropped: AtomicU8,
}

/// The book of one round: it makes the messages and remembers them.
pub(crate) struct Ledger {
    entries: Box<[Entry]>,
    next: AtomicUsize,
    pulse: Arc<Pulse>,
}

/// Whether messages may be lost with the channel they are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Somebody drains all channels to their end.
    None,
    /// All receivers may go away while something is buffered.
    WithReceivers,
}

/// How many messages came to which end. None of them was lost or doubled, or else there is no tally.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) made: usize,
    pub(crate) received: usize,
    /// Their senders have them back.
    pub(crate) returned: usize,
}

impl Tally {
    /// Those that went down with their send, or with the goroutine or channel that had them.
    fn dropped(&self) -> usize {
        self.made - self.received - self.returned
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.made += other.made;
        self.received += other.received;
        self.returned += other.returned;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            made,
            received,
            returned,
        } = self;
        if *made == 0 {
            return f.write_str("no messages");
        }
        write!(
            f,
            "{made} messages made, {received} received, {returned} returned to their senders, {} \
             dropped with their send or their receiver, 0 lost, 0 doubled",
            self.dropped()
        )
    }
}

impl Ledger {
    pub(crate) fn new(messages: usize, pulse: &Arc<Pulse>) -> Arc<Self> {
        Arc::new(Self {
            entries: (0..messages).map(|_| Entry::default()).collect(),
            next: AtomicUsize::new(0),
            pulse: Arc::clone(pulse),
        })
    }

    /// A new message; none when all of this round have been made.
    pub(crate) fn message(self: &Arc<Self>) -> Option<Message> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        (id < self.entries.len()).then(|| Message {
            id,
            ledger: Arc::clone(self),
        })
    }

    /// How many messages of this round have been made.
    pub(crate) fn made(&self) -> usize {
        self.next.load(Ordering::Relaxed).min(self.entries.len())
    }

    /// Whether all messages of this round have been made.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.made() == self.entries.len()
    }

    /// A send said that this message has gone.
    pub(crate) fn accepted(&self, id: usize) {
        self.entries[id].accepted.fetch_add(1, Ordering::Relaxed);
        self.pulse.beat();
    }

    /// A send gave this message back.
    pub(crate) fn returned(&self, message: Message) {
        self.entries[message.id]
            .returned
            .fetch_add(1, Ordering::Relaxed);
        self.pulse.beat();
    }

    /// Looks through all entries, and counts them. Nothing may be under way any more.
    pub(crate) fn check(&self, loss: Loss) -> Tally {
        let mut tally = Tally {
            made: self.made(),
            ..Tally::default()
        };
        for (id, entry) in self.entries[..self.made()].iter().enumerate() {
            let [accepted, returned, received, dropped] = [
                &entry.accepted,
                &entry.returned,
                &entry.received,
                &entry.dropped,
            ]
            .map(|count| count.load(Ordering::Relaxed));
            let told = format!(
                "message {id}: accepted {accepted}, returned {returned}, received {received}, \
                 dropped {dropped} times"
            );
            assert_eq!(dropped, 1, "{told}");
            assert!(received <= 1 && accepted + returned <= 1, "{told}");
            assert!(returned == 0 || received == 0, "{told}");
            assert!(
                loss == Loss::WithReceivers || accepted <= received,
                "{told}"
            );
            tally.received += usize::from(received);
            tally.returned += usize::from(returned);
        }
        tally
    }
}

/// One message. Where it is dropped, its ledger hears of it.
pub(crate) struct Message {
    id: usize,
    ledger: Arc<Ledger>,
}

impl Message {
    pub(crate) fn id(&self) -> usize {
        self.id
    }

    /// Somebody received it. To be called before anything else is awaited.
    pub(crate) fn received(self) {
        self.ledger.entries[self.id]
            .received
            .fetch_add(1, Ordering::Relaxed);
        self.ledger.pulse.beat();
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        self.ledger.entries[self.id]
            .dropped
            .fetch_add(1, Ordering::Relaxed);
    }
}
