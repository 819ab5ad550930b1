//! The arms of a select before it waits: no more than the operands.
//!
//! Mostly one of them is ready, and a select that need not wait should cost no more than a receive. A node
//! that can wait is several times as large as what it waits for, and would be built, moved and dropped for
//! nothing; so it is made when the select has to wait ([`EarlyList::nodes`]), and before that [`now`] has
//! looked at all arms. What must hold:
//!
//! * [`now`] does what the first look of a select that waits would do: the order is random, each one
//!   equally likely, and the first that is ready commits. Where it commits nothing, nothing was taken or sent;
//! * a future is not polled here, since it would have to be pinned: a select with one is looked at by
//!   [`Select`](super::Select) only, so that all its arms are looked at in one order;
//! * a value that was lent goes back to its slot if its arm does not commit.

use std::convert::Infallible;
use std::fmt;
use std::future::{Future, Pending, pending};
use std::task::Poll;

use chango_core::coop;
use chango_core::random;

use super::arm::{FutureNode, Output, RecvNode, SendNode, SomeNode};
use super::list::{Cons, Nil, Outputs, Won};
use super::run::Selected;
use crate::channel::{Channel, Closed, Sending};
use crate::error::SendError;
use crate::receive::Receive;
use crate::send_to::SendTo;

/// An arm that does not wait yet.
#[doc(hidden)]
pub trait Early {
    /// The same arm, waiting.
    type Node: Output;

    /// Whether it can be looked at before it is pinned.
    const AT_ONCE: bool;

    /// Whether it may be that it can commit at once: no more than a look. `false` is certain.
    fn may(&self) -> bool;

    /// Commits if that is possible at once.
    fn now(&mut self) -> Option<<Self::Node as Output>::Output>;

    /// The same arm, to wait.
    fn node(self) -> Self::Node;
}

/// A list of such arms.
#[doc(hidden)]
pub trait EarlyList {
    /// The same list, waiting.
    type Nodes: Outputs;

    /// How many arms there are, those switched off included.
    const LEN: usize;

    /// Whether all of them can be looked at before they are pinned.
    const AT_ONCE: bool;

    /// Of which arms it may be that they can commit at once: bit 0 is the first.
    fn may(&self) -> u64;

    /// Has arm `at` commit if that is possible at once.
    fn now(&mut self, at: u32) -> Option<<Self::Nodes as Outputs>::Won>;

    /// The same list, to wait.
    fn nodes(self) -> Self::Nodes;
}

impl EarlyList for Nil {
    type Nodes = Self;
    const LEN: usize = 0;
    const AT_ONCE: bool = true;

    #[inline]
    fn may(&self) -> u64 {
        0
    }

    #[inline]
    fn now(&mut self, _at: u32) -> Option<Infallible> {
        None
    }

    #[inline]
    fn nodes(self) -> Self {
        self
    }
}

impl<A: Early, L: EarlyList> EarlyList for Cons<A, L> {
    type Nodes = Cons<A::Node, L::Nodes>;
    const LEN: usize = 1 + L::LEN;
    const AT_ONCE: bool = A::AT_ONCE && L::AT_ONCE;

    #[inline(always)]
    fn may(&self) -> u64 {
        u64::from(self.arm.as_ref().is_some_and(A::may)) | self.rest.may() << 1
    }

    #[inline(always)]
    fn now(&mut self, at: u32) -> Option<<Self::Nodes as Outputs>::Won> {
        match at {
            0 => self.arm.as_mut()?.now().map(Won::This),
            _ => self.rest.now(at - 1).map(Won::Later),
        }
    }

    #[inline]
    fn nodes(self) -> Self::Nodes {
        Cons::new(self.arm.map(A::node), self.rest.nodes())
    }
}

/// Arms that were looked at. They are moved as a whole into the select that waits, so that a goroutine that
/// waits has operands and values in its memory once; and if one has committed they are not moved.
pub struct Tried<L: EarlyList> {
    /// Whether one has committed. (A field, since what is borrowed to be asked is kept across a wait.)
    pub done: bool,
    outcome: Outcome<L, <L::Nodes as Outputs>::Won>,
}

enum Outcome<L, W> {
    /// What the one that has committed gave.
    Won(W),
    /// None has.
    Arms(L),
}

