//! What the arrows and the arms of `select!` take as operands, for `__private`.
//!
//! Here for the sake of one message a mistake. With a bound such as `R: Receive` on these
//! functions the compiler would report a wrong operand at every step that follows, since the
//! steps' types name `R`. So the types of the steps are associated types, and each trait has two
//! impls: the real one, and one that applies to nothing. Where there is a choice of impls the
//! compiler looks at their bounds before it takes one. For a wrong operand it takes none, so it
//! reports the trait's own sentence at the operand, knows nothing of the types that follow, and
//! has nothing more to say.
//!
//! What a message may name has a name that nothing else has, and is exported under it: the
//! compiler then writes the name alone, and not the path, which is nobody's business.

use core::future::Future;
use core::marker::PhantomData;

use chango_chan::ops::{self, ReceiveEach, ReceiveOp, SendOp};
use chango_chan::select::{self, FutureArm, RecvArm, SendArm, Slot, SomeArm};
use chango_chan::{Receive, SendTo};

/// The kind of the impls that apply.
#[derive(Debug)]
pub struct Real;

/// The kind of the impls that do not.
#[derive(Debug)]
pub struct Unreal;

/// What nothing implements.
pub trait Never {
    /// Whatever is asked for.
    fn never<T>(&self) -> T;
}

/// An operand of `<-`, used in place.
#[diagnostic::on_unimplemented(
    message = "nothing can be received from `{Self}`",
    label = "this is no channel to receive from",
    note = "behind `<-` stands a `Receiver`, a `Timer`, a `Ticker`, a `JoinHandle`, an `Option` of \
            one (`None` never gives anything), or a reference to one"
)]
pub trait ReceiveOperand<Kind> {
    /// One receive.
    type Operation<'a>
    where
        Self: 'a;
    /// A loop of receives.
    type Each<'a>
    where
        Self: 'a;
    /// An arm.
    type Arm<'a>
    where
        Self: 'a;

    /// For `<-operand`.
    fn operation(&self) -> Self::Operation<'_>;
    /// For `for v in <-operand`.
    fn each(&self) -> Self::Each<'_>;
    /// For `v = <-operand =>`.
    fn arm(&self) -> Self::Arm<'_>;
}

impl<R: Receive + ?Sized> ReceiveOperand<Real> for R {
    type Operation<'a>
        = ReceiveOp<'a, R>
    where
        R: 'a;
    type Each<'a>
        = ReceiveEach<'a, R>
    where
        R: 'a;
    type Arm<'a>
        = RecvArm<&'a R>
    where
        R: 'a;

    #[inline]
    fn operation(&self) -> ReceiveOp<'_, R> {
        ops::receive(self)
    }

    #[inline]
    fn each(&self) -> ReceiveEach<'_, R> {
        ops::receive_each(self)
    }

    #[inline]
    fn arm(&self) -> RecvArm<&R> {
        select::recv(self)
    }
}

impl<R: Never + ?Sized> ReceiveOperand<Unreal> for R {
    type Operation<'a>
        = ()
    where
        R: 'a;
    type Each<'a>
        = ()
    where
        R: 'a;
    type Arm<'a>
        = ()
    where
        R: 'a;

    fn operation(&self) {
        self.never()
    }

    fn each(&self) {
        self.never()
    }

    fn arm(&self) {
        self.never()
    }
}

