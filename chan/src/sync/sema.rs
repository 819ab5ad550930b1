//! The engine of the locks: permits, and those who wait for some. (Go: `sema.go`, and the starvation
//! mode of `sync.Mutex`.)
//!
//! A mutex has one permit. A lock for readers and writers has [`ALL`]: a reader takes one of them and
//! a writer all. Only a lock has writers, who stand in a queue of their own.
//!
//! **Wake and compete.** Whoever gives permits back wakes those first in the queue for whom they are
//! enough; that is a *call*. A call is no grant: the permits are there for everybody, and who was called
//! takes them when it is polled. If somebody was faster it keeps its place and waits for the next
//! call. So a future that is woken and not polled has nothing that others wait for.
//!
//! **Starvation.** Who comes back from a call in vain, and has waited for longer than a millisecond, is
//! starving: from then on nobody takes permits, they are collected until they are enough for it,
//! and it is handed them. It has just shown that it is polled.
//!
//! What must hold:
//!
//! * permits are changed by anybody, by compare-and-swap or addition. The flags beside them in the
//!   word, and everything else, are changed by whoever holds the lock of the queues;
//! * `WAITERS` and `WRITERS` say whether a queue, and that of the writers, holds somebody; `CALLED`
//!   whether somebody was called and has not been polled since, nor dropped; `STARVING` that the first
//!   of one queue is starving;
//! * if the first could have what it wants, then somebody was called, or a thread is about to take
//!   the lock of the queues to call it;
//! * nobody overtakes a writer that waits, unless the lock is free, when all compete; but readers that
//!   waited while a writer had it go before the next writer that waits, unless that one had been called before.
//!
//! That nothing is missed: a release adds to the word and looks at the flags that it finds there. Who
//! begins to wait, and who comes back in vain and ends the time of the call, changes a flag by a
//! compare-and-swap on the word in which it saw too few permits. One of the two comes first, and the
//! other one sees it.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use chango_core::note::{self, At, Position, Reason};
use chango_core::util::foreign_waker::ForeignWaker;
use chango_core::util::wake_list::WakeList;
use chango_core::{clock, coop};

use super::line::{ALL, Ask, Cause, Line, Turn};
use crate::primitive::atomic::{AtomicUsize, Ordering};
use crate::primitive::{Mutex, Rank, const_fn};
use crate::waiter::{Outgoing, State, Waiter, Who};

/// Somebody waits.
const WAITERS: usize = 1;
/// A writer does.
const WRITERS: usize = 2;
/// Somebody was called who has not been polled since.
const CALLED: usize = 4;
/// Permits are kept for somebody.
const STARVING: usize = 8;
/// What stands above is the number of free permits.
const SHIFT: u32 = 4;

/// So many permits at most.
pub(super) const MOST: usize = usize::MAX >> (SHIFT + 1);
/// How an attempt to take permits ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Taking {
    Taken,
    /// They are there, but the goroutine has to give way.
    Refused,
    Busy,
}

/// How a look of somebody who waits ended.
enum Look {
    Won(Option<Who>),
    /// It waits on; a waker that it does not need any more.
    Waits(Option<Who>),
    Refused,
    /// It cannot go on waiting without a waker of its own.
    NeedsWaker,
    /// It has to look again; it has one already.
    Changed(ForeignWaker),
}

/// Permits, and those who wait for them.
#[derive(Debug)]
pub(super) struct Sema {
    word: AtomicUsize,
    line: Mutex<Line>,
}

/// Whether somebody who wants that may take it. Who was `admitted` goes before writers that wait.
#[inline]
fn may_take(word: usize, permits: usize, admitted: bool) -> bool {
    let free = word >> SHIFT;
    free >= permits && word & STARVING == 0 && (word & WRITERS == 0 || admitted || free == ALL)
}

/// Whether somebody may have to be called who was not.
#[inline]
fn has_to_call(word: usize) -> bool {
    word & WAITERS != 0 && word & (CALLED | STARVING) != CALLED
}

impl Sema {
    const_fn! {
        pub(super) fn new(permits: usize) -> Self {
            Self {
                word: AtomicUsize::new(permits << SHIFT),
                line: Mutex::new(Rank::Sync, Line::new(permits)),
            }
        }
    }

    /// How many permits are free.
    pub(super) fn free(&self) -> usize {
        self.word.load(Ordering::Relaxed) >> SHIFT
    }

    /// Takes permits if they are there and `may_go` agrees, which is asked once.
    #[inline]
    pub(super) fn try_take(&self, ask: Ask, may_go: impl FnOnce() -> bool) -> Taking {
        let mut may_go = Some(may_go);
        let mut word = self.word.load(Ordering::Relaxed);
        while may_take(word, ask.permits, false) {
            if may_go.take().is_some_and(|may_go| !may_go()) {
                return Taking::Refused;
            }
            match self.swap(word, word - (ask.permits << SHIFT)) {
                Ok(()) => return Taking::Taken,
                Err(found) => word = found,
            }
        }
        Taking::Busy
    }

