//! Who waits for permits: the two queues of a semaphore, under its lock.
//!
//! What must hold: `called` is the number of nodes that were called; they come before all of their queue
//! that were not, but for those who came back in vain, and for whom the semaphore is too small.

use std::cell::Cell;
use std::task::Waker;
use std::time::{Duration, Instant};

use chango_core::clock;
use chango_core::util::foreign_waker::ForeignWaker;
use chango_core::util::wake_list::WakeList;

use crate::primitive::MODELLED;
use crate::wait_queue::WaitQueue;
use crate::waiter::{Outgoing, Waiter, Who};

/// The permits of a lock for readers and writers.
pub(super) const ALL: usize = 1 << 27;

/// Who has waited for so long, and then came back from a call in vain, is starving. Go's number.
const STARVES: Duration = Duration::from_millis(1);

thread_local! {
    /// In a model no time passes, so it says whether everybody has waited for long, or nobody. (All threads
    /// of a model are one thread of the system.)
    pub(crate) static ALL_WAIT_LONG: Cell<bool> = const { Cell::new(true) };
}

/// What somebody wants.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    pub(super) permits: usize,
    pub(super) writer: bool,
}

impl Ask {
    pub(super) const ONE: Self = Self::some(1);
    pub(super) const WRITE: Self = Self {
        permits: ALL,
        writer: true,
    };

    pub(super) const fn some(permits: usize) -> Self {
        Self {
            permits,
            writer: false,
        }
    }
}

/// Why somebody may have to be called.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cause {
    /// Permits came back, from a writer or from somebody else.
    Release { writer: bool },
    /// Somebody took some, or stopped to wait.
    Leaving,
}

/// What one of those wants who wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    permits: usize,
    since: Instant,
    writer: bool,
    /// It was called and has not been polled since: its waker was used.
    pub(super) called: bool,
    /// It was called once, and goes before the writers that wait.
    pub(super) admitted: bool,
    pub(super) starving: bool,
}

impl Turn {
    pub(super) fn new(ask: Ask, since: Instant) -> Self {
        Self {
            permits: ask.permits,
            since,
            writer: ask.writer,
            called: false,
            admitted: false,
            starving: false,
        }
    }

    /// Whether it has waited for so long that it may be starving.
    pub(super) fn waits_long(&self) -> bool {
        if MODELLED {
            return ALL_WAIT_LONG.get();
        }
        clock::now().saturating_duration_since(self.since) >= STARVES
    }
}

/// Those who wait.
pub(super) struct Line {
    /// For some permits.
    some: WaitQueue<Outgoing<Turn>>,
    /// For all of them.
    pub(super) writers: WaitQueue<Outgoing<Turn>>,
    /// How many were called and have not been polled since.
    pub(super) called: usize,
    /// How many permits there are, free or not.
    pub(super) total: usize,
}

