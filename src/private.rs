//! Every path that an expansion of a macro may name, and nothing else.
//!
//! Not for people: what is here changes with the macros, which are pinned to this crate's version.

pub use core::clone::Clone;
pub use core::marker::Copy;
pub use core::option::Option;
pub use core::prelude::v1::test;
pub use core::result::Result;
pub use core::task::Poll;

pub use chango_chan::ops::{SendOp, SendStatement, SendWait, Started};
pub use chango_chan::{Receive, SendError, SendFuture, SendTo};
pub use chango_macros as macros;

pub use self::operand::{
    FutureOperand, Never, OwnedReceiveOperand, OwnedSomeReceiveOperand, Real, ReceiveOperand,
    SendOperand, SomeFutureOperand, SomeReceiveOperand, Unreal,
};
pub use crate::go;
// What the compiler may name when it speaks about the main goroutine has a name of its own.
pub use self::{run_main_goroutine as run, start_main_goroutine as run_with};

mod operand;

/// What the expansion of `select!` names.
pub mod select {
    pub use chango_chan::select::{
        Cons, Nil, Selected, Slot, Won, absent, all_disabled, mistaken, now, now_biased,
        poll_default, poll_default_biased, settle, wait, wait_biased,
    };

    pub use super::operand::{BackAnyway, Lending, Sending, lent};
}

use core::future::Future;
use core::panic::Location;

pub use crate::runtime::Deadlock;
use crate::runtime::{self, Builder};

/// `run!`: a runtime from the environment, for one main goroutine.
#[track_caller]
pub fn run_main_goroutine<F>(future: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    runtime::run_once(&Builder::new().deadlock(Deadlock::Panic), future)
}

/// What `#[chango::main]` and `#[chango::test]` were told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// `workers = N`.
    pub workers: Option<usize>,
    /// `deadlock = "panic"`, `"warn"` or `"off"`.
    pub deadlock: Option<Deadlock>,
    /// It is a test, which never has the process for itself.
    pub test: bool,
}

/// What a main goroutine gives to the thread that waits for it. There are two impls for the reason
/// given in `operand.rs`.
#[diagnostic::on_unimplemented(
    message = "the result of a main goroutine goes to another thread, and `{Self}` cannot",
    label = "this cannot be sent between threads",
    note = "an error of any kind is a `Box<dyn Error + Send + Sync>` here"
)]
pub trait MainResult<Kind>: Send {}

impl<T: Send> MainResult<Real> for T {}
impl<T: Never + Send> MainResult<Unreal> for T {}

/// `#[chango::main]` and `#[chango::test]`.
#[track_caller]
pub fn start_main_goroutine<F, K>(options: Options, future: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: MainResult<K> + 'static,
{
    let mut builder = Builder::new().deadlock(options.deadlock.unwrap_or(Deadlock::Panic));
    if let Some(workers) = options.workers {
        builder = builder.workers(workers);
    }
    if options.test {
        builder = builder.fails_when_silent();
    }
    runtime::run_once(&builder, future)
}

/// `select! {}`: blocks for ever.
pub async fn never() -> ! {
    match core::future::pending::<core::convert::Infallible>().await {}
}

/// `Here.location()`, with the span of an arrow: the arrow's position.
#[derive(Clone, Copy, Debug)]
pub struct Here;

impl Here {
    /// Where this is called.
    #[track_caller]
    pub fn location(self) -> &'static Location<'static> {
        Location::caller()
    }
}

/// What stands for a value after an error; it never runs. Of whatever type is asked for, and not
/// `!`: what follows would be reported as unreachable.
pub fn mistaken<T>() -> T {
    unreachable!("a body with an error in it is not compiled")
}

/// As [`mistaken`], for a receive.
pub fn mistaken_receive<R: Receive + ?Sized>(_: &R) -> R::Output {
    mistaken()
}

/// As [`mistaken`], for the head of a loop.
pub fn mistaken_receive_each<R: Receive + ?Sized>(_: &R) -> core::iter::Empty<R::Each> {
    mistaken()
}

/// As [`mistaken`], for a send.
pub fn mistaken_send<S: SendTo + ?Sized>(_: &S, _: S::Item) -> Result<(), SendError<S::Item>> {
    mistaken()
}

/// A send that has its value. The value is a field and no argument, so that the error of a wrong
/// one says what was expected and found, and nothing of a method that nobody wrote.
#[derive(Debug)]
pub struct Sending<'a, T> {
    /// The channel, and what is known of the arrow.
    pub operation: SendOp<'a, T>,
    /// What is sent.
    pub value: T,
}

impl<'a, T> Sending<'a, T> {
    /// Sends at once if that is possible.
    #[inline]
    #[track_caller]
    pub fn begin(self) -> Begun<'a, T> {
        let started = self.operation.start(self.value);
        Begun {
            sent: matches!(started, Started::Sent),
            started,
        }
    }
}

/// A send that was tried. It is moved as a whole into the future that waits, so that a goroutine
/// that waits has the value in its memory once.
#[derive(Debug)]
pub struct Begun<'a, T> {
    /// Whether the value is gone already.
    pub sent: bool,
    started: Started<'a, T>,
}

impl<'a, T> Begun<'a, T> {
    /// The rest of a statement that has not sent yet.
    #[inline]
    pub fn statement(self) -> SendStatement<'a, T> {
        self.waiting().statement()
    }

    /// The rest of a value that has not sent yet.
    #[inline]
    pub fn value(self) -> SendFuture<'a, T> {
        self.waiting().value()
    }

    #[inline]
    fn waiting(self) -> SendWait<'a, T> {
        match self.started {
            Started::Waiting(waiting) => waiting,
            Started::Sent => unreachable!("`sent` is asked first"),
        }
    }
}

/// What a call returned in `go!(f(a))`. Method resolution looks at `CallFuture`, which takes it by
/// value, before `CallValue`, which takes it by reference: so a future is awaited, and anything
/// else is the goroutine's result.
#[derive(Debug)]
pub struct Call<T>(Option<T>);

impl<T> Call<T> {
    /// What the call returned.
    pub fn new(returned: T) -> Self {
        Self(Some(returned))
    }
}

/// The call returned a future.
pub trait CallFuture {
    /// That future.
    type Future: Future;

    /// The future to await.
    fn finish_call(self) -> Self::Future;
}

impl<F: Future> CallFuture for Call<F> {
    type Future = F;

    fn finish_call(self) -> F {
        self.0.expect("a call is finished once")
    }
}

/// The call returned a value.
pub trait CallValue {
    /// That value.
    type Value;

    /// A future of the value.
    fn finish_call(self) -> core::future::Ready<Self::Value>;
}

impl<T> CallValue for &mut Call<T> {
    type Value = T;

    fn finish_call(self) -> core::future::Ready<T> {
        core::future::ready(self.0.take().expect("a call is finished once"))
    }
}
