//! The macros: wrappers that hand the path of this crate on to `chango-macros`.
//!
//! Each wrapper passes `$crate` in front of the user's tokens and adds nothing else, so that a
//! renamed dependency keeps working, and no expansion depends on what the user has imported.

pub use chango_macros::{main, test};

/// Starts a goroutine, as Go's `go` does, and gives its [`JoinHandle`](crate::task::JoinHandle).
///
/// Dropping the handle detaches the goroutine. What the goroutine gives comes back by awaiting
/// the handle, or by receiving from it: `<-handle`.
///
/// # Forms
///
/// | written | the goroutine |
/// |---|---|
/// | `go! { body }` | runs the body, and owns what it uses |
/// | `go!(f(a, b))`, `go!(x.y.method(a))` | makes the call, as Go's `go f(a, b)` |
/// | `go! { clone a, b = self.b; body }` | has clones of `a` and of `self.b`, named `b` |
/// | `go!(async move { body })` | the first form, as rustfmt formats it |
///
/// The second form is taken if the whole input is one call of a path, or one method call on a
/// path or field chain, and no argument is a closure. Callee, receiver and arguments are evaluated
/// now, by the caller; the call runs in the goroutine, and if it gives a future that is awaited.
/// Anything longer is a body; in a body the operators of [`co!`](crate::co) work.
///
/// A `go! { … }` that stands as a statement in the body of a block macro needs no semicolon.
///
/// # Examples
///
/// ```
/// use chango::prelude::*;
///
/// async fn square(n: u64) -> u64 {
///     n * n
/// }
///
/// run! {
///     let (tx, rx) = bounded(1);
///     for i in 0..3 {
///         go! { clone tx; tx <- i; }
///     }
///     drop(tx);
///     let mut sum = 0;
///     for i in <-rx {
///         sum += i;
///     }
///     assert_eq!(sum, 3);
///
///     let squared = go!(square(5));
///     assert_eq!((<-squared).unwrap(), 25);
/// }
/// ```
///
/// # Panics
///
/// Outside of every runtime. A panic in the goroutine ends that goroutine only, and is what its
/// handle gives.
#[macro_export]
macro_rules! go {
    ($($body:tt)*) => { $crate::__private::macros::go! { ($crate) $($body)* } };
}

/// Runs its body in place, with the channel operators.
///
/// It needs an async context, and makes no new future: `return`, `?`, `break` and `continue` mean
/// in the body what they mean around it. The value is the body's. If the input is nothing but
/// items they come out as items, and the operators work in the bodies of their async fns.
///
/// # The operators
///
/// **Receive**, `<-operand`, binds as Rust's unary operators do, and what is appended to the
/// operand binds tighter: `<-timers.next()` receives from what `next()` returns, and a received
/// result is asked with `(<-rx)?`. Its type is the operand's
/// [`Receive::Output`](crate::chan::Receive::Output): an `Option<T>` for a `Receiver<T>`, `None`
/// once it is closed and drained. `for v in <-rx { … }` runs until then; its operand is evaluated
/// once. The operand is used in place, by reference.
///
/// **Send**, `channel <- value`, binds weakest of all. What it means depends on where it stands:
///
/// * As the initialiser of a `let`, the value of a `return` or `break`, an argument of a call, or
///   alone in parentheses, it is a `Result<(), SendError<T>>`: `let sent = tx <- v;`,
///   `(tx <- v)?`.
/// * Everywhere else it is a statement of type `()`, Go's send. On a channel that was closed by a
///   sender it panics, with the position of the arrow. If nobody listens any more it ends the
///   goroutine, quietly; in the main goroutine, and outside of any, it panics then too.
/// * As a part of a larger expression it needs parentheses.
///
/// `None::<Receiver<T>>` and `None::<Sender<T>>` are Go's nil channels: never ready.
///
/// `<-` is the two-character token, so `a < -1` is a comparison. The arguments of std's macros
/// (`println!`, `assert_eq!`, `vec!`, …) are looked into; those of other macros are not. In a
/// closure or fn that is not async an arrow is an error.
///
/// # Examples
///
/// ```
/// use chango::prelude::*;
///
/// async fn sum(rx: &Receiver<i32>) -> Option<i32> {
///     co! {
///         let mut sum = (<-rx)?;
///         for v in <-rx {
///             sum += v;
///         }
///         Some(sum)
///     }
/// }
///
/// #[chango::main]
/// async fn main() {
///     let (tx, rx) = bounded(2);
///     co! {
///         tx <- 1;
///         let sent = tx <- 2;
///         assert!(sent.is_ok());
///     }
///     drop(tx);
///     assert_eq!(sum(&rx).await, Some(3));
///     assert_eq!(sum(&rx).await, None);
/// }
/// ```
#[macro_export]
macro_rules! co {
    ($($body:tt)*) => { $crate::__private::macros::co! { ($crate) $($body)* } };
}