    /// The only way in which permits become fewer or flags change together with a look at them.
    #[inline]
    fn swap(&self, word: usize, new: usize) -> Result<(), usize> {
        // Acquire: what was done under the permits; pairs with `release`.
        self.word
            .compare_exchange_weak(word, new, Ordering::Acquire, Ordering::Relaxed)
            .map(|_| ())
    }

    /// Gives permits back. A writer says so: those who waited meanwhile to read go before the next one.
    #[inline]
    pub(super) fn release(&self, permits: usize, writer: bool) {
        // Release: pairs with `swap`.
        let word = self.word.fetch_add(permits << SHIFT, Ordering::Release);
        if has_to_call(word) {
            self.call_from_outside(writer);
        }
    }

    /// There is nothing to wait for any more: gives so many permits that all who wait are called, also those
    /// behind one who was called and does not come. Once at most.
    pub(super) fn open(&self) {
        let mut wake = WakeList::new();
        let mut line = self.line.lock();
        // Release: as in `release`.
        self.word.fetch_add(ALL << SHIFT, Ordering::Release);
        self.hand_over(&mut line, &mut wake);
        line.call(self.free(), Cause::Release { writer: false }, &mut wake);
        if line.called > 0 {
            self.word.fetch_or(CALLED, Ordering::Relaxed);
        }
        drop(line);
        wake.wake_all();
    }

    #[cold]
    fn call_from_outside(&self, writer: bool) {
        let mut wake = WakeList::new();
        let mut line = self.line.lock();
        self.call(&mut line, Cause::Release { writer }, &mut wake);
        drop(line);
        wake.wake_all();
    }

    /// Changes how many permits there are in all, and with that how many are free; false if there would be
    /// more than [`MOST`].
    pub(super) fn add(&self, permits: usize) -> bool {
        let total = |total: usize| total.checked_add(permits).filter(|&total| total <= MOST);
        self.resize(permits, total)
    }

    /// Permits that somebody has taken are not coming back.
    pub(super) fn forget(&self, permits: usize) {
        self.resize(0, |total| total.checked_sub(permits));
    }

    fn resize(&self, released: usize, total: impl FnOnce(usize) -> Option<usize>) -> bool {
        let mut wake = WakeList::new();
        let mut line = self.line.lock();
        let Some(total) = total(line.total) else {
            return false;
        };
        line.total = total;
        // Release: as in `release`.
        self.word.fetch_add(released << SHIFT, Ordering::Release);
        self.call(&mut line, Cause::Release { writer: false }, &mut wake);
        drop(line);
        wake.wake_all();
        true
    }

    // ---- under the lock of the queues ----

    /// Calls whoever may now have what it wants, unless somebody was called already; hands over what
    /// is enough for somebody who is starving.
    fn call(&self, line: &mut Line, cause: Cause, wake: &mut WakeList) {
        if !self.hand_over(line, wake) || line.called > 0 {
            return;
        }
        let free = self.free();
        // A release after this load finds that nobody was called, and comes here as well.
        line.call(free, cause, wake);
        if line.called > 0 {
            self.word.fetch_or(CALLED, Ordering::Relaxed);
        }
    }

