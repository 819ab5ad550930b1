//! One direction of one file: has something happened since, and who waits for it (Go: `rg`, `wg`).
//!
//! An operation on the file, [`Slot::poll`], goes like this, and the rest makes it correct:
//!
//! 1. look at the word, then make the system call;
//! 2. it would block: [`Slot::wait`] with what was seen. If nothing has happened since, the waker is
//!    kept and will be woken; else the operation starts again at 1.
//!
//! A call that took all there was says so by [`Step::drained`]. Until the next event each call would
//! block, and the next operation waits without making one: a server that reads a request, answers and
//! waits for the next one makes two calls of the system for it and not three.
//!
//! The word:
//!
//! | bits | meaning |
//! |---|---|
//! | `WAITING` | there may be wakers in the list; changed under its lock |
//! | `CLOSED`, `SHUTDOWN` | nobody will be woken any more: by the program, by the end of the runtime |
//! | `DRAINED` | a call made since the last event has taken all there was |
//! | `WARY` | an event said more than that there is something: nothing is ever taken for drained |
//! | `TIMED` | there is, or was, a deadline: an operation looks at it before each wait |
//! | the rest | a tick, counted up by each event |
//!
//! So of a slot's three states, *waiting* is a bit, and whether it is *ready* or there is *nothing*
//! is a question that each operation answers for itself, by the tick. A bit that is set by an event
//! and cleared by whoever is about to try, as in Go, needs operations that are taken in turn: of two
//! at once, one would clear what was meant for the other.
//!
//! What must hold:
//!
//! * the word alone decides, and it is changed by read-modify-writes only: if an event comes after
//!   `seen`, the tick differs and `wait` refuses; if it comes after `wait`, it finds `WAITING`. The
//!   lock guards the memory of the wakers, and nobody begins to wait while somebody has it;
//! * `DRAINED` is set by a call that began after the last event, and cleared by every event. What the
//!   other side has ended is never drained: its end, which comes with the last bytes, is an event for
//!   both and still to be read; nor is what has urgent bytes in it, where a read stops before them;
//! * a waker is put into the list under the lock under which `WAITING` is set, and it is taken out: so an event
//!   that finds `WAITING` finds the waker, and as long as somebody is in the list it is set. Whose operation goes
//!   on is not in the list;
//! * an event wakes one of those who wait, the one that has waited longest: of a hundred goroutines that accept
//!   from one listener, not all come for one connection. But it does not say for how many there is something.
//!   So whoever was woken wakes the next one when its operation ends, by a result or by being dropped; who
//!   finds nothing waits again, and wakes nobody. Operations without a ticket, which end without notice, are
//!   all woken; and so is everybody by what is for all: the end of the other side, a deadline, closing.

use std::fmt;
use std::io;
use std::task::{Context, Poll, Waker};

use super::crowd::Crowd;
use crate::note::{self, At, Reason};
use crate::primitive::atomic::{AtomicUsize, Ordering};
use crate::primitive::{Mutex, Rank};
use crate::util::foreign_waker::ForeignWaker;
use crate::util::wake_list::WakeList;

const WAITING: usize = 1;
const CLOSED: usize = 1 << 1;
const SHUTDOWN: usize = 1 << 2;
const DRAINED: usize = 1 << 3;
const WARY: usize = 1 << 4;
const TIMED: usize = 1 << 5;
const TICK: usize = 1 << 6;

/// One direction of a file.
pub(crate) struct Slot {
    word: AtomicUsize,
    waiters: Mutex<Waiters>,
}

/// What [`Slot::seen`] saw.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen(usize);

impl Seen {
    /// Whether a call would block, as the one before it has found out.
    fn is_drained(self) -> bool {
        self.0 & DRAINED != 0
    }

    /// Whether there may be a deadline.
    fn is_timed(self) -> bool {
        self.0 & TIMED != 0
    }
}

/// What a system call that did not block has come to.
#[derive(Debug)]
pub(crate) struct Step<R> {
    /// The result of the operation; none if it goes on.
    pub(crate) result: Option<R>,
    /// The call took all there was: until the next event another one would block.
    pub(crate) drained: bool,
}