/// Something that becomes an arm of its own: the rest of the operands.
macro_rules! arm_of {
    (
        $(#[$attribute:meta])* $name:ident;
        <$($real:ident),*> $operand:ty, $arm:ty, $make:path, where $($bound:tt)*
    ) => {
        $(#[$attribute])*
        pub trait $name<Kind> {
            /// The arm.
            type Arm;

            /// Makes the arm.
            fn arm(self) -> Self::Arm;
        }

        impl<$($real),*> $name<Real> for $operand
        where
            $($bound)*
        {
            type Arm = $arm;

            #[inline]
            fn arm(self) -> $arm {
                $make(self)
            }
        }

        impl<N: Never> $name<Unreal> for N {
            type Arm = ();

            fn arm(self) {
                self.never()
            }
        }
    };
}

arm_of! {
    /// An operand of `<-` that is moved into a select.
    #[diagnostic::on_unimplemented(
        message = "nothing can be received from `{Self}`",
        label = "this is no channel to receive from",
        note = "behind `<-` stands a `Receiver`, a `Timer`, a `Ticker`, a `JoinHandle`, an \
                `Option` of one (`None` never gives anything), or a reference to one"
    )]
    OwnedReceiveOperand;
    <R> R, RecvArm<R>, select::recv_owned, where R: Receive
}

arm_of! {
    /// An operand of `Some(p) = <-` that is moved into a select.
    #[diagnostic::on_unimplemented(
        message = "no `Option` can be received from `{Self}`",
        label = "`Some(…)` before `=` needs a channel that gives an `Option`",
        note = "behind `Some(…) = <-` stands a `Receiver`, or an `Option` of one or a reference \
                to one"
    )]
    OwnedSomeReceiveOperand;
    <R, T> R, SomeArm<RecvArm<R>>, select::recv_some_owned, where R: Receive<Output = Option<T>>
}

arm_of! {
    /// The operand of an arm without an arrow.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` is not a future",
        label = "this is not a future",
        note = "an arm is `pattern = <-channel`, `channel <- value` or `pattern = future`"
    )]
    FutureOperand;
    <F> F, FutureArm<F>, select::future, where F: Future
}

arm_of! {
    /// The operand of an arm without an arrow, behind `Some(p) =`.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` is not a future that gives an `Option`",
        label = "`Some(…)` before `=` needs a future that gives an `Option`"
    )]
    SomeFutureOperand;
    <F, T> F, SomeArm<FutureArm<F>>, select::future_some, where F: Future<Output = Option<T>>
}

/// An operand of `Some(p) = <-`, used in place.
#[diagnostic::on_unimplemented(
    message = "no `Option` can be received from `{Self}`",
    label = "`Some(…)` before `=` needs a channel that gives an `Option`",
    note = "behind `Some(…) = <-` stands a `Receiver`, or an `Option` of one or a reference to one"
)]
pub trait SomeReceiveOperand<Kind> {
    /// The arm.
    type Arm<'a>
    where
        Self: 'a;

    /// Makes the arm.
    fn arm(&self) -> Self::Arm<'_>;
}

impl<R: Receive<Output = Option<T>> + ?Sized, T> SomeReceiveOperand<Real> for R {
    type Arm<'a>
        = SomeArm<RecvArm<&'a R>>
    where
        R: 'a;

    #[inline]
    fn arm(&self) -> SomeArm<RecvArm<&R>> {
        select::recv_some(self)
    }
}

impl<R: Never + ?Sized> SomeReceiveOperand<Unreal> for R {
    type Arm<'a>
        = ()
    where
        R: 'a;

    fn arm(&self) {
        self.never()
    }
}

/// What stands before the arrow of a send.
#[diagnostic::on_unimplemented(
    message = "nothing can be sent to `{Self}`",
    label = "this is no channel to send to",
    note = "before `<-` stands a `Sender`, an `Option` of one (`None` never takes anything), or a \
            reference to one"
)]
pub trait SendOperand<Kind> {
    /// What is sent.
    type Item;
    /// The operand used in place.
    type Place<'a>
    where
        Self: 'a;
    /// The operand itself.
    type This;

    /// For `operand <- value`.
    fn operation(&self) -> SendOp<'_, Self::Item>;
    /// For an arm that uses the operand in place.
    fn place(&self) -> Self::Place<'_>;
    /// For an arm that the operand is moved into.
    fn this(self) -> Self::This
    where
        Self: Sized;
}

impl<S: SendTo> SendOperand<Real> for S {
    type Item = S::Item;
    type Place<'a>
        = &'a S
    where
        S: 'a;
    type This = S;

