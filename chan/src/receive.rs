//! What can stand behind `<-`: the trait [`Receive`].
//!
//! It lives here, and not in core, because it has to name receivers, timers and goroutine handles
//! together. What must hold for each impl:
//!
//! * `now`, `poll_receive` and `look` ask `coop` before they take anything;
//! * what was not returned was not taken: `release` gives back what a node was handed;
//! * an operand that others complete (a channel) does so only through the claim that `enter` was
//!   given; one that completes itself (a timer, a goroutine) is taken from in `look` only, where
//!   nobody else can choose;
//! * a node is `Send` if the output is. Nobody outside can name the node, so whether a generic future
//!   around it is `Send` must not depend on what it is.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use chango_core::coop;
use chango_core::note::{self, At, Reason};
use chango_core::task::{JoinError, JoinHandle};
use chango_core::time::{Ticker, Timer, Wait};
use chango_core::util::foreign_waker::ForeignWaker;

use crate::channel::{Locked, Received, wake};
use crate::claim::{Claim, Right};
use crate::future::recv;
use crate::receiver::Receiver;
use crate::waiter::{Incoming, State, Waiter, Who};

/// What can be received from: the operand of `<-` and of the receive arms of `select!`.
///
/// | operand | gives | |
/// |---|---|---|
/// | [`Receiver<T>`] | `Option<T>` | `None` once closed and drained |
/// | [`Timer`], [`Ticker`] | `Instant` | when it was due |
/// | [`JoinHandle<T>`] | `Result<T, JoinError>` | once; a second time panics |
/// | a context of `chango::context`, or its `done()` | `()` | once it has ended, again and again |
/// | `Option<R>` | as `R` | `None` is Go's nil channel: never |
/// | `&R`, `&mut R` | as `R` | |
///
/// Its methods are not for calling; they may change.
///
/// # Safety
///
/// What an implementation keeps in a waiting future must be `Send` if `Output` is: the futures of
/// [`ops`](crate::ops) and [`select`](crate::select) rely on it, so that generic code is `Send`
/// where `R` and `R::Output` say so.
///
/// # Examples
///
/// A function that takes whatever gives strings:
///
/// ```
/// use chango_chan::{Receive, bounded, ops};
///
/// async fn shout<R: Receive<Output = Option<String>>>(words: R) -> Option<String> {
///     // In a block macro: `<-words`.
///     let word = ops::receive(&words).wait().await?;
///     Some(word.to_uppercase())
/// }
///
/// let (tx, rx) = bounded(1);
/// tx.try_send("hello".to_string())?;
/// assert_eq!(futures_lite::future::block_on(shout(&rx)).as_deref(), Some("HELLO"));
/// # Ok::<(), chango_chan::TrySendError<String>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "nothing can be received from `{Self}`",
    label = "this is no channel",
    note = "behind `<-` stands a `Receiver`, a `Timer`, a `Ticker`, a `JoinHandle`, a `Context`, an \
            `Option` of one (`None` never gives anything), or a reference to one"
)]
pub unsafe trait Receive {
    /// What one receive gives.
    type Output;

    /// What one turn of `for value in <-operand` gives.
    type Each;

    /// What stands in the waiting future. It is `Send` if `Output` is.
    #[doc(hidden)]
    type Node;

    /// The turn of a loop that an output makes; none ends the loop.
    #[doc(hidden)]
    fn each(output: Self::Output) -> Option<Self::Each>;

    /// A node that waits for nothing.
    #[doc(hidden)]
    fn node() -> Self::Node;

    /// Whether it may be that one can receive at once: no more than a look. `false` is certain.
    #[doc(hidden)]
    fn may(&self) -> bool {
        true
    }

    /// Receives if that is possible at once.
    #[doc(hidden)]
    fn now(&self) -> Poll<Self::Output>;

    /// Receives or waits.
    ///
    /// # Safety
    ///
    /// This and the other unsafe methods: a node is used with one operand only; from the first call
    /// until `release` was called and the node dropped, or for ever if it is leaked, the operand
    /// neither moves nor goes.
    #[doc(hidden)]
    unsafe fn poll_receive(
        &self,
        node: Pin<&mut Self::Node>,
        cx: &mut Context<'_>,
    ) -> Poll<Self::Output>;