impl<L: EarlyList> Tried<L> {
    #[inline]
    fn won(won: <L::Nodes as Outputs>::Won) -> Self {
        Self {
            done: true,
            outcome: Outcome::Won(won),
        }
    }

    #[inline]
    fn in_vain(arms: L) -> Self {
        Self {
            done: false,
            outcome: Outcome::Arms(arms),
        }
    }

    /// What the one that has committed gave.
    ///
    /// # Panics
    ///
    /// If none has: `done` is asked first.
    #[inline]
    pub fn selected(self) -> Selected<<L::Nodes as Outputs>::Won> {
        match self.outcome {
            Outcome::Won(won) => Selected::Arm(won),
            Outcome::Arms(_) => unreachable!("`done` is asked first"),
        }
    }

    /// The arms, of which none has committed.
    ///
    /// # Panics
    ///
    /// If one has: `done` is asked first.
    #[inline]
    pub fn arms(self) -> L {
        match self.outcome {
            Outcome::Arms(arms) => arms,
            Outcome::Won(_) => unreachable!("`done` is asked first"),
        }
    }
}

impl<L: EarlyList> fmt::Debug for Tried<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tried")
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}

/// Has one of the arms commit if one is ready, each equally likely.
#[inline]
pub fn now<L: EarlyList>(mut arms: L) -> Tried<L> {
    if L::AT_ONCE && L::LEN > FEW {
        // One that is drawn out of all, before they are looked at. If it is not ready, those that are have the same
        // chance still.
        let at = random::with(|random| random.below(L::LEN)) as u32;
        if let Some(won) = arms.now(at) {
            return Tried::won(won);
        }
    }
    try_each(arms, |bits| any(bits, L::LEN))
}

/// The same, and looks at the arms in source order.
#[inline]
pub fn now_biased<L: EarlyList>(arms: L) -> Tried<L> {
    try_each(arms, u64::trailing_zeros)
}

/// So many arms are all looked at in the time that it takes to find out that one is not ready.
const FEW: usize = 16;

/// So many arms have a bit each.
const BITS: usize = u64::BITS as usize;

/// Has the arms of which it may be that they can commit try, in the order in which `next` chooses among those
/// that are left. First all are looked at, which is a load each and no branch: of many arms mostly few are
/// ready.
#[inline(always)]
fn try_each<L: EarlyList>(mut arms: L, next: impl Fn(u64) -> u32) -> Tried<L> {
    if !L::AT_ONCE || L::LEN > BITS {
        return Tried::in_vain(arms);
    }
    let mut left = arms.may();
    while left != 0 {
        let at = next(left);
        if let Some(won) = arms.now(at) {
            return Tried::won(won);
        }
        left &= !(1 << at);
    }
    Tried::in_vain(arms)
}

/// One of the bits that are set, of so many arms, each equally likely. One after the other, out of those that are
/// left, they come in a random order.
///
/// Where many arms are ready, one that is drawn out of all mostly is: to count up to it takes a branch for each
/// of them, of which no processor can foretell the last.
#[inline]
fn any(bits: u64, arms: usize) -> u32 {
    if bits.is_power_of_two() {
        return bits.trailing_zeros();
    }
    random::with(|random| {
        let at = random.below(arms) as u32;
        if bits >> at & 1 != 0 {
            return at;
        }
        let ones = bits.count_ones() as usize;
        nth(bits, random.below(ones))
    })
}

/// The place of the bit that is set above `n` others.
#[inline]
fn nth(mut bits: u64, n: usize) -> u32 {
    for _ in 0..n {
        bits &= bits - 1;
    }
    bits.trailing_zeros()
}

// ---------------------------------------------------------------------------------------------
// Receive

/// `p = <-place`: an operand used in place.
#[inline]
pub fn recv<R: Receive + ?Sized>(operand: &R) -> RecvArm<&R> {
    RecvArm { operand }
}

/// `p = <-expression`: an operand that lives in the select.
#[inline]
pub fn recv_owned<R: Receive>(operand: R) -> RecvArm<R> {
    RecvArm { operand }
}

/// The arm of [`recv`] and [`recv_owned`].
pub struct RecvArm<R: Receive> {
    operand: R,
}

