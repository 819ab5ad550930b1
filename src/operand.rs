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
//! The expansions call the traits' methods by `<_ as Trait<_>>::method(operand)`. The `_` stands at
//! the operand, so the error does, and a trait's own method has no bound that the compiler could
//! show, so nothing of this file is quoted, as it would be with a function that has a bound.
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
    note = "behind `<-` stands a `Receiver`, a `Timer`, a `Ticker`, a `JoinHandle`, a `Context`, an \
            `Option` of one (`None` never gives anything), or a reference to one",
    note = "a future is awaited instead: `future.await`"
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
        note = "behind `<-` stands a `Receiver`, a `Timer`, a `Ticker`, a `JoinHandle`, a `Context`, \
                an `Option` of one (`None` never gives anything), or a reference to one"
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
        note = "an arm is `pattern = <-channel`, `channel <- value` or `pattern = future`, and the \
                select itself awaits the future"
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
    fn place(&self) -> To<Self::Place<'_>, Self::Item>;
    /// For an arm that the operand is moved into.
    fn this(self) -> To<Self::This, Self::Item>
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
    fn place(&self) -> To<&S, S::Item> {
        To::new(self)
    }

    #[inline]
    fn this(self) -> To<S, S::Item> {
        To::new(self)
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

    fn place(&self) -> To<(), ()> {
        self.never()
    }

    fn this(self) -> To<(), ()> {
        self.never()
    }
}

/// The channel of a send arm, and what can be sent to it.
#[derive(Debug)]
pub struct To<S, T> {
    operand: S,
    item: PhantomData<fn(T)>,
}

impl<S, T> To<S, T> {
    #[inline]
    fn new(operand: S) -> Self {
        let item = PhantomData;
        Self { operand, item }
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
    pub fn arm<'s>(self) -> SendArm<'s, S> {
        select::send_owned(self.to.operand, self.value)
    }
}

/// `operand <- mut variable =>`.
#[derive(Debug)]
pub struct Lending<S, T> {
    /// The channel.
    pub to: To<S, T>,
    /// The variable's value.
    pub value: T,
}

impl<S: SendTo> Lending<S, S::Item> {
    /// Makes the arm. The value comes back to `slot`, an empty one until now.
    #[inline]
    pub fn arm(self, slot: &mut Slot<S::Item>) -> SendArm<'_, S> {
        *slot = Slot::new(self.value);
        select::send_slot_owned(self.to.operand, slot)
    }
}

/// The type of a variable that is lent, noted before its value goes.
#[derive(Debug)]
pub struct Lent<V>(PhantomData<fn(V)>);

/// Notes it.
#[inline]
pub fn lent<V>(_: &V) -> Lent<V> {
    Lent(PhantomData)
}

/// What gives a value of the type `T` back to a variable of the type `V`.
///
/// They are the same type, or the arm has been reported. Then the assignment would be the second
/// error about one mistake, so to a variable of another type [`BackAnyway`] gives what it asks for.
#[derive(Debug)]
pub struct Back<'s, T, V>(&'s mut Slot<T>, PhantomData<fn(V)>);

impl<V> Lent<V> {
    /// The value is in `slot`.
    #[inline]
    pub fn from<'s, T>(self, slot: &'s mut Slot<T>) -> Back<'s, T, V> {
        Back(slot, PhantomData)
    }
}

impl<T> Back<'_, T, T> {
    /// Gives the value back.
    #[inline]
    pub fn back(self) -> T {
        self.0.take()
    }
}

/// The types differ. Method resolution comes here only then.
pub trait BackAnyway<V> {
    /// Never called.
    fn back(self) -> V;
}

impl<T, V> BackAnyway<V> for &Back<'_, T, V> {
    fn back(self) -> V {
        super::mistaken()
    }
}
