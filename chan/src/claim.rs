//! The claim word: by whom, and for which arm, a waiting select is decided. (Go: `selectDone`.)
//!
//! A select that waits has one node in the queue of each of its channels, and all of them point to
//! its one claim. Whoever wants to complete one of the nodes must win the word first. What must
//! hold:
//!
//! * the word goes from `WAITING` to `CHOSEN` once, so that exactly one arm commits;
//! * a claim is reached by others only through a queued node, under the lock of that node's
//!   channel. So its owner may free it once its nodes are out of every queue;
//! * the waker is written by the owner in `SELF`, and taken by whoever made the word `CHOSEN`;
//! * a thread that holds one word `TENTATIVE` takes no lock, and waits only for words at higher
//!   addresses. So those who spin on `TENTATIVE` spin for a few instructions, and never in a circle.
//!
//! | word | meaning | who leaves it |
//! |---|---|---|
//! | `SELF` | the owner is looking by itself; others skip its nodes | the owner |
//! | `WAITING` | anyone may choose | anyone, by compare-and-swap |
//! | `TENTATIVE` | a select holds it while it tries to win a second word | that select |
//! | `CHOSEN + i` | arm `i` has committed; others skip its nodes | the owner |
//!
//! It stands below the channel, which knows of selects no more than this word.

use std::fmt;
use std::ptr;
use std::task::Waker;

use chango_core::util::foreign_waker::ForeignWaker;

use crate::primitive::atomic::{AtomicU32, Ordering};
use crate::primitive::cell::UnsafeCell;
use crate::primitive::{MODELLED, hint, thread};

const SELF: u32 = 0;
const WAITING: u32 = 1;
const TENTATIVE: u32 = 2;
const CHOSEN: u32 = 3;

/// What the nodes of one select have in common.
pub(crate) struct Claim {
    word: AtomicU32,
    /// In a model, the place in the order of claims: loom cannot explore a model twice whose
    /// addresses change from run to run. Zero on the real machine, where addresses decide.
    order: u32,
    /// Belongs to the owner in `SELF`, and to whoever made the word `CHOSEN`.
    waker: UnsafeCell<Option<ForeignWaker>>,
}

// SAFETY: the waker, which may itself be used from any thread, is touched only by whom the word
// says it belongs to.
unsafe impl Send for Claim {}
// SAFETY: as for `Send`.
unsafe impl Sync for Claim {}

/// How an attempt to win two words ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Pair {
    /// Both are chosen.
    Won,
    /// The own select has been chosen by somebody else; the other word is as it was.
    OwnLost,
    /// The other one cannot be chosen now; the own word is as it was.
    OtherLost,
}

impl Claim {
    /// A claim in the hands of its owner.
    pub(crate) fn new() -> Self {
        let order = if MODELLED { number_of_model() } else { 0 };
        Self {
            word: AtomicU32::new(SELF),
            order,
            waker: UnsafeCell::new(None),
        }
    }

    /// Opens the claim to others: from now on they may choose. Only the owner, in `SELF`; there it
    /// stays if the waker panics when it is cloned.
    pub(crate) fn wait(&self, waker: &Waker) {
        debug_assert_eq!(self.word.load(Ordering::Relaxed), SELF);
        // SAFETY: in `SELF` the waker belongs to the owner, which is the caller.
        let old = self.waker.with_mut(|slot| unsafe {
            match &*slot {
                Some(old) if old.will_wake(waker) => None,
                _ => (*slot).replace(ForeignWaker::of(waker)),
            }
        });
        // While the word is still the owner's: what the waker does to the channels finds it closed.
        drop(old);
        // Release: the waker and the nodes are written. Pairs with the acquiring compare-and-swap
        // of whoever chooses.
        self.word.store(WAITING, Ordering::Release);
    }

    /// Closes the claim to others again, or says which arm they have chosen. Only the owner.
    pub(crate) fn leave(&self) -> Result<(), usize> {
        match self.swap_from_waiting(SELF) {
            Ok(()) => Ok(()),
            Err(word) => {
                debug_assert!(word >= CHOSEN, "only the owner makes its word SELF");
                Err((word - CHOSEN) as usize)
            }
        }
    }

    /// Takes a chosen claim back into the owner's hands: the chosen arm turned out to be none.
    pub(crate) fn reset(&self) {
        debug_assert!(self.word.load(Ordering::Relaxed) >= CHOSEN);
        // Others leave a chosen word alone, and the next `wait` publishes what the owner writes.
        self.word.store(SELF, Ordering::Relaxed);
    }