    /// In a select whose claim is in its own hands: receives if that is possible at once.
    ///
    /// # Safety
    ///
    /// As for `poll_receive`.
    #[doc(hidden)]
    unsafe fn look(&self, node: Pin<&mut Self::Node>, cx: &mut Context<'_>) -> Look<Self::Output>;

    /// The same moment, if nothing was ready: has the waker woken when a `look` is worth while.
    /// Ready if it is already.
    ///
    /// # Safety
    ///
    /// As for `poll_receive`.
    #[doc(hidden)]
    unsafe fn register(&self, node: Pin<&mut Self::Node>, cx: &mut Context<'_>) -> Poll<()> {
        let _ = (node, cx);
        Poll::Pending
    }

    /// In a select that is open to others: receives if that is possible at once and the select is
    /// not chosen by others meanwhile, else waits in the queue.
    ///
    /// # Safety
    ///
    /// As for `poll_receive`; and the claim lives until the node was released.
    #[doc(hidden)]
    unsafe fn enter(&self, node: Pin<&mut Self::Node>, place: Place<'_>) -> Enter<Self::Output> {
        let _ = (node, place);
        Enter::Waiting
    }

    /// Takes what others left in the node when they chose it.
    ///
    /// # Safety
    ///
    /// As for `poll_receive`; and the select was chosen by others for this arm.
    #[doc(hidden)]
    unsafe fn collect(&self, node: Pin<&mut Self::Node>) -> Self::Output {
        let _ = node;
        unreachable!("nobody chooses an arm that is in no queue")
    }

    /// Ends the waiting, and gives back what the node was handed.
    ///
    /// # Safety
    ///
    /// As for `poll_receive`.
    #[doc(hidden)]
    unsafe fn release(&self, node: Pin<&mut Self::Node>) {
        let _ = node;
    }
}

/// What a select saw when it looked at an arm with its claim in its own hands.
#[doc(hidden)]
#[derive(Debug)]
pub enum Look<O> {
    /// It has committed, with this.
    Ready(O),
    /// There is nothing.
    NotReady,
    /// It could commit, but the goroutine's slice is used up.
    Refused,
}

/// What a select saw when it entered the queue of an arm.
#[doc(hidden)]
#[derive(Debug)]
pub enum Enter<O> {
    /// It has won its own claim and committed, with this.
    Ready(O),
    /// There is nothing; others may choose the arm from now on.
    Waiting,
    /// Others have chosen, this arm or another one.
    Chosen,
    /// It could commit, but the goroutine's slice is used up.
    Refused,
}

/// Which arm of which select waits.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub(crate) claim: &'a Claim,
    pub(crate) arm: u32,
}

impl<'a> Place<'a> {
    /// The right to commit in the name of this arm.
    pub(crate) fn right(self) -> Right<'a> {
        Right::Select(self.claim, self.arm)
    }
}

// SAFETY: a `Waiter<Incoming<T>>` is `Send` if `T` is, which is what an output says of it.
unsafe impl<T> Receive for Receiver<T> {
    type Output = Option<T>;
    type Each = T;
    type Node = Waiter<Incoming<T>>;

    #[inline]
    fn each(output: Option<T>) -> Option<T> {
        output
    }

    #[inline]
    fn node() -> Waiter<Incoming<T>> {
        // Whoever makes a node has asked `now` before, or is a select, which looks by itself.
        Waiter::receive().tried()
    }

    #[inline]
    fn may(&self) -> bool {
        self.channel().may_receive()
    }

    #[inline]
    fn now(&self) -> Poll<Option<T>> {
        self.channel().receive(coop::take)
    }