impl<R: Receive> Early for RecvArm<R> {
    type Node = RecvNode<R>;
    const AT_ONCE: bool = true;

    #[inline(always)]
    fn may(&self) -> bool {
        self.operand.may()
    }

    #[inline(always)]
    fn now(&mut self) -> Option<R::Output> {
        match self.operand.now() {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }

    #[inline]
    fn node(self) -> RecvNode<R> {
        RecvNode::new(self.operand)
    }
}

impl<R: Receive> fmt::Debug for RecvArm<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvArm").finish_non_exhaustive()
    }
}

// ---------------------------------------------------------------------------------------------
// Some(p)

/// `Some(p) = <-place`.
#[inline]
pub fn recv_some<R, T>(operand: &R) -> SomeArm<RecvArm<&R>>
where
    R: Receive<Output = Option<T>> + ?Sized,
{
    SomeArm::new(recv(operand))
}

/// `Some(p) = <-expression`.
#[inline]
pub fn recv_some_owned<R, T>(operand: R) -> SomeArm<RecvArm<R>>
where
    R: Receive<Output = Option<T>>,
{
    SomeArm::new(recv_owned(operand))
}

/// `Some(p) = future`.
#[inline]
pub fn future_some<F, T>(operand: F) -> SomeArm<FutureArm<F>>
where
    F: Future<Output = Option<T>>,
{
    SomeArm::new(future(operand))
}

/// An arm that goes off when it would give `None`.
#[derive(Debug)]
pub struct SomeArm<A> {
    arm: A,
    off: bool,
}

impl<A> SomeArm<A> {
    #[inline]
    fn new(arm: A) -> Self {
        Self { arm, off: false }
    }
}

impl<A, T> Early for SomeArm<A>
where
    A: Early,
    A::Node: Output<Output = Option<T>>,
{
    type Node = SomeNode<A::Node>;
    const AT_ONCE: bool = A::AT_ONCE;

    #[inline(always)]
    fn may(&self) -> bool {
        !self.off && self.arm.may()
    }

    #[inline(always)]
    fn now(&mut self) -> Option<T> {
        let output = self.arm.now()?;
        self.off = output.is_none();
        output
    }

    #[inline]
    fn node(self) -> Self::Node {
        SomeNode::new(self.arm.node(), self.off)
    }
}

// ---------------------------------------------------------------------------------------------
// Future

/// `p = future`: a future that lives in the select.
#[inline]
pub fn future<F: Future>(future: F) -> FutureArm<F> {
    FutureArm { future }
}

/// The arm of [`future`].
pub struct FutureArm<F: Future> {
    future: F,
}

impl<F: Future> Early for FutureArm<F> {
    type Node = FutureNode<F>;
    const AT_ONCE: bool = false;

    #[inline]
    fn may(&self) -> bool {
        false
    }

    #[inline]
    fn now(&mut self) -> Option<F::Output> {
        None
    }

    #[inline]
    fn node(self) -> FutureNode<F> {
        FutureNode::new(self.future)
    }
}

impl<F: Future> fmt::Debug for FutureArm<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FutureArm").finish_non_exhaustive()
    }
}

/// An arm that is never ready.
#[derive(Debug)]
pub struct NeverArm;

/// An arm that is never there: what is left of one that its `#[cfg]` took away.
pub fn absent() -> Option<NeverArm> {
    None
}

/// An arm that is never ready: what stands for one that the macro could not read.
pub fn mistaken() -> NeverArm {
    NeverArm
}

impl Early for NeverArm {
    type Node = FutureNode<Pending<Infallible>>;
    const AT_ONCE: bool = true;

    #[inline]
    fn may(&self) -> bool {
        false
    }

    #[inline]
    fn now(&mut self) -> Option<Infallible> {
        None
    }

    fn node(self) -> Self::Node {
        FutureNode::new(pending())
    }
}

// ---------------------------------------------------------------------------------------------
// Send

/// `place <- value`.
#[inline]
pub fn send<'s, S: SendTo + ?Sized>(operand: &S, value: S::Item) -> SendArm<'s, &S> {
    send_owned(operand, value)
}