/// Runs its body as the main goroutine of a fresh runtime.
///
/// The runtime is configured from the environment (`CHANGO_MAXPROCS`). The body is a goroutine
/// like any other, so it is `Send + 'static`, and the operators of [`co!`](crate::co) work in it.
/// When it ends the runtime shuts down and drops what still runs, as a Go program does. The value
/// is the body's.
///
/// # Examples
///
/// ```
/// use chango::prelude::*;
///
/// let answer = run! {
///     let (tx, rx) = bounded(0);
///     go! { tx <- 42; }
///     <-rx
/// };
/// assert_eq!(answer, Some(42));
/// ```
///
/// # Panics
///
/// If the body does, with its panic; and inside a goroutine.
#[macro_export]
macro_rules! run {
    ($($body:tt)*) => { $crate::__private::macros::run! { ($crate) $($body)* } };
}

/// Waits for the first of several operations, of which exactly one happens.
///
/// An expression; all arms have one type, and the comma behind a block is optional. It works in
/// any async context. In the bodies the operators of [`co!`](crate::co) work, and `?`, `return`,
/// `break` and `continue` mean what they mean around the select.
///
/// | arm | |
/// |---|---|
/// | `v = <-rx => body` | receives, from whatever `<-` takes |
/// | `<-done => body` | receives; the value is not wanted |
/// | `Some(v) = <-rx => body` | receives; `None`, a closed channel, disables the arm |
/// | `tx <- value => body` | sends; a closed channel as in a send statement |
/// | `sent = tx <- value => body` | sends; `sent` is a `Result<(), SendError<T>>` |
/// | `tx <- mut pending => body` | sends; `pending` has its value back if another arm wins |
/// | `n = future => body` | any future, which the select owns |
/// | `…, if condition => body` | any of these, if the condition holds at the start |
/// | `default => body` | if no other arm is ready at once |
/// | `else => body` | if every arm is disabled |
///
/// Guards are evaluated first; then operands, values and futures of the enabled arms, once each,
/// in source order. An operand that is a path, field, index or dereference is used in place; any
/// other is moved into the select. Among the arms that are ready one is chosen at random; with
/// `biased;` before the first arm it is the first one. The others have done nothing: no message
/// is received and dropped. They are withdrawn before the body of the winner runs.
///
/// `#[cfg(…)]` works on arms. `select! {}` waits for ever.
///
/// # Examples
///
/// ```
/// use chango::prelude::*;
///
/// run! {
///     let (tx, rx) = bounded::<i32>(1);
///     let (stop, stopped) = bounded::<()>(0);
///     let counter = go! {
///         let mut sum = 0;
///         loop {
///             select! {
///                 Some(v) = <-rx => sum += v,
///                 <-stopped => return sum,
///             }
///         }
///     };
///     tx <- 1;
///     tx <- 2;
///     select! {
///         tx <- 3 => {}
///         <-after(Duration::from_secs(60)) => panic!("nobody listens"),
///     }
///     while !tx.is_empty() {
///         chango::task::yield_now().await;
///     }
///     stop <- ();
///     assert_eq!((<-counter).unwrap(), 6);
/// }
/// ```
///
/// # Panics
///
/// If every arm is disabled and there is neither `default` nor `else`.
#[macro_export]
macro_rules! select {
    ($($arms:tt)*) => { $crate::__private::macros::select! { ($crate) $($arms)* } };
}