    unsafe fn poll_receive(
        &self,
        node: Pin<&mut Waiter<Incoming<T>>>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<T>> {
        // SAFETY: the caller uses the pinned node with this channel only, and releases it.
        unsafe { recv::poll_recv(self.channel(), &node, At::Begun, cx) }
    }

    unsafe fn look(
        &self,
        node: Pin<&mut Waiter<Incoming<T>>>,
        _cx: &mut Context<'_>,
    ) -> Look<Option<T>> {
        if !self.channel().may_receive() {
            return Look::NotReady;
        }
        let mut locked = self.channel().lock();
        let output = match locked.receive(Right::Free, coop::take) {
            Received::Value(value, peer) => Some((value, peer)),
            Received::Closed => None,
            Received::Empty | Received::OwnLost => return Look::NotReady,
            Received::Refused => return Look::Refused,
        };
        leave(&mut locked, &node);
        drop(locked);
        Look::Ready(finish(output))
    }

    unsafe fn enter(
        &self,
        node: Pin<&mut Waiter<Incoming<T>>>,
        place: Place<'_>,
    ) -> Enter<Option<T>> {
        let mut locked = self.channel().lock();
        let output = match locked.receive(place.right(), coop::take) {
            Received::Value(value, peer) => Some((value, peer)),
            Received::Closed => None,
            Received::OwnLost => return Enter::Chosen,
            Received::Refused => return Enter::Refused,
            Received::Empty => {
                return match node.state() {
                    State::Queued => Enter::Waiting,
                    // Somebody was faster, for this very arm.
                    State::Done | State::Closed => Enter::Chosen,
                    State::Idle | State::Tried | State::Finished => {
                        let who = Who::Select(place.claim);
                        // SAFETY: in no queue, and the caller keeps node and claim until the node
                        // was released.
                        unsafe { locked.receivers.push(&node, who, place.arm) };
                        Enter::Waiting
                    }
                };
            }
        };
        leave(&mut locked, &node);
        drop(locked);
        Enter::Ready(finish(output))
    }

    unsafe fn collect(&self, node: Pin<&mut Waiter<Incoming<T>>>) -> Option<T> {
        if node.state() == State::Queued {
            // Whoever chose is about to complete the node, and holds the lock until then.
            drop(self.channel().lock());
        }
        let state = node.state();
        debug_assert!(matches!(state, State::Done | State::Closed));
        // SAFETY: a node that was completed is the owner's.
        unsafe { node.finish(state) }
    }

    unsafe fn release(&self, node: Pin<&mut Waiter<Incoming<T>>>) {
        recv::withdraw(self.channel(), &node);
    }
}

/// Takes the node of a select that commits by itself out of its queue.
fn leave<T>(locked: &mut Locked<'_, T>, waiter: &Waiter<Incoming<T>>) {
    if waiter.state() == State::Queued {
        // SAFETY: queued, as a receive of this channel. A select's node has no waker to be dropped.
        let _ = unsafe { locked.receivers.remove(waiter) };
        waiter.set_state(State::Tried);
    }
}

/// After the lock: wakes the peer.
fn finish<T>(output: Option<(T, Option<ForeignWaker>)>) -> Option<T> {
    let (value, peer) = output?;
    wake(peer);
    Some(value)
}

/// `Timer` and `Ticker` have the same methods.
macro_rules! receive_from_alarm {
    ($alarm:ty) => {
        // SAFETY: a `Wait` is `Send`.
        unsafe impl Receive for $alarm {
            type Output = Instant;
            type Each = Instant;
            type Node = Wait;

            fn each(output: Instant) -> Option<Instant> {
                Some(output)
            }

            fn node() -> Wait {
                Wait::new()
            }

            fn now(&self) -> Poll<Instant> {
                self.poll_now()
            }

            unsafe fn poll_receive(
                &self,
                node: Pin<&mut Wait>,
                cx: &mut Context<'_>,
            ) -> Poll<Instant> {
                // SAFETY: the caller keeps the operand where it is until the node is gone.
                unsafe { self.poll_fired_at(cx, node, At::Begun) }
            }

            unsafe fn look(&self, _node: Pin<&mut Wait>, _cx: &mut Context<'_>) -> Look<Instant> {
                if !self.is_fired() {
                    return Look::NotReady;
                }
                if !coop::take() {
                    return Look::Refused;
                }
                // Somebody else may have been faster.
                self.try_fired().map_or(Look::NotReady, Look::Ready)
            }

            unsafe fn register(&self, node: Pin<&mut Wait>, cx: &mut Context<'_>) -> Poll<()> {
                // SAFETY: the caller keeps the operand where it is until the node is gone.
                unsafe { self.poll_ready(cx, node) }
            }
        }
    };
}

receive_from_alarm!(Timer);
receive_from_alarm!(Ticker);

// SAFETY: a node of nothing is `Send`.
unsafe impl<T> Receive for JoinHandle<T> {
    type Output = Result<T, JoinError>;
    type Each = Result<T, JoinError>;
    type Node = ();

    fn each(output: Self::Output) -> Option<Self::Output> {
        Some(output)
    }

    fn node() {}

    fn may(&self) -> bool {
        self.is_finished()
    }

    fn now(&self) -> Poll<Self::Output> {
        if !self.is_finished() {
            return Poll::Pending;
        }
        self.poll_join(&mut Context::from_waker(Waker::noop()))
    }

    unsafe fn poll_receive(&self, _node: Pin<&mut ()>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_join_at(cx, At::Begun)
    }