impl<R> Step<R> {
    /// The end of an operation that does not know how much there was.
    pub(crate) fn last(result: R) -> Self {
        Self {
            result: Some(result),
            drained: false,
        }
    }
}

/// The place of one operation in the list of those who wait; at first none.
///
/// An operation that has a ticket hands it back with [`Slot::cancel`] when it ends. Operations
/// without one, those of `AsyncRead` and `AsyncWrite`, which end without notice, have their wakers
/// kept until the next event.
#[derive(Debug, Default)]
pub(crate) struct Ticket(u32);

/// What [`Slot::wait`] says.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// The waker is kept, and will be woken.
    Waiting,
    /// Something has happened: the operation may be tried again.
    Again,
    /// Nobody will be woken any more.
    Closed(Closed),
}

/// Why nobody will be woken any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closed {
    /// The program closed the file.
    ByProgram,
    /// The runtime has shut down.
    ByShutdown,
}

struct Waiter {
    /// The ticket's number, 0 for those without one.
    ticket: u32,
    waker: ForeignWaker,
}

/// Small, since there are two for each connection: the usual case, one who waits, takes no memory beyond it,
/// and his number stands beside the other one.
struct Waiters {
    first: Option<ForeignWaker>,
    first_ticket: u32,
    next_ticket: u32,
    /// Mostly there is none.
    rest: Option<Box<Rest>>,
}

/// The others who wait.
#[derive(Default)]
struct Rest {
    waiters: Vec<Waiter>,
    crowd: Crowd,
}

impl Slot {
    /// A direction in which nothing has happened.
    pub(crate) fn new() -> Self {
        let waiters = Waiters {
            first: None,
            first_ticket: 0,
            next_ticket: 0,
            rest: None,
        };
        Self {
            word: AtomicUsize::new(0),
            waiters: Mutex::new(Rank::File, waiters),
        }
    }

    /// Makes the system call `f`, which does not block, until it has a result other than that it
    /// would block or was interrupted; in between it waits for events, as a dump says: at `at`. What
    /// comes of it is [`Step::result`].
    ///
    /// `f` is told if a call would block anyway, and then has only a deadline to look at; where there is none
    /// it is not run. One that is `eager` makes its call in any case.
    ///
    /// No lock may be held: cloning and dropping a waker is user code.
    pub(crate) fn poll<R>(
        &self,
        mut ticket: Option<&mut Ticket>,
        cx: &mut Context<'_>,
        at: At,
        eager: bool,
        mut f: impl FnMut(bool) -> io::Result<Step<R>>,
    ) -> Poll<io::Result<Option<R>>> {
        loop {
            let seen = self.seen();
            let block = seen.is_drained() && !eager;
            if !block || seen.is_timed() {
                match f(block) {
                    Ok(step) => {
                        if step.drained {
                            self.drained(seen);
                        }
                        return Poll::Ready(Ok(step.result));
                    }
                    Err(error) => match error.kind() {
                        io::ErrorKind::WouldBlock => {}
                        io::ErrorKind::Interrupted => continue,
                        _ => return Poll::Ready(Err(error)),
                    },
                }
            }
            match self.wait(seen, ticket.as_deref_mut(), cx.waker()) {
                Wait::Waiting => {
                    note::waits(Reason::IoWait, at);
                    return Poll::Pending;
                }
                Wait::Again => {}
                Wait::Closed(why) => return Poll::Ready(Err(why.into())),
            }
        }
    }

    /// What an operation has to know about the time before its system call.
    pub(super) fn seen(&self) -> Seen {
        // Keeps the system call after this load. Pairs with the event's store too, though nothing
        // but the word itself is read after it.
        Seen(self.word.load(Ordering::Acquire))
    }