    #[inline]
    fn operation(&self) -> SendOp<'_, S::Item> {
        ops::send_to(self)
    }

    #[inline]
    fn place(&self) -> &S {
        self
    }

    #[inline]
    fn this(self) -> S {
        self
    }
}

impl<S: Never> SendOperand<Unreal> for S {
    type Item = ();
    type Place<'a>
        = ()
    where
        S: 'a;
    type This = ();

    fn operation(&self) -> SendOp<'_, ()> {
        self.never()
    }

    fn place(&self) {
        self.never()
    }

    fn this(self) {
        self.never()
    }
}

/// `<-operand`.
#[inline]
pub fn arrow_receive<R: ReceiveOperand<K> + ?Sized, K>(operand: &R) -> R::Operation<'_> {
    operand.operation()
}

/// `for v in <-operand`.
#[inline]
pub fn arrow_receive_each<R: ReceiveOperand<K> + ?Sized, K>(operand: &R) -> R::Each<'_> {
    operand.each()
}

/// `operand <- value`.
#[inline]
pub fn arrow_send<S: SendOperand<K>, K>(operand: &S) -> SendOp<'_, S::Item> {
    operand.operation()
}

/// `p = <-place =>`.
#[inline]
pub fn arm_receive<R: ReceiveOperand<K> + ?Sized, K>(operand: &R) -> R::Arm<'_> {
    operand.arm()
}

/// `p = <-expression =>`.
#[inline]
pub fn arm_receive_owned<R: OwnedReceiveOperand<K>, K>(operand: R) -> R::Arm {
    operand.arm()
}

/// `Some(p) = <-place =>`.
#[inline]
pub fn arm_receive_some<R: SomeReceiveOperand<K> + ?Sized, K>(operand: &R) -> R::Arm<'_> {
    operand.arm()
}

/// `Some(p) = <-expression =>`.
#[inline]
pub fn arm_receive_some_owned<R: OwnedSomeReceiveOperand<K>, K>(operand: R) -> R::Arm {
    operand.arm()
}

/// `p = future =>`.
#[inline]
pub fn arm_future<F: FutureOperand<K>, K>(operand: F) -> F::Arm {
    operand.arm()
}

/// `Some(p) = future =>`.
#[inline]
pub fn arm_future_some<F: SomeFutureOperand<K>, K>(operand: F) -> F::Arm {
    operand.arm()
}

/// The channel of a send arm, and what can be sent to it.
#[derive(Debug)]
pub struct To<S, T> {
    operand: S,
    item: PhantomData<fn(T)>,
}

/// `place <- …`.
#[inline]
pub fn arm_send<S: SendOperand<K>, K>(operand: &S) -> To<S::Place<'_>, S::Item> {
    To {
        operand: operand.place(),
        item: PhantomData,
    }
}

/// `expression <- …`.
#[inline]
pub fn arm_send_owned<S: SendOperand<K>, K>(operand: S) -> To<S::This, S::Item> {
    To {
        operand: operand.this(),
        item: PhantomData,
    }
}

/// `operand <- value =>`. The value is a field and no argument, so that the error of a wrong one
/// stands alone.
#[derive(Debug)]
pub struct Sending<S, T> {
    /// The channel.
    pub to: To<S, T>,
    /// What is sent.
    pub value: T,
}

impl<S: SendTo> Sending<S, S::Item> {
    /// Makes the arm.
    #[inline]
    pub fn arm(self) -> SendArm<'static, S> {
        select::send_owned(self.to.operand, self.value)
    }
}

/// `operand <- mut variable =>`.
#[derive(Debug)]
pub struct Lending<'s, S, T> {
    /// The channel.
    pub to: To<S, T>,
    /// Where the value is, and comes back to.
    pub slot: &'s mut Slot<T>,
}

impl<'s, S: SendTo> Lending<'s, S, S::Item> {
    /// Makes the arm.
    #[inline]
    pub fn arm(self) -> SendArm<'s, S> {
        select::send_slot_owned(self.to.operand, self.slot)
    }
}