/// `expression <- value`. There is no slot, so its lifetime is any, and the value may hold borrows.
#[inline]
pub fn send_owned<'s, S: SendTo>(operand: S, value: S::Item) -> SendArm<'s, S> {
    let value = Lent {
        value: Some(value),
        slot: None,
    };
    SendArm { operand, value }
}

/// `place <- mut binding`: the value goes back into `slot` if another arm wins.
#[inline]
pub fn send_slot<'a, 's, S>(operand: &'a S, slot: &'s mut Slot<S::Item>) -> SendArm<'s, &'a S>
where
    S: SendTo + ?Sized,
{
    send_slot_owned(operand, slot)
}

/// `expression <- mut binding`.
#[inline]
pub fn send_slot_owned<S: SendTo>(operand: S, slot: &mut Slot<S::Item>) -> SendArm<'_, S> {
    let value = Lent {
        value: Some(slot.take()),
        slot: Some(slot),
    };
    SendArm { operand, value }
}

/// The arm of [`send`] and its like. It gives a `Result<(), SendError<T>>`.
pub struct SendArm<'s, S: SendTo> {
    operand: S,
    value: Lent<'s, S::Item>,
}

/// The value of a send, and where it goes back to.
struct Lent<'s, T> {
    value: Option<T>,
    slot: Option<&'s mut Slot<T>>,
}

impl<T> Drop for Lent<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            slot.put(self.value.take());
        }
    }
}

impl<'s, S: SendTo> Early for SendArm<'s, S> {
    type Node = SendNode<'s, S>;
    const AT_ONCE: bool = true;

    #[inline(always)]
    fn may(&self) -> bool {
        self.operand.target().0.is_some_and(Channel::may_send)
    }

    #[inline(always)]
    fn now(&mut self) -> Option<Result<(), SendError<S::Item>>> {
        let value = &mut self.value.value;
        match self.operand.target().0?.send(value, coop::take) {
            Sending::Done => Some(Ok(())),
            Sending::Closed(closed) => {
                let by_receiver = closed == Closed::ByReceiver;
                value
                    .take()
                    .map(|value| Err(SendError::new(value, by_receiver)))
            }
            Sending::Full | Sending::Refused => None,
        }
    }

    #[inline]
    fn node(mut self) -> SendNode<'s, S> {
        let (value, slot) = (self.value.value.take(), self.value.slot.take());
        let value = value.expect("an arm that has not committed has its value");
        SendNode::new(self.operand, value, slot)
    }
}

impl<S: SendTo> fmt::Debug for SendArm<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendArm").finish_non_exhaustive()
    }
}

/// Where the value of a `<- mut` arm is while the select does not have it.
#[derive(Debug)]
pub struct Slot<T> {
    value: Option<T>,
}

impl<T> Slot<T> {
    /// A slot that will have a value.
    #[inline]
    pub fn empty() -> Self {
        Self { value: None }
    }

    /// A slot with a value.
    #[inline]
    pub fn new(value: T) -> Self {
        Self { value: Some(value) }
    }

    /// Puts back what an arm has left of it.
    #[inline]
    pub(super) fn put(&mut self, value: Option<T>) {
        self.value = value;
    }

