//! A socket of mio's in a netpoller: try, wait, try again, and close from anywhere.
//!
//! What must hold:
//!
//! * the descriptor is closed once nobody is in a system call with it and nobody gets into one any
//!   more: operations hold the lock of `source` for reading, closing takes it for writing. Nobody
//!   waits for readiness while holding it;
//! * the deadline of an operation's direction is looked at before each attempt: see `deadline`;
//! * waiting ends when the socket is closed, whichever comes first: `close` closes the slots before
//!   it takes the source out, and a wait after that is refused.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc as StdArc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use mio::event::Source;

use super::deadline::Deadlines;
use super::kind::Kind;
use crate::coop;
use crate::netpoll::{Closed, File, Netpoll, Registration, Slot, Step, Ticket};
use crate::note::{At, Position};
use crate::primitive::sync::Arc;
use crate::sched::current;
use crate::spawn::no_runtime;
use crate::util::wake_list::WakeList;

/// Which way the bytes go that an operation waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// In; for a listener, connections.
    Read,
    /// Out; for a stream that connects, the end of that.
    Write,
}

impl Direction {
    /// Where those wait who go this way.
    pub(super) fn slot<T: ?Sized>(self, file: &File<T>) -> &Slot {
        match self {
            Self::Read => &file.read,
            Self::Write => &file.write,
        }
    }
}

/// A registered socket. No more than a pointer: goroutines hand it on, and keep it in their futures.
pub(super) struct Socket<S: Source + Send + Sync + 'static> {
    file: Registration<Owned<S>>,
}

/// What a socket has in its file.
struct Owned<S>(RwLock<Parts<S>>);

struct Parts<S> {
    /// None once it is closed.
    source: Option<S>,
    /// None until one is set.
    deadlines: Option<StdArc<Deadlines>>,
}

impl<S> Owned<S> {
    fn read(&self) -> RwLockReadGuard<'_, Parts<S>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Parts<S>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> Parts<S> {
    fn source(&self) -> io::Result<&S> {
        self.source.as_ref().ok_or_else(|| Closed::ByProgram.into())
    }
}

impl<S: Source + Send + Sync + 'static> Socket<S> {
    /// Registers `source`, which does not block, with a netpoller.
    pub(super) fn new(mut source: S, netpoll: &Arc<Netpoll>) -> io::Result<Self> {
        let parts = Parts {
            source: None,
            deadlines: None,
        };
        let file = Registration::new(netpoll, &mut source, Owned(RwLock::new(parts)))?;
        file.owned.write().source = Some(source);
        Ok(Self { file })
    }

    /// The netpoller in which the socket is registered.
    pub(super) fn netpoll(&self) -> &Arc<Netpoll> {
        self.file.netpoll()
    }

    fn take(&self) -> Option<S> {
        self.file.owned.write().source.take()
    }

    /// Runs `f` on the socket: a system call that does not block.
    pub(super) fn with<R>(&self, f: impl FnOnce(&S) -> io::Result<R>) -> io::Result<R> {
        f(self.file.owned.read().source()?)
    }

    /// A future that runs `f` until it no longer would block, for an operation that the program began
    /// at `at`. Dropped, it has done nothing that it did not return.
    pub(super) fn operate<R, F>(
        &self,
        direction: Direction,
        at: Position,
        mut f: F,
    ) -> Operation<'_, S, impl FnMut(&S) -> io::Result<Step<R>>>
    where
        F: FnMut(&S) -> io::Result<R>,
    {
        self.go_on(direction, at, true, move |source| f(source).map(Step::last))
    }

    /// The same of an `f` that may have to run more than once for a result, and may know when it has
    /// taken all there was. It is run where nothing is there as well if it is `eager`.
    pub(super) fn go_on<R, F>(
        &self,
        direction: Direction,
        at: Position,
        eager: bool,
        f: F,
    ) -> Operation<'_, S, F>
    where
        F: FnMut(&S) -> io::Result<Step<R>>,
    {
        Operation {
            socket: self,
            direction,
            at,
            f,
            ticket: Ticket::default(),
            eager,
            charged: false,
        }
    }

    /// The same for those who have no future to keep a ticket in: each call asks `coop`, and keeps
    /// the waker until something happens.
    pub(super) fn poll_operate<R>(
        &self,
        direction: Direction,
        eager: bool,
        at: At,
        cx: &mut Context<'_>,
        mut f: impl FnMut(&S) -> io::Result<Step<R>>,
    ) -> Poll<io::Result<R>> {
        loop {
            ready!(coop::poll_proceed(cx));
            let attempt = |block| self.attempt(direction, block, &mut f);
            let polled = self.slot(direction).poll(None, cx, at, eager, attempt);
            if let Some(result) = ready!(polled)? {
                return Poll::Ready(Ok(result));
            }
        }
    }

    /// Makes the system call if the deadline has not passed and it would not `block`; if it would, the
    /// timer of the deadline is set.
    fn attempt<R>(
        &self,
        direction: Direction,
        block: bool,
        f: impl FnOnce(&S) -> io::Result<R>,
    ) -> io::Result<R> {
        let parts = self.file.owned.read();
        let f = |source: &S| match block {
            true => Err(io::ErrorKind::WouldBlock.into()),
            false => f(source),
        };
        let Some(deadlines) = parts.deadlines.clone() else {
            return f(parts.source()?);
        };
        let deadline = deadlines.of(direction);
        let result = parts.source().and_then(|source| {
            deadline.check()?;
            f(source)
        });
        drop(parts);
        if let Err(error) = &result
            && error.kind() == io::ErrorKind::WouldBlock
        {
            deadline.arm();
        }
        result
    }

    /// From `moment` on operations in this direction end with an error of kind `TimedOut`.
    pub(super) fn set_deadline(&self, direction: Direction, moment: Option<Instant>) {
        if let Some(deadlines) = self.deadlines(moment.is_some()) {
            self.slot(direction).has_deadline();
            deadlines.of(direction).set(moment);
        }
    }

    /// The deadlines, if there are any; with `create` there are from here on.
    fn deadlines(&self, create: bool) -> Option<StdArc<Deadlines>> {
        let there = self.file.owned.read().deadlines.clone();
        if there.is_some() || !create {
            return there;
        }
        let file = StdArc::downgrade(&self.file) as Weak<File>;
        let deadlines = &mut self.file.owned.write().deadlines;
        let deadlines = deadlines.get_or_insert_with(|| StdArc::new(Deadlines::new(&file)));
        Some(StdArc::clone(deadlines))
    }

    fn slot(&self, direction: Direction) -> &Slot {
        direction.slot(&self.file)
    }

    /// Closes the socket; whoever waits for it gets an error.
    pub(super) fn close(&self) {
        let mut wake = WakeList::new();
        self.file.close(Closed::ByProgram, &mut wake);
        let source = self.take();
        if let Some(deadlines) = self.deadlines(false) {
            deadlines.stop();
        }
        wake.wake_all();
        // Last, since closing the descriptor of one that lingers may take its time.
        self.discard(source);
    }

    fn discard(&self, source: Option<S>) {
        if let Some(mut source) = source {
            // It can only fail for a descriptor that is not registered, which is what is wanted.
            let _ = self.file.deregister(&mut source);
        }
    }
}

