//! How many wakers are kept of those who wait without a ticket, and may be gone without notice.
//!
//! Beyond that number the oldest is woken, to come again if it is still there. If all were, each that came
//! again would have another one woken, and so on for ever; if none is, what they leave behind must not pile
//! up. Which of the two it is shows only when somebody comes again, so one of those who were woken is
//! remembered. What must hold:
//!
//! * there is twice the room each time that he comes again, so that all who do have room in the end;
//! * there is half of it each time that he does not while more are woken than may come before him; or, where
//!   there is little, he is waited for longer.

use crate::util::foreign_waker::ForeignWaker;

/// So many have room at least.
const LEAST: usize = 16;

/// For so many who are woken the first one is waited for.
const PATIENCE: usize = 64;

/// What is known of those who wait without a ticket.
pub(super) struct Crowd {
    /// So many wakers are kept.
    room: usize,
    /// One who was woken to come again. Kept, so that nobody else has the same address meanwhile, until another
    /// one takes his place or the file ends.
    remembered: Option<ForeignWaker>,
    /// That one has come again.
    came: bool,
    /// How many were woken since.
    woken: usize,
    /// After so many more he is not waited for. It only grows: in a long queue he may be far behind.
    patience: usize,
}

impl Default for Crowd {
    fn default() -> Self {
        Self {
            room: LEAST,
            remembered: None,
            came: false,
            woken: 0,
            patience: PATIENCE,
        }
    }
}

impl Crowd {
    /// Whether the oldest of `waiting` has to make room for `waker`, which is none of them.
    pub(super) fn is_full(&mut self, waiting: usize, waker: &ForeignWaker) -> bool {
        if waiting < self.room {
            return false;
        }
        let remembered = self.remembered.as_ref();
        if !self.came && remembered.is_some_and(|one| one.is_like(waker)) {
            self.came = true;
            self.room *= 2;
            return false;
        }
        self.woken = self.woken.saturating_add(1);
        true
    }

    /// The one who is remembered; nobody is from here on.
    pub(super) fn forget(&mut self) -> Option<ForeignWaker> {
        self.remembered.take()
    }

    /// Remembers one who was woken to come again, unless another one is waited for. What is not kept comes
    /// back.
    pub(super) fn remember(&mut self, waker: ForeignWaker) -> Option<ForeignWaker> {
        // After one who came it is not the next in the queue, who may well be like him.
        let long_enough = if self.came { self.room } else { self.patience };
        if self.remembered.is_some() && self.woken <= long_enough {
            return Some(waker);
        }
        if self.remembered.is_some() && !self.came {
            match self.room > LEAST {
                true => self.room /= 2,
                false => self.patience = self.patience.saturating_mul(2),
            }
        }
        (self.came, self.woken) = (false, 0);
        self.remembered.replace(waker)
    }
}