    unsafe fn look(&self, _node: Pin<&mut ()>, cx: &mut Context<'_>) -> Look<Self::Output> {
        // It asks `coop` by itself, and leaves the waker where there is nothing yet.
        // What it notes is not seen: the select notes that it waits.
        match self.poll_join_at(cx, At::Unknown) {
            Poll::Ready(output) => Look::Ready(output),
            Poll::Pending => Look::NotReady,
        }
    }
}

/// What stands for another operand, or for none: everything goes through to that one.
///
/// `chango` has contexts, which stand for a latch, so the paths here are whole ones.
#[doc(hidden)]
#[macro_export]
macro_rules! receive_through {
    (
        [$($generics:tt)*] $operand:ty => $through:ty,
        |$this:ident| $target:expr
    ) => {
        // SAFETY: the other one's node and output are its own.
        unsafe impl<$($generics)*> $crate::Receive for $operand {
            type Output = <$through as $crate::Receive>::Output;
            type Each = <$through as $crate::Receive>::Each;
            type Node = <$through as $crate::Receive>::Node;

            #[inline]
            fn each(output: Self::Output) -> Option<Self::Each> {
                <$through as $crate::Receive>::each(output)
            }

            #[inline]
            fn node() -> Self::Node {
                <$through as $crate::Receive>::node()
            }

            #[inline]
            fn may(&self) -> bool {
                let $this = self;
                let target: Option<&$through> = $target;
                target.is_some_and($crate::Receive::may)
            }

            #[inline]
            fn now(&self) -> $crate::through::Poll<Self::Output> {
                let $this = self;
                let target: Option<&$through> = $target;
                target.map_or($crate::through::Poll::Pending, $crate::Receive::now)
            }

            unsafe fn poll_receive(
                &self,
                node: $crate::through::Pin<&mut Self::Node>,
                cx: &mut $crate::through::Context<'_>,
            ) -> $crate::through::Poll<Self::Output> {
                let $this = self;
                let target: Option<&$through> = $target;
                match target {
                    // SAFETY: what is borrowed or held stays where it is for as long as the
                    // operand does; so what the caller promises holds for it too.
                    Some(receive) => unsafe { $crate::Receive::poll_receive(receive, node, cx) },
                    None => {
                        $crate::through::waits_for_nothing();
                        $crate::through::Poll::Pending
                    }
                }
            }

            unsafe fn look(
                &self,
                node: $crate::through::Pin<&mut Self::Node>,
                cx: &mut $crate::through::Context<'_>,
            ) -> $crate::through::Look<Self::Output> {
                let $this = self;
                let target: Option<&$through> = $target;
                match target {
                    // SAFETY: as in `poll_receive`.
                    Some(receive) => unsafe { $crate::Receive::look(receive, node, cx) },
                    None => $crate::through::Look::NotReady,
                }
            }

            unsafe fn register(
                &self,
                node: $crate::through::Pin<&mut Self::Node>,
                cx: &mut $crate::through::Context<'_>,
            ) -> $crate::through::Poll<()> {
                let $this = self;
                let target: Option<&$through> = $target;
                match target {
                    // SAFETY: as in `poll_receive`.
                    Some(receive) => unsafe { $crate::Receive::register(receive, node, cx) },
                    None => $crate::through::Poll::Pending,
                }
            }

            unsafe fn enter(
                &self,
                node: $crate::through::Pin<&mut Self::Node>,
                place: $crate::through::Place<'_>,
            ) -> $crate::through::Enter<Self::Output> {
                let $this = self;
                let target: Option<&$through> = $target;
                match target {
                    // SAFETY: as in `poll_receive`.
                    Some(receive) => unsafe { $crate::Receive::enter(receive, node, place) },
                    None => $crate::through::Enter::Waiting,
                }
            }

            unsafe fn collect(&self, node: $crate::through::Pin<&mut Self::Node>) -> Self::Output {
                let $this = self;
                let target: Option<&$through> = $target;
                match target {
                    // SAFETY: as in `poll_receive`.
                    Some(receive) => unsafe { $crate::Receive::collect(receive, node) },
                    None => unreachable!("nobody chooses an arm that is in no queue"),
                }
            }

            unsafe fn release(&self, node: $crate::through::Pin<&mut Self::Node>) {
                let $this = self;
                let target: Option<&$through> = $target;
                if let Some(receive) = target {
                    // SAFETY: as in `poll_receive`.
                    unsafe { $crate::Receive::release(receive, node) }
                }
            }
        }
    };
}

// `None` is a nil channel.
receive_through!([R: Receive] Option<R> => R, |option| option.as_ref());
receive_through!([R: Receive + ?Sized] &R => R, |reference| Some(&**reference));
receive_through!([R: Receive + ?Sized] &mut R => R, |reference| Some(&**reference));

/// For a nil channel: the goroutine notes that it waits, and will for ever.
#[doc(hidden)]
pub fn waits_for_nothing() {
    note::waits(Reason::ChanReceiveNilChan, At::Begun);
}