impl<S: Kind> Socket<S> {
    /// Takes over a socket of std's; `what` begins the sentence of the panic.
    ///
    /// # Panics
    ///
    /// Outside every runtime.
    pub(super) fn from_std(std: S::Std, what: &str) -> io::Result<Self> {
        let netpoll = current_netpoll(what);
        let source = S::from_std(std);
        source.raw().set_nonblocking(true)?;
        let socket = Self::new(source, &netpoll)?;
        // Urgent bytes of which somebody has read before are no event, and a read stops there.
        socket.file.read.distrust();
        Ok(socket)
    }

    /// The same socket with a descriptor and deadlines of its own.
    pub(super) fn try_clone(&self) -> io::Result<Self> {
        let copy = self.with(|source| source.raw().try_clone())?;
        Self::new(S::from_std(copy.into()), self.netpoll())
    }

    /// Gives the socket back as one of std's, which blocks.
    pub(super) fn into_std(self) -> io::Result<S::Std> {
        let mut source = self.take().ok_or(Closed::ByProgram)?;
        self.file.deregister(&mut source)?;
        source.raw().set_nonblocking(false)?;
        Ok(source.into())
    }
}

impl<S: Source + Send + Sync + 'static> Drop for Socket<S> {
    fn drop(&mut self) {
        let source = self.take();
        self.discard(source);
    }
}

impl<S: Source + Send + Sync + 'static> fmt::Debug for Socket<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

/// The future of [`Socket::operate`].
#[must_use = "a future does nothing unless it is awaited"]
pub(super) struct Operation<'a, S: Source + Send + Sync + 'static, F> {
    socket: &'a Socket<S>,
    at: Position,
    f: F,
    ticket: Ticket,
    direction: Direction,
    eager: bool,
    /// Whether `coop` has let the next call through: it is asked once for each that does something.
    charged: bool,
}

// The closure is never pinned: it is only called.
impl<S: Source + Send + Sync + 'static, F> Unpin for Operation<'_, S, F> {}

impl<S, F, R> Future for Operation<'_, S, F>
where
    S: Source + Send + Sync + 'static,
    F: FnMut(&S) -> io::Result<Step<R>>,
{
    type Output = io::Result<R>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        loop {
            if !this.charged {
                ready!(coop::poll_proceed(cx));
                this.charged = true;
            }
            let (socket, direction, eager) = (this.socket, this.direction, this.eager);
            let (at, f) = (At::Here(this.at), &mut this.f);
            let attempt = |block| socket.attempt(direction, block, &mut *f);
            let ticket = Some(&mut this.ticket);
            let polled = socket.slot(direction).poll(ticket, cx, at, eager, attempt);
            match ready!(polled).transpose() {
                None => this.charged = false,
                Some(result) => {
                    // Not only with the drop, which may come much later: others may wait for their turn.
                    socket.slot(direction).cancel(&mut this.ticket);
                    return Poll::Ready(result);
                }
            }
        }
    }
}

impl<S: Source + Send + Sync + 'static, F> Drop for Operation<'_, S, F> {
    fn drop(&mut self) {
        self.socket.slot(self.direction).cancel(&mut self.ticket);
    }
}

/// The netpoller of the runtime of this thread.
///
/// # Panics
///
/// Outside every runtime; `what` begins the sentence.
pub(super) fn current_netpoll(what: &str) -> Arc<Netpoll> {
    current::netpoll().unwrap_or_else(|| no_runtime(what))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_a_pointer_to_what_ten_thousand_can_afford() {
        type Stream = mio::net::TcpStream;
        assert_eq!(size_of::<Socket<Stream>>(), size_of::<usize>());
        // With the two counts of its `Arc`; in debug builds its locks know their rank.
        let (counts, ranks) = (
            2 * size_of::<usize>(),
            if cfg!(debug_assertions) { 24 } else { 0 },
        );
        let file = size_of::<File<Owned<Stream>>>();
        assert!(file + counts <= 160 + ranks, "{file} bytes");
    }
}