impl Line {
    pub(super) const fn new(total: usize) -> Self {
        Self {
            some: WaitQueue::new(),
            writers: WaitQueue::new(),
            called: 0,
            total,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.some.is_empty() && self.writers.is_empty()
    }

    fn queue(&mut self, writer: bool) -> &mut WaitQueue<Outgoing<Turn>> {
        match writer {
            true => &mut self.writers,
            false => &mut self.some,
        }
    }

    /// # Safety
    ///
    /// The node belongs to the caller, is in no queue, and neither moves nor goes before it was taken out
    /// of this one.
    pub(super) unsafe fn push(
        &mut self,
        waiter: &Waiter<Outgoing<Turn>>,
        turn: Turn,
        waker: ForeignWaker,
    ) {
        // SAFETY: what the caller promises.
        unsafe {
            waiter.put(Some(turn));
            self.queue(turn.writer).push(waiter, Who::Plain(waker), 0);
        }
    }

    /// # Safety
    ///
    /// The node is in this line.
    pub(super) unsafe fn remove(&mut self, waiter: &Waiter<Outgoing<Turn>>) -> Who {
        // SAFETY: what the caller promises; once it is out the node is the caller's, and has its turn.
        unsafe {
            let turn = waiter.with_value(|turn| *turn);
            let who = self.queue(turn.writer).remove(waiter);
            waiter.take();
            self.called -= usize::from(turn.called);
            who
        }
    }

    /// # Safety
    ///
    /// The node is in this line.
    pub(super) unsafe fn bring_to_front(&mut self, waiter: &Waiter<Outgoing<Turn>>) {
        // SAFETY: what the caller promises; nothing else happens between the two.
        unsafe {
            let writer = waiter.with_value(|turn| turn.writer);
            let who = self.queue(writer).remove(waiter);
            self.queue(writer).push_front(waiter, who);
        }
    }

    /// What the one who is starving wants; none if nobody is, or no more than the semaphore will ever have.
    pub(super) fn starving(&mut self) -> Option<usize> {
        let total = self.total;
        let waiter = self.find_starving()?;
        // SAFETY: queued, and the caller, who has the line, holds the lock.
        unsafe {
            waiter.with_value(|turn| {
                turn.starving = turn.permits <= total;
                turn.starving.then_some(turn.permits)
            })
        }
    }

    fn find_starving<'a>(&self) -> Option<&'a Waiter<Outgoing<Turn>>> {
        let firsts = [self.some.first(), self.writers.first()];
        let mut firsts = firsts.into_iter().filter_map(|first| {
            // SAFETY: nodes of the queues are valid and queued, and the caller, who has the line, holds the
            // lock and uses them no longer than that.
            unsafe { first.as_ref() }
        });
        // SAFETY: as above.
        firsts.find(|first| unsafe { first.with_value(|turn| turn.starving) })
    }

    /// The one who is starving has what it wants.
    pub(super) fn complete_starving(&mut self) -> Option<ForeignWaker> {
        let waiter = self.find_starving()?;
        // SAFETY: it is in one of the two queues, and no select's.
        let (_, waker) = unsafe {
            let writer = waiter.with_value(|turn| turn.writer);
            self.queue(writer).unlink(waiter).take()
        };
        waker
    }

    /// Calls those to whom so many free permits might go.
    pub(super) fn call(&mut self, free: usize, cause: Cause, wake: &mut WakeList) {
        let after_writer = matches!(cause, Cause::Release { writer: true });
        let releases = !matches!(cause, Cause::Leaving);
        let first = match after_writer || self.writers.is_empty() {
            true if !self.some.is_empty() => self.some.first(),
            _ => self.writers.first(),
        };
        let (mut left, mut at) = (free, first);
        // SAFETY: nodes of the queue are valid and queued, and the caller, who has the line, holds the
        // lock; the same below.
        while let Some(waiter) = unsafe { at.as_ref() } {
            // SAFETY: as above.
            let (links, turn) = unsafe { (waiter.links(), waiter.with_value(|turn| *turn)) };
            at = links.next;
            if turn.called || turn.permits > self.total {
                // It has been called, or wants more than there is: it holds up nobody.
                continue;
            }
            let fits = turn.permits <= left;
            // Whom others overtake since it wants more than they do is called all the same when it has
            // waited for long: it comes back in vain, and then what it wants is collected for it.
            let overtaken = releases && left > 0 && self.called == 0 && !turn.writer;
            let goes = fits || overtaken && turn.waits_long();
            if !goes {
                break;
            }
            // SAFETY: as above.
            let who = unsafe {
                waiter.with_value(|turn| (turn.called, turn.admitted) = (true, true));
                waiter.set_waker(ForeignWaker::of(Waker::noop()))
            };
            if let Who::Plain(waker) = who {
                wake.push(waker);
            }
            self.called += 1;
            left = left.saturating_sub(turn.permits);
            if left == 0 {
                break;
            }
        }
    }
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").finish_non_exhaustive()
    }
}