    /// Gives the one who is starving what it wants; false if that is not there yet.
    fn hand_over(&self, line: &mut Line, wake: &mut WakeList) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        while word & STARVING != 0 {
            let Some(permits) = line.starving() else {
                // It has gone, or there will never be enough for it.
                self.word.fetch_and(!STARVING, Ordering::Relaxed);
                return true;
            };
            if word >> SHIFT < permits {
                return false;
            }
            match self.swap(word, (word - (permits << SHIFT)) & !STARVING) {
                Ok(()) => {
                    wake.extend(line.complete_starving());
                    self.settle(line);
                    return true;
                }
                Err(found) => word = found,
            }
        }
        true
    }

    /// Takes the flags back that do not hold any more.
    fn settle(&self, line: &Line) {
        let stale = [
            (WAITERS, line.is_empty()),
            (WRITERS, line.writers.is_empty()),
            (CALLED, line.called == 0),
        ];
        let stale = stale.iter().filter(|(_, stale)| *stale);
        let flags: usize = stale.map(|(flag, _)| flag).sum();
        if self.word.load(Ordering::Relaxed) & flags != 0 {
            self.word.fetch_and(!flags, Ordering::Relaxed);
        }
    }

    // ---- those who wait ----

    /// Goes on with an acquisition.
    ///
    /// # Safety
    ///
    /// The node belongs to the caller, is pinned, is used with this semaphore and this wish only, and is
    /// withdrawn before it goes.
    #[inline]
    unsafe fn poll(
        &self,
        ask: Ask,
        waiter: &Waiter<Outgoing<Turn>>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        if waiter.state() == State::Idle && self.try_take(ask, coop::take) == Taking::Taken {
            waiter.set_state(State::Finished);
            return Poll::Ready(());
        }
        // SAFETY: what the caller promises.
        unsafe { self.poll_slowly(ask, waiter, cx) }
    }

    /// # Safety
    ///
    /// As for [`poll`](Self::poll).
    #[inline(never)]
    unsafe fn poll_slowly(
        &self,
        ask: Ask,
        waiter: &Waiter<Outgoing<Turn>>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        loop {
            match waiter.state() {
                State::Idle | State::Tried => {
                    // SAFETY: what the caller promises, and the node is in no queue.
                    match unsafe { self.take_or_wait(ask, waiter, cx.waker()) } {
                        Taking::Taken => break,
                        Taking::Refused => ready!(coop::poll_proceed(cx)),
                        Taking::Busy => return Poll::Pending,
                    }
                }
                State::Queued => match self.poll_queued(ask, waiter, cx) {
                    Some(Taking::Taken) => break,
                    Some(Taking::Refused) => ready!(coop::poll_proceed(cx)),
                    Some(Taking::Busy) => return Poll::Pending,
                    None => {}
                },
                State::Done | State::Closed => break,
                State::Finished => panic!("the future of a lock was polled after it was done"),
            }
        }
        waiter.set_state(State::Finished);
        Poll::Ready(())
    }

    /// Takes permits, or else enters a queue.
    ///
    /// # Safety
    ///
    /// As for [`poll`](Self::poll), and the node is in no queue.
    unsafe fn take_or_wait(
        &self,
        ask: Ask,
        waiter: &Waiter<Outgoing<Turn>>,
        waker: &Waker,
    ) -> Taking {
        // Cloned and dropped outside the lock only: before it, and after it, since it was there first.
        let waker = ForeignWaker::of(waker);
        let turn = Turn::new(ask, clock::now());
        let flags = WAITERS | if ask.writer { WRITERS } else { 0 };
        let mut line = self.line.lock();
        let mut asked = false;
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let taken = may_take(word, ask.permits, false);
            if taken && !std::mem::replace(&mut asked, true) && !coop::take() {
                return Taking::Refused;
            }
            let new = match taken {
                true => word - (ask.permits << SHIFT),
                false => word | flags,
            };
            match self.swap(word, new) {
                Ok(()) if taken => return Taking::Taken,
                Ok(()) => break,
                Err(found) => word = found,
            }
        }
        // SAFETY: the node is the caller's, is in no queue, pinned, and is withdrawn before it goes.
        unsafe { line.push(waiter, turn, waker) };
        Taking::Busy
    }

    /// A look of somebody who is queued; none if it is queued no more.
    fn poll_queued(
        &self,
        ask: Ask,
        waiter: &Waiter<Outgoing<Turn>>,
        cx: &mut Context<'_>,
    ) -> Option<Taking> {
        // Most are polled since they were called, and need no other waker.
        let mut waker = None;
        loop {
            let mut wake = WakeList::new();
            let mut line = self.line.lock();
            if waiter.state() != State::Queued {
                return None;
            }
            let look = self.look(&mut line, ask, waiter, cx.waker(), &mut waker, &mut wake);
            drop(line);
            wake.wake_all();
            match look {
                Look::Won(who) => {
                    drop(who);
                    return Some(Taking::Taken);
                }
                Look::Waits(who) => {
                    drop(who);
                    return Some(Taking::Busy);
                }
                Look::Refused => return Some(Taking::Refused),
                Look::NeedsWaker => waker = Some(ForeignWaker::of(cx.waker())),
                Look::Changed(own) => waker = Some(own),
            }
        }
    }

    /// The same under the lock; what is not needed of `own` stays there.
    fn look(
        &self,
        line: &mut Line,
        ask: Ask,
        waiter: &Waiter<Outgoing<Turn>>,
        waker: &Waker,
        own: &mut Option<ForeignWaker>,
        wake: &mut WakeList,
    ) -> Look {
        // SAFETY: queued, in this line, and the lock is held; the same below.
        let turn = unsafe { waiter.with_value(|turn| *turn) };
        let mut asked = false;
        let mut word = self.word.load(Ordering::Relaxed);
        while may_take(word, ask.permits, turn.admitted) {
            if !std::mem::replace(&mut asked, true) && !coop::take() {
                // It keeps its call, and is polled again.
                return Look::Refused;
            }
            match self.swap(word, word - (ask.permits << SHIFT)) {
                Ok(()) => return Look::Won(Some(self.leave(line, waiter, wake))),
                Err(found) => word = found,
            }
        }
        if !turn.called {
            // SAFETY: as above.
            if unsafe { waiter.will_wake(waker) } {
                return Look::Waits(None);
            }
        }
        match own.take() {
            None => Look::NeedsWaker,
            Some(own) if turn.called => self.come_back(line, ask, waiter, own, word, wake),
            // SAFETY: as above.
            Some(own) => Look::Waits(Some(unsafe { waiter.set_waker(own) })),
        }
    }

    /// Somebody comes back from a call in vain, as it was seen in `word`, and waits on with `own`.
    fn come_back(
        &self,
        line: &mut Line,
        ask: Ask,
        waiter: &Waiter<Outgoing<Turn>>,
        own: ForeignWaker,
        word: usize,
        wake: &mut WakeList,
    ) -> Look {
        // SAFETY: queued, in this line, and the lock is held; the same below.
        let waits_long = unsafe { waiter.with_value(|turn| turn.waits_long()) };
        let starves = word & STARVING == 0 && ask.permits <= line.total && waits_long;
        let last = line.called == 1;
        let kept = if last { word & !CALLED } else { word };
        let new = if starves { kept | STARVING } else { kept };
        if self.swap(word, new).is_err() {
            // Something was released or taken meanwhile.
            return Look::Changed(own);
        }
        line.called -= 1;
        // SAFETY: as above.
        let old = unsafe {
            waiter.with_value(|turn| (turn.called, turn.starving) = (false, starves));
            if starves {
                line.bring_to_front(waiter);
            }
            waiter.set_waker(own)
        };
        // It may be this one: what is released after the swap is not overlooked.
        self.call(line, Cause::Leaving, wake);
        Look::Waits(Some(old))
    }

    /// Takes a node out, for its owner, and calls whoever may go on instead.
    fn leave(&self, line: &mut Line, waiter: &Waiter<Outgoing<Turn>>, wake: &mut WakeList) -> Who {
        // SAFETY: queued, in this line, and the lock is held; then the node is the owner's.
        let who = unsafe { line.remove(waiter) };
        waiter.set_state(State::Finished);
        self.settle(line);
        // If it was the one who starved, that ends here too.
        self.call(line, Cause::Leaving, wake);
        who
    }

    /// Ends the waiting: the node leaves its queue, and what it was handed goes back.
    fn withdraw(&self, ask: Ask, waiter: &Waiter<Outgoing<Turn>>) {
        if waiter.state() == State::Queued {
            let mut wake = WakeList::new();
            let mut line = self.line.lock();
            if waiter.state() == State::Queued {
                let who = self.leave(&mut line, waiter, &mut wake);
                drop(line);
                wake.wake_all();
                drop(who);
                return;
            }
        }
        if waiter.state() == State::Done {
            waiter.set_state(State::Finished);
            self.release(ask.permits, ask.writer);
        }
    }
}

