//! The driver of a select: look in random order; enter all queues; look again; tidy up.
//!
//! What must hold:
//!
//! * an arm takes or sends something only with the claim won: in `SELF`, where nobody else can
//!   choose, or by the compare-and-swap in `enter`;
//! * the claim is open to others before the first queue is entered, and every queue is entered
//!   afterwards, with one more look at its channel under its lock;
//! * a default is taken only if there was a moment at which no channel was ready. One look at each
//!   channel in turn does not show that: while it looks at the second, the first may have become
//!   ready, and the second ceases to be just then. Go locks all channels. Here a select with a default
//!   enters all queues as if to wait: who makes a channel ready then chooses its arm, so if nobody has
//!   chosen when the last queue is entered, no channel is ready. Of a single arm one look is enough;
//! * arms are gone, and with them their nodes, before the claim goes.

use std::fmt;
use std::future::Future;
use std::mem;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use chango_core::note::{self, At, Position, Reason};
use chango_core::{coop, random};

use super::arm::Step;
use super::early::EarlyList;
use super::list::{Arms, Outputs};
use crate::claim::Claim;
use crate::receive::Place;

/// Waits until one of `arms` commits.
#[inline]
#[track_caller]
pub fn wait<L: EarlyList>(arms: L) -> Select<L::Nodes> {
    wait_at(arms.nodes(), Location::caller())
}

/// The same for a select that began elsewhere.
#[inline]
pub(super) fn wait_at<L: Outputs>(arms: L, at: Position) -> Select<L> {
    Select::new(
        arms,
        Mode {
            biased: false,
            default: false,
        },
        at,
    )
}

/// The same, and looks at the arms in source order.
#[inline]
#[track_caller]
pub fn wait_biased<L: EarlyList>(arms: L) -> Select<L::Nodes> {
    Select::new(
        arms.nodes(),
        Mode {
            biased: true,
            default: false,
        },
        Location::caller(),
    )
}

/// Commits one of `arms` if one is ready, and takes the default otherwise.
#[inline]
#[track_caller]
pub fn poll_default<L: EarlyList>(arms: L) -> Select<L::Nodes> {
    Select::new(
        arms.nodes(),
        Mode {
            biased: false,
            default: true,
        },
        Location::caller(),
    )
}

/// The same, and looks at the arms in source order.
#[inline]
#[track_caller]
pub fn poll_default_biased<L: EarlyList>(arms: L) -> Select<L::Nodes> {
    Select::new(
        arms.nodes(),
        Mode {
            biased: true,
            default: true,
        },
        Location::caller(),
    )
}

/// How a select ended.
#[derive(Debug)]
pub enum Selected<W> {
    /// An arm has committed.
    Arm(W),
    /// No arm was ready, and there is a default.
    Default,
    /// All arms are disabled.
    Disabled,
}

/// The future of a select. Dropped before it is done, none of its arms has taken or sent anything.
#[must_use = "a future does nothing unless it is awaited"]
pub struct Select<L> {
    /// Before the claim, to which their nodes point. None once the select is done.
    arms: Option<L>,
    claim: Claim,
    mode: Mode,
    at: Position,
    /// Whether the claim was opened to others, and not taken back since.
    open: bool,
}

#[derive(Clone, Copy, Debug)]
struct Mode {
    biased: bool,
    default: bool,
}

impl<L> Select<L> {
    fn new(arms: L, mode: Mode, at: Position) -> Self {
        Self {
            arms: Some(arms),
            claim: Claim::new(),
            mode,
            at,
            open: false,
        }
    }
}