    /// Keeps a clone of `waker` until the next event, unless there was one since `seen`.
    ///
    /// With a ticket the waker takes the place of the one given before; without one it stands
    /// beside those of others.
    pub(super) fn wait(&self, seen: Seen, ticket: Option<&mut Ticket>, waker: &Waker) -> Wait {
        if let Some(refused) = refuse(self.word.load(Ordering::Relaxed), seen) {
            return refused;
        }
        let waker = ForeignWaker::of(waker);
        // Declared before the lock: dropped, or woken, after it is open.
        let mut oldest = None;
        let replaced;
        let mut waiters = self.waiters.lock();
        let answer = self.start_waiting(seen);
        replaced = match (answer, ticket) {
            (Wait::Waiting, ticket) => waiters.put(ticket, waker, &mut oldest),
            // Who goes on is not in the list, or it would look as if it had not been woken.
            (_, Some(ticket)) if ticket.0 != 0 => waiters.take(ticket.0),
            _ => None,
        };
        drop(waiters);
        drop(replaced);
        if let Some(oldest) = oldest {
            self.send_off(oldest);
        }
        answer
    }

    /// Wakes one who was taken out to make room: he comes again if he is still there.
    #[cold]
    fn send_off(&self, oldest: ForeignWaker) {
        oldest.wake_by_ref();
        let mut waiters = self.waiters.lock();
        let forgotten = match closed(self.word.load(Ordering::Relaxed)) {
            // If he has been faster than this, it is the next time that he is known.
            None => waiters.remember(oldest),
            // Whoever closes takes out all who are kept, and says so under the same lock.
            Some(_) => Some(oldest),
        };
        drop(waiters);
        drop(forgotten);
    }

    /// Takes back what `wait` kept for this ticket. If it was woken meanwhile, the next one is: there may be
    /// something for him as well, or this one has not even looked.
    #[inline]
    pub(crate) fn cancel(&self, ticket: &mut Ticket) {
        let number = std::mem::take(&mut ticket.0);
        // Relaxed: whose waker was put into the list sees what he set then or what came later, and who is woken
        // sees what was left set then for those behind him.
        if number != 0 && self.word.load(Ordering::Relaxed) & WAITING != 0 {
            self.take_back(number);
        }
    }

    #[cold]
    fn take_back(&self, number: u32) {
        // Declared before the lock: dropped, and its wakers woken or dropped, after it is open.
        let mut wake = WakeList::new();
        let mine;
        let mut waiters = self.waiters.lock();
        mine = waiters.take(number);
        if mine.is_none() {
            waiters.take_next(&mut wake);
        }
        drop(waiters);
        drop(mine);
    }

    /// Whether somebody waits.
    pub(super) fn is_awaited(&self) -> bool {
        !self.waiters.lock().is_empty()
    }

    /// Something is there: the next of those who wait is to be woken by the caller. It wakes the one after it
    /// when it is done; see [`cancel`](Self::cancel).
    pub(crate) fn event(&self, wake: &mut WakeList) {
        self.change(
            |word| word.wrapping_add(TICK) & !DRAINED,
            |waiters| waiters.take_next(wake),
        );
    }

    /// Something has happened that is for all who wait.
    pub(crate) fn event_for_all(&self, wake: &mut WakeList) {
        self.change(
            |word| word.wrapping_add(TICK) & !DRAINED,
            |waiters| waiters.take_all(wake),
        );
    }

    /// The same; and that a call took all it could will never mean again that the next one would block.
    pub(super) fn last_event(&self, wake: &mut WakeList) {
        self.change(
            |word| (word.wrapping_add(TICK) | WARY) & !DRAINED,
            |waiters| waiters.take_all(wake),
        );
    }

    /// From now on operations have to look at a deadline before they wait. Whoever waits already, or is about to,
    /// has to be told by an event after this.
    pub(crate) fn has_deadline(&self) {
        // Relaxed: it is seen by whoever sees the event that tells of the deadline.
        self.word.fetch_or(TIMED, Ordering::Relaxed);
    }

    /// That a call took all it could is never to mean that the next one would block.
    pub(crate) fn distrust(&self) {
        // Relaxed: nobody uses the file yet.
        self.word.fetch_or(WARY, Ordering::Relaxed);
    }

