//! Signals as channels. (Go: `os/signal`.)
//!
//! [`notify`] gives a receiver, so a signal is one more arm of a `select!`:
//!
//! ```
//! use chango::prelude::*;
//! use chango::signal::{self, SIGINT, SIGTERM};
//!
//! # fn main() {
//! run! {
//!     let signals = signal::notify(&[SIGINT, SIGTERM]);
//!     let ticker = tick(Duration::from_millis(1));
//!     loop {
//!         select! {
//!             Some(signal) = <-signals => {
//!                 println!("{signal}: the end");
//!                 break;
//!             }
//!             <-ticker => break, // The next piece of work.
//!         }
//!     }
//! }
//! # }
//! ```
//!
//! Only on Unix.
//!
//! # What becomes of a signal
//!
//! * **Each receiver has each of its signals.** Clones of one receiver share what comes, like those of every
//!   channel.
//! * **A signal that comes again before it was received is one**, as the system itself has it. So nothing
//!   can be crowded out: after a thousand `SIGWINCH` that nobody has received there is one of them in the
//!   channel, and `SIGTERM` comes behind it. (Go drops what a full buffer has no room for, whatever it is.)
//!   What comes together comes in the order of the numbers.
//! * **Who waits for a signal may wait for ever**: while a receiver lives the program is not called
//!   deadlocked, whatever its goroutines do.
//! * **It costs nothing until one comes.** There is no thread for it, and a program that sleeps sleeps on.
//!   The runtime's own thread, which watches the workers, tells the receivers, so they hear of it also while
//!   every worker computes or blocks; then a goroutine that waits is run within some 10 ms.
//!
//! # What becomes of the program
//!
//! From the first [`notify`] on, a signal does not do any more what it does by default, which for most is to
//! end the process, **and not after the last receiver is gone either**. (Go's `signal.Stop` puts the default
//! back. The registry of handlers here, `signal-hook-registry`, which is shared with tokio, `signal-hook` and
//! all others, does not, since it cannot know who has come to rely on it.) So keep the receiver, and end the
//! program on a second Ctrl-C by [`std::process::exit`], as `examples/graceful_shutdown.rs` does.
//!
//! When the last receiver is dropped nothing more is delivered. What it occupied is freed, at the latest when
//! the next signal comes, the next `notify` is called, or the runtime falls asleep.
//!
//! Handlers that were there before are called as ever. `SIGQUIT` is also what asks for a dump of all
//! goroutines: it is printed in any case.

use std::collections::VecDeque;
use std::ffi::c_int;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chango_core::signal::{Listener, listen, number};

use crate::chan::{self, Receiver, Sender};

/// A signal.
///
/// Its `Display` is its name, where it has a constant here.
///
/// # Examples
///
/// ```
/// use chango::signal::{SIGTERM, Signal};
///
/// assert_eq!(SIGTERM.to_string(), "SIGTERM");
/// assert_eq!(Signal::from_raw(15), SIGTERM);
/// assert_eq!(Signal::from_raw(40).to_string(), "signal 40");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(c_int);

macro_rules! signals {
    ($($name:ident: $what:literal,)*) => {
        $(
            #[doc = $what]
            pub const $name: Signal = Signal(number::$name);
        )*

        const NAMES: &[(Signal, &str)] = &[$(($name, stringify!($name)),)*];
    };
}

signals! {
    SIGHUP: "The terminal is gone; to a service by habit: read your configuration again.",
    SIGINT: "Ctrl-C in a terminal.",
    SIGQUIT: "Ctrl-\\ in a terminal. The runtime's dump is printed too.",
    SIGUSR1: "For the program's own purposes.",
    SIGUSR2: "For the program's own purposes.",
    SIGPIPE: "A write to a pipe or socket that nobody reads. Rust's programs ignore it.",
    SIGALRM: "The end of the time of `alarm`.",
    SIGTERM: "The wish that the program ends: what `kill` sends.",
    SIGCHLD: "A child process has ended or was stopped.",
    SIGWINCH: "The size of the terminal has changed.",
}

impl Signal {
    /// The signal that has this number on this system, if there is one; [`notify`] says so.
    pub const fn from_raw(number: c_int) -> Self {
        Self(number)
    }

    /// Its number on this system.
    pub const fn as_raw(self) -> c_int {
        self.0
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.iter().find(|named| named.0 == *self) {
            Some((_, name)) => f.pad(name),
            None => f.pad(&format!("signal {}", self.0)),
        }
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A receiver of these signals, from now on. (Go: `signal.Notify`.)
///
/// Of an empty list nothing ever comes. (Go would take it for all signals.) When the runtime ends, the
/// receiver gives what is stored, and then `None`.
///
/// The [module](self) has the rules.
///
/// # Panics
///
/// Outside every runtime; and for a signal that does not exist or may not be caught, which are `SIGKILL`,
/// `SIGSTOP`, `SIGILL`, `SIGFPE` and `SIGSEGV`. (Go takes the first two of these and never delivers them: here
/// a wait that can have no end is a mistake that is named. The other three a thread raises by its own fault,
/// and cannot go on from.)
///
/// # Examples
///
/// ```
/// use chango::prelude::*;
/// use chango::signal::{self, SIGHUP};
///
/// run! {
///     let hangups = signal::notify(&[SIGHUP]);
///     go! {
///         for _ in <-hangups { println!("reading the configuration again"); }
///     };
/// }
/// ```
#[track_caller]
pub fn notify(signals: &[Signal]) -> Receiver<Signal> {
    if signals.is_empty() {
        return chan::never();
    }
    let (tx, rx) = chan::bounded(ROOM);
    let numbers: Vec<_> = signals.iter().map(|signal| signal.0).collect();
    let unread = Mutex::new(VecDeque::new());
    if let Err(error) = listen(&numbers, Channel { tx, unread }) {
        panic!("the signals {signals:?} cannot be received: {error}");
    }
    rx
}

/// There are no more signals than that, and each is stored once. Where a receive was dropped that had been
/// handed one already, and that came back, there may be two.
const ROOM: usize = 64;

/// What the runtime tells of signals.
struct Channel {
    tx: Sender<Signal>,
    /// The last that were sent, those that are not received yet among them. Only the runtime's thread comes
    /// here.
    unread: Mutex<VecDeque<Signal>>,
}

impl Channel {
    fn unread(&self) -> MutexGuard<'_, VecDeque<Signal>> {
        self.unread.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this one was sent, and waits to be received.
    fn is_unread(&self, signal: Signal) -> bool {
        let mut unread = self.unread();
        // A channel gives the oldest first, so what it has are the last ones. If one is received just now, it
        // was not when `signal` was raised again, so they are one.
        let received = unread.len().saturating_sub(self.tx.len());
        unread.drain(..received);
        unread.contains(&signal)
    }
}

impl Listener for Channel {
    fn raised(&self, number: c_int) {
        let signal = Signal(number);
        // No lock is held while it is sent: that wakes whoever waits.
        if !self.is_unread(signal) && self.tx.try_send(signal).is_ok() {
            self.unread().push_back(signal);
        }
    }

    fn is_gone(&self) -> bool {
        self.tx.is_closed()
    }
}