    /// Chooses `arm`; false if the select is not open to that. The owner may call it as well as
    /// others, in `WAITING`, to choose for itself.
    pub(crate) fn choose(&self, arm: u32) -> bool {
        self.swap_from_waiting(CHOSEN + arm).is_ok()
    }

    /// Chooses `arm` of `self`, the caller's own claim, and `other_arm` of `other`, or neither.
    pub(crate) fn choose_both(&self, arm: u32, other: &Claim, other_arm: u32) -> Pair {
        // In the order of their addresses, so that two threads never hold one word each and wait
        // for the other's.
        if (self.order, ptr::from_ref(self)) < (other.order, ptr::from_ref(other)) {
            if self.swap_from_waiting(TENTATIVE).is_err() {
                return Pair::OwnLost;
            }
            if !other.choose(other_arm) {
                self.resolve(WAITING);
                return Pair::OtherLost;
            }
            self.resolve(CHOSEN + arm);
        } else {
            if other.swap_from_waiting(TENTATIVE).is_err() {
                return Pair::OtherLost;
            }
            if !self.choose(arm) {
                other.resolve(WAITING);
                return Pair::OwnLost;
            }
            other.resolve(CHOSEN + other_arm);
        }
        Pair::Won
    }

    /// Takes the waker out. Only who chose, and under the lock of the chosen node's channel.
    ///
    /// # Safety
    ///
    /// The caller made the word `CHOSEN`, and the owner does not know of it yet: it still waits for
    /// the lock that the caller holds.
    pub(crate) unsafe fn take_waker(&self) -> Option<ForeignWaker> {
        // SAFETY: the caller won the word, which is the right to the waker.
        self.waker.with_mut(|slot| unsafe { (*slot).take() })
    }

    /// `WAITING` → `new`; otherwise the word that stands there instead, which is not `TENTATIVE`.
    fn swap_from_waiting(&self, new: u32) -> Result<(), u32> {
        let mut spins = 0_u32;
        loop {
            // Acquire: the winner takes the waker, pairs with `wait`; and the owner that finds
            // itself chosen sees what was done for it. Release: pairs with the owner's acquire.
            let swapped =
                self.word
                    .compare_exchange(WAITING, new, Ordering::AcqRel, Ordering::Acquire);
            match swapped {
                Ok(_) => return Ok(()),
                Err(TENTATIVE) => {
                    // A few instructions of another thread, unless it is not running.
                    spins += 1;
                    if spins.is_multiple_of(64) {
                        thread::yield_now();
                    } else {
                        hint::spin_loop();
                    }
                }
                Err(word) => return Err(word),
            }
        }
    }

    /// Ends `TENTATIVE`.
    fn resolve(&self, word: u32) {
        // Release: pairs with the acquiring compare-and-swap of whoever comes next.
        self.word.store(word, Ordering::Release);
    }
}

/// The next number for the order of claims in a model.
fn number_of_model() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering};
    // Not one of loom's: that every run counts on from the last one is no part of the model.
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.word.load(Ordering::Relaxed);
        f.debug_struct("Claim")
            .field("word", &word)
            .finish_non_exhaustive()
    }
}

/// In whose name an operation commits, and so what has to be won for it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Right<'a> {
    /// A plain operation, or a select whose claim is in its own hands: nothing but the peer.
    Free,
    /// Arm `1` of a select that is open to others: its own word too.
    Select(&'a Claim, u32),
}

impl Right<'_> {
    /// Wins what has to be won to commit without a peer; false if somebody else was faster.
    pub(crate) fn win(self) -> bool {
        match self {
            Self::Free => true,
            Self::Select(own, arm) => own.choose(arm),
        }
    }

    /// Wins what has to be won to commit with arm `other_arm` of the select `other`.
    pub(crate) fn win_with(self, other: &Claim, other_arm: u32) -> Pair {
        match self {
            // A select never pairs with itself.
            Self::Select(own, _) if ptr::eq(own, other) => Pair::OtherLost,
            Self::Select(own, arm) => own.choose_both(arm, other, other_arm),
            Self::Free if other.choose(other_arm) => Pair::Won,
            Self::Free => Pair::OtherLost,
        }
    }
}