    /// A call that began after `seen` has taken all there was.
    fn drained(&self, seen: Seen) {
        let word = self.word.load(Ordering::Relaxed);
        if word / TICK == seen.0 / TICK && word & WARY == 0 {
            // Relaxed: who sees the bit makes no call, and reads nothing that is published by it. Where
            // the word has changed there is a call too many.
            let _ = self.word.compare_exchange(
                word,
                word | DRAINED,
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
        }
    }

    /// From now on nobody waits: whoever does is to be woken by the caller.
    pub(crate) fn close(&self, why: Closed, wake: &mut WakeList) {
        let bit = match why {
            Closed::ByProgram => CLOSED,
            Closed::ByShutdown => SHUTDOWN,
        };
        // Somebody may be kept though nobody waits.
        let mut waiters = self.waiters.lock();
        waiters.take_all(wake);
        self.set(|word| word.wrapping_add(TICK) & !WAITING | bit);
    }

    /// Sets `WAITING` if nothing has happened since `seen`. The lock is held.
    fn start_waiting(&self, seen: Seen) -> Wait {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            if let Some(refused) = refuse(word, seen) {
                return refused;
            }
            // Relaxed: what has to be seen with the word, the waker, is guarded by the lock. A swap
            // even where nothing changes, so that it has its place in the order of the word's
            // values: an event is either before it, and refused it, or after it, and finds it.
            let swap = self.word.compare_exchange(
                word,
                word | WAITING,
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
            match swap {
                Ok(_) => return Wait::Waiting,
                Err(changed) => word = changed,
            }
        }
    }

    /// Changes the word, and if somebody may wait has `wake` take out who is to be woken.
    fn change(&self, to: impl Fn(usize) -> usize, wake: impl FnOnce(&mut Waiters)) {
        let mut word = self.word.load(Ordering::Relaxed);
        while word & WAITING == 0 {
            match self.swap(word, to(word)) {
                Ok(_) => return,
                Err(changed) => word = changed,
            }
        }
        // Under the lock nobody begins to wait: in one step with the change he would be in the list before it, or
        // see it.
        let mut waiters = self.waiters.lock();
        wake(&mut waiters);
        let waiting = if waiters.is_empty() { 0 } else { WAITING };
        self.set(|word| to(word) & !WAITING | waiting);
    }

    /// Changes the word.
    fn set(&self, to: impl Fn(usize) -> usize) {
        let mut word = self.word.load(Ordering::Relaxed);
        while let Err(changed) = self.swap(word, to(word)) {
            word = changed;
        }
    }

    /// Changes the word if it still is what it was.
    fn swap(&self, from: usize, to: usize) -> Result<usize, usize> {
        // Release pairs with the load in `seen`.
        self.word
            .compare_exchange(from, to, Ordering::Release, Ordering::Relaxed)
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.word.load(Ordering::Relaxed);
        f.debug_struct("Slot")
            .field("events", &(word / TICK))
            .field("waiting", &(word & WAITING != 0))
            .field("drained", &(word & DRAINED != 0))
            .field("closed", &closed(word))
            .finish_non_exhaustive()
    }
}

impl Waiters {
    /// Adds a waker or replaces the one of this ticket; what was replaced comes back. Where one without a
    /// ticket finds no room, the `oldest` of them is taken out, to be woken.
    fn put(
        &mut self,
        ticket: Option<&mut Ticket>,
        waker: ForeignWaker,
        oldest: &mut Option<ForeignWaker>,
    ) -> Option<ForeignWaker> {
        let number = match ticket {
            None => 0,
            Some(ticket) => {
                if ticket.0 == 0 {
                    ticket.0 = self.issue();
                }
                ticket.0
            }
        };
        if let Some(mine) = self.find(number, &waker) {
            return Some(std::mem::replace(mine, waker));
        }
        if number == 0 && self.is_full(&waker) {
            *oldest = self.take(0);
        }
        // A place that is free again is not for one who came later than those in the list.
        if self.is_empty() {
            (self.first, self.first_ticket) = (Some(waker), number);
        } else {
            let ticket = number;
            self.rest
                .get_or_insert_default()
                .waiters
                .push(Waiter { ticket, waker });
        }
        None
    }

