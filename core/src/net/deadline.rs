//! The deadlines of a socket, one a direction.
//!
//! A deadline is a moment from which on operations of its direction end with an error; there is one
//! timer for each, whoever waits. What must hold:
//!
//! * a socket that never had a deadline pays nothing for an operation, and no memory beyond a pointer;
//! * the timer is set only by an operation that is about to wait, and for the deadline or for an
//!   earlier one: so a deadline that is put off again and again costs no timer each time. A timer that
//!   comes too early wakes in vain, and who was woken sets it again;
//! * an operation looks at its slot, then at the deadline, and then begins to wait for an event since
//!   that look; a deadline that comes, or is set to an earlier moment, is such an event. So it is either
//!   seen or the wait is refused. Where the slot knows that nothing is there, it does without the look until it is
//!   told, before such an event, that there is a deadline.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};
use std::time::Instant;

use super::socket::Direction;
use crate::clock;
use crate::netpoll::File;
use crate::primitive::{Mutex, Rank};
use crate::time::{announce, shard};
use crate::timer::Entry;
use crate::util::foreign_waker::ForeignWaker;
use crate::util::wake_list::WakeList;

/// Both deadlines of a socket.
#[derive(Debug)]
pub(super) struct Deadlines([Deadline; 2]);

impl Deadlines {
    /// Those of the socket that has this file: none.
    pub(super) fn new(file: &Weak<File>) -> Self {
        Self([Direction::Read, Direction::Write].map(|way| Deadline::new(way, Weak::clone(file))))
    }

    /// That of one direction.
    pub(super) fn of(&self, direction: Direction) -> &Deadline {
        &self.0[direction as usize]
    }

    /// Stops the timers: nobody will wait any more.
    pub(super) fn stop(&self) {
        self.0.iter().for_each(Deadline::stop);
    }
}

/// The deadline of one direction.
pub(super) struct Deadline {
    state: Mutex<State>,
    expiry: Arc<Expiry>,
}

struct State {
    moment: Option<Instant>,
    /// What the timer was last set for.
    armed_for: Option<Instant>,
    timer: Pin<Box<Entry>>,
}

/// What the timer wakes: the slot of its direction.
struct Expiry {
    /// Weak, since it is the file that has the deadline.
    file: Weak<File>,
    direction: Direction,
}

impl Expiry {
    /// Has all who wait look at the deadline again.
    fn announce(&self) {
        if let Some(file) = self.file.upgrade() {
            let mut wake = WakeList::new();
            self.direction.slot(&file).event_for_all(&mut wake);
            wake.wake_all();
        }
    }
}

impl Wake for Expiry {
    fn wake(self: Arc<Self>) {
        self.announce();
    }
}

impl Deadline {
    fn new(direction: Direction, file: Weak<File>) -> Self {
        let state = State {
            moment: None,
            armed_for: None,
            timer: Box::pin(Entry::new()),
        };
        let expiry = Expiry { file, direction };
        Self {
            state: Mutex::new(Rank::Deadline, state),
            expiry: Arc::new(expiry),
        }
    }

    /// Sets it and wakes who has to know of it.
    pub(super) fn set(&self, moment: Option<Instant>) {
        let (old, _waker) = {
            let mut state = self.state.lock();
            // In one step with the change, or the timer of the next deadline might be stopped.
            let waker = match moment {
                None => state.timer.as_mut().disarm(),
                Some(_) => None,
            };
            (std::mem::replace(&mut state.moment, moment), waker)
        };
        // For a later moment the timer, if there is one, comes too early: who waits need not know.
        if moment.is_some_and(|new| old.is_none_or(|old| new < old)) {
            self.expiry.announce();
        }
    }

    fn stop(&self) {
        let waker = self.state.lock().timer.as_mut().disarm();
        drop(waker);
    }

    /// Whether an operation may go on.
    ///
    /// # Errors
    ///
    /// `TimedOut` if the deadline has passed.
    pub(super) fn check(&self) -> io::Result<()> {
        let moment = self.state.lock().moment;
        match moment {
            Some(moment) if moment <= clock::now() => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the deadline of the socket has passed",
            )),
            _ => Ok(()),
        }
    }

    /// An operation is about to wait: sees to it that it is woken at the deadline.
    ///
    /// # Panics
    ///
    /// Outside every runtime, if a timer has to be set.
    pub(super) fn arm(&self) {
        if self.state.lock().due().is_none() {
            return;
        }
        // It may panic, and what it clones is to be dropped where no lock is held.
        let shard = shard();
        let waker = ForeignWaker::from(Waker::from(Arc::clone(&self.expiry)));
        let mut state = self.state.lock();
        let Some(moment) = state.due() else {
            drop(state);
            return drop(waker);
        };
        state.armed_for = Some(moment);
        let (armed, old) = state.timer.as_mut().arm(&shard, Some(moment), waker);
        drop(state);
        drop(old);
        announce(armed, Some(moment));
    }
}

impl State {
    /// The deadline, if the timer is not set for it or for an earlier moment.
    fn due(&self) -> Option<Instant> {
        let moment = self.moment?;
        let armed = self.timer.is_armed() && self.armed_for.is_some_and(|armed| armed <= moment);
        (!armed).then_some(moment)
    }
}

impl fmt::Debug for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deadline")
            .field("moment", &self.state.lock().moment)
            .finish_non_exhaustive()
    }
}