    /// Takes the value out.
    ///
    /// # Panics
    ///
    /// If it is not there: the macro takes it back only where another arm has won.
    #[inline]
    #[track_caller]
    pub fn take(&mut self) -> T {
        self.value
            .take()
            .expect("the value of a send arm that did not win is in its slot")
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::bounded;

    #[test]
    fn each_bit_comes_once_however_many_there_are() {
        for bits in [1, 0b11, 0b1010_0100, u64::MAX, 1 << 63, 1 << 63 | 1] {
            let (mut left, mut drawn) = (bits, 0);
            while left != 0 {
                let bit = 1 << any(left, 64);
                assert_eq!(left & bit, bit, "of {bits:b}");
                left &= !bit;
                drawn |= bit;
            }
            assert_eq!(drawn, bits);
        }
    }

    #[test]
    fn all_orders_are_equally_likely() {
        // Drawn out of those that are ready mostly, and seldom.
        all_orders_of(8);
        all_orders_of(64);
    }

    fn all_orders_of(arms: usize) {
        let mut counts = BTreeMap::new();
        for _ in 0..24_000 {
            let mut left = 0b1101_0001_u64;
            let order = [(); 4].map(|()| {
                let at = any(left, arms);
                left &= !(1 << at);
                at
            });
            *counts.entry(order).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 24);
        // A thousand each; the standard deviation is 31.
        let all = || counts.values();
        assert!(all().all(|count| (750..1250).contains(count)), "{counts:?}");
    }

    #[test]
    fn of_the_arms_that_are_ready_each_is_taken_as_often() {
        let channels = [(); 3].map(|()| bounded(1));
        let [(first, a), (_second, b), (third, c)] = &channels;
        let mut counts = [0; 3];
        for _ in 0..6_000 {
            // One of these is full still.
            let _ = (first.try_send(0), third.try_send(2));
            let rest = Cons::new(Some(recv(b)), Cons::new(Some(recv(c)), Nil));
            let got = match now(Cons::new(Some(recv(a)), rest)).selected() {
                Selected::Arm(Won::This(got)) => got,
                Selected::Arm(Won::Later(Won::This(got))) => got,
                Selected::Arm(Won::Later(Won::Later(Won::This(got)))) => got,
                _ => panic!("two are ready"),
            };
            counts[got.expect("a value")] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((2_700..3_300).contains(&counts[0]), "{counts:?}");
    }

    #[test]
    fn in_order_the_first_that_is_ready_is_taken_and_the_others_keep_what_they_have() {
        let [(_, a), (b_tx, b), (c_tx, c)] = [(); 3].map(|()| bounded(1));
        b_tx.try_send(1).unwrap();
        c_tx.try_send(2).unwrap();
        let rest = Cons::new(Some(recv(&b)), Cons::new(Some(recv(&c)), Nil));
        // The first one is closed, so it goes off.
        let tried = now_biased(Cons::new(Some(recv_some(&a)), rest));
        assert!(tried.done);
        let selected = tried.selected();
        assert!(matches!(
            selected,
            Selected::Arm(Won::Later(Won::This(Some(1))))
        ));
        assert_eq!(c.try_recv(), Ok(2));
        // It stays so in the select that waits.
        let tried = now_biased(Cons::new(Some(recv_some(&a)), Nil));
        assert!(!tried.done && tried.arms().arm.is_some_and(|arm| arm.off));
    }

    macro_rules! arms {
        ($receivers:ident) => { Nil };
        ($receivers:ident $first:literal $($rest:literal)*) => {
            Cons::new(Some(recv(&$receivers[$first])), arms!($receivers $($rest)*))
        };
    }

    #[test]
    fn of_many_arms_each_that_is_ready_is_taken_as_often_and_no_other() {
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..=FEW).map(|_| bounded(1)).unzip();
        let now = || now(arms!(receivers 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)).done;
        assert!(!now(), "none is ready");
        for ready in [
            vec![0],
            vec![8],
            vec![16],
            vec![3, 9, 16],
            (0..=FEW).collect(),
        ] {
            let mut counts = vec![0; ready.len()];
            for _ in 0..1_000 * ready.len() {
                // Those are full still that were not taken.
                for &at in &ready {
                    let _ = senders[at].try_send(());
                }
                assert!(now());
                let taken = ready.iter().position(|&at| receivers[at].is_empty());
                counts[taken.expect("one of them")] += 1;
            }
            // The standard deviation is 31.
            assert!(
                counts.iter().all(|count| (850..1150).contains(count)),
                "{counts:?}"
            );
            for &at in &ready {
                let _ = receivers[at].try_recv();
            }
        }
    }

    #[test]
    fn a_value_that_is_lent_comes_back_unless_its_arm_is_taken() {
        let (tx, rx) = bounded(1);
        let mut slot = Slot::new(1);
        assert!(now(Cons::new(Some(send_slot(&tx, &mut slot)), Nil)).done);
        assert_eq!(slot.value, None);
        slot = Slot::new(2);
        assert!(!now(Cons::new(Some(send_slot(&tx, &mut slot)), Nil)).done);
        assert_eq!(slot.value, Some(2), "the channel is full");
        assert_eq!(rx.try_recv(), Ok(1));
    }
}