    /// Where the waker of this ticket is; or of those without a ticket, one that is like `waker`.
    fn find(&mut self, number: u32, waker: &ForeignWaker) -> Option<&mut ForeignWaker> {
        let is_mine =
            |ticket, kept: &ForeignWaker| ticket == number && (number != 0 || kept.is_like(waker));
        if let Some(first) = &mut self.first
            && is_mine(self.first_ticket, first)
        {
            return Some(first);
        }
        let mut rest = self.rest.iter_mut().flat_map(|rest| &mut rest.waiters);
        let mine = rest.find(|waiter| is_mine(waiter.ticket, &waiter.waker))?;
        Some(&mut mine.waker)
    }

    /// The number of a new ticket.
    fn issue(&mut self) -> u32 {
        // Four thousand million operations later a number comes again. Its first holder would have
        // to wait still for the two to be mixed up, and would then be woken by the next event.
        self.next_ticket = self.next_ticket.checked_add(1).unwrap_or(1);
        self.next_ticket
    }

    /// Whether there are too many without a ticket for one more.
    fn is_full(&mut self, waker: &ForeignWaker) -> bool {
        let waiting = self.tickets().filter(|&ticket| ticket == 0).count();
        let rest = self.rest.as_mut();
        rest.is_some_and(|rest| rest.crowd.is_full(waiting, waker))
    }

    fn remember(&mut self, waker: ForeignWaker) -> Option<ForeignWaker> {
        self.rest.get_or_insert_default().crowd.remember(waker)
    }

    /// Whether nobody waits.
    fn is_empty(&self) -> bool {
        let rest = self.rest.as_ref();
        self.first.is_none() && rest.is_none_or(|rest| rest.waiters.is_empty())
    }

    /// The numbers of all who wait.
    fn tickets(&self) -> impl Iterator<Item = u32> {
        let rest = self.rest.iter().flat_map(|rest| &rest.waiters);
        self.first
            .iter()
            .map(|_| self.first_ticket)
            .chain(rest.map(|waiter| waiter.ticket))
    }

    /// Takes out the first waker with this number.
    fn take(&mut self, number: u32) -> Option<ForeignWaker> {
        if self.first.is_some() && self.first_ticket == number {
            return self.first.take();
        }
        let rest = &mut self.rest.as_mut()?.waiters;
        let at = rest.iter().position(|waiter| waiter.ticket == number)?;
        Some(rest.remove(at).waker)
    }

    /// Takes out the one with a ticket that has waited longest, and all without.
    fn take_next(&mut self, wake: &mut WakeList) {
        let mut found = false;
        if let Some(first) = self.first.take() {
            // Who is first in the list has waited longest, or has no ticket.
            found = self.first_ticket != 0;
            wake.push(first);
        }
        if let Some(rest) = &mut self.rest {
            let is_taken =
                |waiter: &mut Waiter| waiter.ticket == 0 || !std::mem::replace(&mut found, true);
            let taken = rest.waiters.extract_if(.., is_taken);
            wake.extend(taken.map(|waiter| waiter.waker));
        }
    }

    fn take_all(&mut self, wake: &mut WakeList) {
        wake.extend(self.first.take());
        if let Some(rest) = &mut self.rest {
            wake.extend(rest.waiters.drain(..).map(|waiter| waiter.waker));
            // He may be among them; once more does no harm.
            wake.extend(rest.crowd.forget());
        }
    }
}

/// Why an operation that saw `seen` must not wait now.
fn refuse(word: usize, seen: Seen) -> Option<Wait> {
    if let Some(why) = closed(word) {
        return Some(Wait::Closed(why));
    }
    (word / TICK != seen.0 / TICK).then_some(Wait::Again)
}

fn closed(word: usize) -> Option<Closed> {
    if word & CLOSED != 0 {
        Some(Closed::ByProgram)
    } else if word & SHUTDOWN != 0 {
        Some(Closed::ByShutdown)
    } else {
        None
    }
}