impl<L: Outputs> Future for Select<L> {
    type Output = Selected<L::Won>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the arms are pinned with the select: they are dropped in place, by `set`, and not
        // moved. Nothing else is pinned, but the claim, to which nodes point, is only borrowed.
        let (mut slot, claim, mode, at, open) = unsafe {
            let this = self.get_unchecked_mut();
            (
                Pin::new_unchecked(&mut this.arms),
                &this.claim,
                this.mode,
                this.at,
                &mut this.open,
            )
        };
        let mut arms = slot
            .as_mut()
            .as_pin_mut()
            .expect("a select was polled after it was done");
        let mut order = arms.as_mut().order().map(mem::take).unwrap_or_default();
        let mut run = Run {
            arms: arms.as_mut(),
            claim,
            open,
            mode,
        };
        let Poll::Ready(outcome) = run.poll(&mut order, cx) else {
            if let Some(kept) = arms.order() {
                *kept = order;
            }
            note::waits(Reason::SelectWait, At::Here(at));
            return Poll::Pending;
        };
        let selected = match outcome {
            Outcome::Arm(at) => {
                run.withdraw();
                Selected::Arm(arms.take(at))
            }
            Outcome::Default => Selected::Default,
            Outcome::Disabled => Selected::Disabled,
        };
        // The futures that lost go before the winner's body runs.
        slot.set(None);
        Poll::Ready(selected)
    }
}

impl<L> Drop for Select<L> {
    fn drop(&mut self) {
        if self.open {
            // From here on nobody chooses. If somebody has, the arm gives back what it was handed.
            let _ = self.claim.leave();
        }
    }
}

impl<L> fmt::Debug for Select<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Select")
            .field("claim", &self.claim)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

/// How a poll ended that ended the select.
enum Outcome {
    Arm(usize),
    Default,
    Disabled,
}

/// How the look at all arms ended.
enum Looked {
    Committed(usize),
    Refused,
    /// So many arms are on, and none is ready.
    Waiting(usize),
}

/// How entering all queues ended.
enum Entered {
    /// This arm has committed; others can no longer choose.
    Committed(usize),
    /// All are entered.
    All,
    /// Somebody has chosen, or is to be looked at again.
    Again,
    /// An arm went off, and the claim is chosen for it: back into the select's own hands.
    Off,
    Refused,
}

/// One poll of a select.
struct Run<'a> {
    arms: Pin<&'a mut (dyn Arms + 'a)>,
    claim: &'a Claim,
    open: &'a mut bool,
    mode: Mode,
}

