//! Which futures may go from thread to thread: those over operands and outputs that may, and no
//! others. The compiler says it; hardly anything runs here.

use std::cell::Cell;
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::MutexGuard;
use std::task::{Context, Poll};

use chango_core::task::JoinHandle;
use chango_core::time::{Ticker, Timer};

use crate::ops::{EachWait, ReceiveWait};
use crate::receive::Look;
use crate::select::Select;
use crate::select::arm::RecvNode;
use crate::{Receive, Receiver, RecvFuture, SendFuture};

/// Whether a type is `Send`: the constant of the type itself goes before that of the trait.
struct Is<T>(PhantomData<T>);

trait Otherwise {
    const SEND: bool = false;
}

impl<T> Otherwise for Is<T> {}

impl<T: Send> Is<T> {
    const SEND: bool = true;
}

/// What may be sent and not be shared.
type Moves = Cell<i32>;
/// What may be shared and not be sent.
type Stays = MutexGuard<'static, i32>;

/// Both futures over a borrowed operand.
macro_rules! assert_waits {
    ($send:literal: $($operand:ty),* $(,)?) => {const {$(
        assert!(Is::<ReceiveWait<'static, $operand>>::SEND == $send);
        assert!(Is::<EachWait<'static, $operand>>::SEND == $send);
        assert!(Is::<RecvNode<&'static $operand>>::SEND == $send);
    )*}};
}

/// An arm that has its operand.
macro_rules! assert_arms {
    ($send:literal: $($operand:ty),* $(,)?) => {const {$(
        assert!(Is::<RecvNode<$operand>>::SEND == $send);
    )*}};
}

#[test]
fn what_waits_may_move_where_its_values_may() {
    assert_waits!(true: Receiver<i32>, Receiver<Moves>, Option<Receiver<Moves>>, &'static Timer);
    assert_arms!(true: Receiver<Moves>, &'static Receiver<Moves>, Ticker, JoinHandle<Moves>);
    assert_waits!(false: Receiver<Rc<i32>>, Receiver<Stays>, &'static Option<Receiver<Rc<i32>>>);
    assert_arms!(false: Receiver<Stays>, &'static Receiver<Rc<i32>>, JoinHandle<Rc<i32>>);
    const {
        assert!(Is::<RecvFuture<'static, Moves>>::SEND && Is::<SendFuture<'static, Moves>>::SEND);
        assert!(!Is::<RecvFuture<'static, Stays>>::SEND && !Is::<SendFuture<'static, Stays>>::SEND);
    }
}

/// An operand that is `Send` and `Sync` as `M` is, and that never gives an `O`.
struct Odd<O, M>(PhantomData<(fn() -> O, M)>);

// SAFETY: a node of nothing is `Send`.
unsafe impl<O, M> Receive for Odd<O, M> {
    type Output = O;
    type Each = O;
    type Node = ();

    fn each(output: O) -> Option<O> {
        Some(output)
    }

    fn node() {}

    fn now(&self) -> Poll<O> {
        Poll::Pending
    }

    unsafe fn poll_receive(&self, _node: Pin<&mut ()>, _cx: &mut Context<'_>) -> Poll<O> {
        Poll::Pending
    }

    unsafe fn look(&self, _node: Pin<&mut ()>, _cx: &mut Context<'_>) -> Look<O> {
        Look::NotReady
    }
}

#[test]
fn operand_and_output_both_have_to_allow_it() {
    // Shared by a future, owned by an arm.
    assert_waits!(true: Odd<Moves, ()>, Odd<Moves, Stays>);
    assert_waits!(false: Odd<Moves, Moves>, Odd<Moves, Rc<()>>);
    assert_arms!(true: Odd<Moves, Moves>);
    assert_arms!(false: Odd<Moves, Stays>);
    // An output that stays, though the operand and its node do not.
    assert_waits!(false: Odd<Rc<()>, ()>, Odd<Stays, ()>);
    assert_arms!(false: Odd<Rc<()>, ()>, Odd<Stays, ()>);
}

#[test]
fn what_waits_for_anything_may_move_where_that_says_so() {
    fn send<T: Send>() {}
    // Compiled for every `R`, so by what is said of it here and by nothing else.
    fn generic<R: Receive + Send + Sync + 'static>()
    where
        R::Output: Send,
    {
        send::<ReceiveWait<'static, R>>();
        send::<EachWait<'static, R>>();
        send::<RecvNode<R>>();
        send::<Select<RecvNode<&'static R>>>();
    }
    generic::<Receiver<i32>>();
    generic::<Odd<i32, ()>>();
}