/// What is acquired, and by what guard it is held.
pub(super) trait Home {
    type Guard;

    const REASON: Reason;

    fn sema(&self) -> &Sema;

    fn ask(&self) -> Ask;

    /// What it wants was taken.
    fn guard(&self) -> Self::Guard;
}

/// The future of everything that takes permits.
pub(super) struct Acquire<H: Home> {
    home: H,
    at: Position,
    waiter: Waiter<Outgoing<Turn>>,
}

impl<H: Home> Acquire<H> {
    #[inline]
    #[track_caller]
    pub(super) fn new(home: H) -> Self {
        Self::begun_at(home, Location::caller())
    }

    /// The same for an operation that began elsewhere.
    #[inline]
    pub(super) fn begun_at(home: H, at: Position) -> Self {
        Self {
            home,
            at,
            waiter: Waiter::vacant(),
        }
    }
}

impl<H: Home> Future for Acquire<H> {
    type Output = H::Guard;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<H::Guard> {
        let Self { home, at, waiter } = self.as_ref().get_ref();
        // SAFETY: the node is pinned with the future, belongs to it, is used with this semaphore and
        // wish only, and is withdrawn by `drop`.
        match unsafe { home.sema().poll(home.ask(), waiter, cx) } {
            Poll::Ready(()) => Poll::Ready(home.guard()),
            Poll::Pending => {
                if waiter.state() == State::Queued {
                    note::waits(H::REASON, At::Here(at));
                }
                Poll::Pending
            }
        }
    }
}

impl<H: Home> Drop for Acquire<H> {
    #[inline]
    fn drop(&mut self) {
        if matches!(self.waiter.state(), State::Queued | State::Done) {
            self.home.sema().withdraw(self.home.ask(), &self.waiter);
        }
    }
}