impl Run<'_> {
    /// The whole of it. The order of many arms goes into `heap`.
    fn poll(&mut self, heap: &mut Vec<u32>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let mut inline = [0_u32; INLINE];
        let mut order = Order::new(self.arms.len(), self.mode.biased, &mut inline, heap);
        loop {
            if let Some(at) = self.take_back() {
                return Poll::Ready(Outcome::Arm(at));
            }
            match self.look(&mut order, cx) {
                Looked::Committed(at) => return Poll::Ready(Outcome::Arm(at)),
                Looked::Refused => {
                    ready!(coop::poll_proceed(cx));
                    continue;
                }
                Looked::Waiting(on) if self.mode.default => {
                    // A loop around a default is to be preempted as well.
                    ready!(coop::poll_proceed(cx));
                    if on < 2 {
                        return Poll::Ready(Outcome::Default);
                    }
                }
                Looked::Waiting(0) => return Poll::Ready(Outcome::Disabled),
                Looked::Waiting(_) if self.register(cx).is_ready() => continue,
                Looked::Waiting(_) => {}
            }
            // In this order: a waker that panics when it is cloned leaves the claim closed.
            self.claim.wait(cx.waker());
            *self.open = true;
            match self.enter(&mut order) {
                Entered::Committed(at) => {
                    *self.open = false;
                    return Poll::Ready(Outcome::Arm(at));
                }
                // If somebody has chosen, the next turn takes it back.
                Entered::All if self.mode.default => {
                    if self.claim.leave().is_ok() {
                        *self.open = false;
                        return Poll::Ready(Outcome::Default);
                    }
                }
                Entered::All => return Poll::Pending,
                Entered::Again => {}
                Entered::Off => {
                    *self.open = false;
                    self.claim.reset();
                }
                Entered::Refused => {
                    if let Some(at) = self.take_back() {
                        return Poll::Ready(Outcome::Arm(at));
                    }
                    ready!(coop::poll_proceed(cx));
                }
            }
        }
    }

    /// Takes the claim back into the select's own hands, or says which arm others have chosen.
    fn take_back(&mut self) -> Option<usize> {
        if !*self.open {
            return None;
        }
        let left = self.claim.leave();
        *self.open = false;
        let at = left.err()?;
        match self.arms.as_mut().arm(at)?.collect() {
            Step::Committed => Some(at),
            // The channel was closed under an arm that wants `Some`: the others go on.
            _ => {
                self.claim.reset();
                None
            }
        }
    }

    /// The first that is ready commits.
    fn look(&mut self, order: &mut Order<'_>, cx: &mut Context<'_>) -> Looked {
        let mut on = 0;
        for turn in 0..order.len() {
            let at = order.draw(turn);
            let Some(arm) = self.arms.as_mut().arm(at) else {
                continue;
            };
            match arm.look(cx) {
                Step::Committed => return Looked::Committed(at),
                Step::Refused => return Looked::Refused,
                Step::Off => {}
                Step::Waiting | Step::Chosen => on += 1,
            }
        }
        Looked::Waiting(on)
    }

    /// Timers and their like are set only now. Ready if it is worth while to look again.
    fn register(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        for at in 0..self.arms.len() {
            if let Some(arm) = self.arms.as_mut().arm(at)
                && arm.register(cx).is_ready()
            {
                return Poll::Ready(());
            }
        }
        Poll::Pending
    }

    /// The claim is open: every channel is looked at once more, under its lock, and entered.
    fn enter(&mut self, order: &mut Order<'_>) -> Entered {
        for turn in 0..order.len() {
            let at = order.drawn(turn);
            let Some(arm) = self.arms.as_mut().arm(at) else {
                continue;
            };
            match arm.enter(Place {
                claim: self.claim,
                arm: order.number(turn),
            }) {
                Step::Committed => return Entered::Committed(at),
                Step::Waiting => {}
                Step::Off => return Entered::Off,
                Step::Refused => return Entered::Refused,
                Step::Chosen => return Entered::Again,
            }
        }
        Entered::All
    }

    /// Takes all nodes out of their queues.
    fn withdraw(&mut self) {
        for at in 0..self.arms.len() {
            if let Some(arm) = self.arms.as_mut().arm(at) {
                arm.withdraw();
            }
        }
    }
}

/// So many arms are put into their order without an allocation.
const INLINE: usize = 32;

/// The order in which arms are looked at: random, drawn one by one, since the first may end it.
struct Order<'a> {
    arms: &'a mut [u32],
    biased: bool,
}

impl<'a> Order<'a> {
    fn new(len: usize, biased: bool, inline: &'a mut [u32], heap: &'a mut Vec<u32>) -> Self {
        let arms = if len <= INLINE {
            &mut inline[..len]
        } else {
            heap.resize(len, 0);
            heap.as_mut_slice()
        };
        (0..)
            .zip(&mut *arms)
            .for_each(|(number, arm)| *arm = number);
        Self { arms, biased }
    }

    fn len(&self) -> usize {
        self.arms.len()
    }

    /// The arm of this turn, each of those left equally likely.
    fn draw(&mut self, turn: usize) -> usize {
        if !self.biased {
            let left = self.arms.len() - turn;
            self.arms
                .swap(turn, turn + random::with(|random| random.below(left)));
        }
        self.drawn(turn)
    }

    /// The arm that was drawn for this turn.
    fn drawn(&self, turn: usize) -> usize {
        self.number(turn) as usize
    }

    /// The same, as a node has it.
    fn number(&self, turn: usize) -> u32 {
        self.arms[turn]
    }
}
