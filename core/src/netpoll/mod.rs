//! The netpoller below the scheduler: which files became ready, and whom that wakes.
//!
//! mio underneath, edge-triggered, each file registered once for both directions. What must hold:
//!
//! * nobody is woken here: wakers go into a [`WakeList`], for the caller to wake when the locks are
//!   gone;
//! * at most one thread is in the poll; the others are told [`Polled::Busy`] and do not wait;
//! * an interrupt is never lost: it ends the poll that is going on, or the next one that would wait;
//! * an event reaches only the file it was meant for. Files stand in a table whose records are used
//!   again; each use has its own generation, the token of a registration names both, and an event
//!   with an old one is dropped. The descriptor may long belong to another file by then.

mod crowd;
mod slot;

#[cfg(all(test, loom))]
#[path = "../tests/loom_slot.rs"]
mod loom_slot;

use std::fmt;
use std::io;
use std::ops::Deref;
use std::sync::Arc as StdArc;
use std::time::Duration;

use mio::event::{Event, Source};
use mio::{Events, Token};

pub(crate) use self::slot::{Closed, Slot, Step, Ticket};
use crate::primitive::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use crate::primitive::sync::Arc;
use crate::primitive::{MODELLED, Mutex, Rank, hint};
use crate::sys;
use crate::util::prefetch::prefetch;
use crate::util::wake_list::WakeList;

/// Events taken from the system at once; what does not fit comes with the next poll.
const BATCH: usize = 512;

/// So many events ahead of the one that is seen to, files are fetched into the cache.
const AHEAD: usize = 8;

/// The longest single wait: systems take milliseconds in 32 bits, and mio passes them on as they
/// are. A caller that wants to wait longer finds nothing ready and comes again.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// A poll that waits for longer than this ends before its time, by the system's own timeout, and the rest is
/// waited for by the next ones, the last of them with the alarm. To set that is a call of the system more, and
/// most polls that would wait for so long are ended by something else.
const FAR: Duration = Duration::from_millis(20);

/// The token of [`Netpoll::interrupt`]; no record has its index.
const INTERRUPT: Token = Token(usize::MAX);

/// The token of the alarm; no record has its index.
const ALARM: Token = Token(usize::MAX - 1);

/// Half of a token: the lower bits are the index of a record, the upper ones its generation.
const HALF: u32 = usize::BITS / 2;
const INDEX: usize = (1 << HALF) - 1;

/// The netpoller of a runtime.
pub(crate) struct Netpoll {
    poller: Mutex<Poller>,
    registry: mio::Registry,
    /// Ends a poll; signal handlers have it too.
    waker: StdArc<mio::Waker>,
    /// There was an interrupt that no poll has seen yet, so that another one need not call the
    /// system.
    interrupted: AtomicBool,
    files: Mutex<Files>,
    /// How many records are in use. Written under the lock of `files`, read by everyone.
    registered: AtomicUsize,
    /// How many events have reached a file. Written under the lock of `files`, read by everyone.
    dispatched: AtomicU64,
    /// Whether a poll ends at its deadline, and not at the next millisecond.
    exact: bool,
}

struct Poller {
    poll: mio::Poll,
    events: Events,
    /// A look that did not wait has met an interrupt, which ends the next poll that would wait.
    owed: bool,
    /// Ends a poll that waits for a deadline, where the system has one.
    alarm: Option<sys::Alarm>,
}

struct Files {
    records: Vec<Record>,
    /// Indices of records that are not in use.
    free: Vec<usize>,
    /// The runtime has shut down.
    closed: bool,
}

/// A place for a file. Its uses are counted: of the one that goes on, or is about to begin, the file's token
/// has the number.
enum Record {
    /// Where the next file goes, or one that is about to come.
    Free {
        generation: usize,
    },
    Used(StdArc<File>),
}

impl Record {
    fn file(&self) -> Option<&StdArc<File>> {
        match self {
            Self::Used(file) => Some(file),
            Self::Free { .. } => None,
        }
    }
}

/// How [`Netpoll::try_poll`] went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Polled {
    /// Somebody else is in the poll.
    Busy,
    /// Time is up, something became ready, or somebody interrupted the wait.
    Done,
}

/// For how long to have the system wait, so that it is over before `wait` is. Its timeout is rounded up to a
/// millisecond, and Linux allows itself a thousandth of it more, for a thread of low priority five, and a tenth
/// of a second at most.
fn before(wait: Duration) -> Duration {
    wait - Duration::from_millis(1) - (wait / 128).min(Duration::from_millis(100))
}

impl Netpoll {
    /// A netpoller without files.
    ///
    /// # Errors
    ///
    /// The system's, which has no descriptors left, for example.
    pub(crate) fn new() -> io::Result<Self> {
        let poll = mio::Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let waker = StdArc::new(mio::Waker::new(&registry, INTERRUPT)?);
        let poller = Poller {
            poll,
            events: Events::with_capacity(BATCH),
            owed: false,
            alarm: sys::Alarm::new(&registry, ALARM),
        };
        let exact = poller.alarm.is_some();
        let files = Files {
            records: Vec::new(),
            free: Vec::new(),
            closed: false,
        };
        Ok(Self {
            poller: Mutex::new(Rank::Poller, poller),
            registry,
            waker,
            interrupted: AtomicBool::new(false),
            files: Mutex::new(Rank::Files, files),
            registered: AtomicUsize::new(0),
            dispatched: AtomicU64::new(0),
            exact,
        })
    }

    /// Whether a poll ends at its deadline, and not at the next millisecond.
    pub(crate) fn is_exact(&self) -> bool {
        self.exact
    }

    /// Waits for at most `timeout` (for ever, if there is none) until files become ready or
    /// somebody interrupts, and takes out who waits for them, to be woken by the caller.
    ///
    /// It may return early without anything to show. Without files and without waiting it makes no
    /// system call.
    ///
    /// # Panics
    ///
    /// If the system refuses to poll, which it does only for a descriptor that is none.
    pub(crate) fn try_poll(&self, timeout: Option<Duration>, wake: &mut WakeList) -> Polled {
        self.poll(timeout, wake, || {})
    }

    /// The same; it says that it has `returned` from the system before it takes anybody out.
    ///
    /// # Panics
    ///
    /// As [`try_poll`](Self::try_poll).
    pub(crate) fn poll(
        &self,
        timeout: Option<Duration>,
        wake: &mut WakeList,
        returned: impl FnOnce(),
    ) -> Polled {
        if timeout == Some(Duration::ZERO) && self.registered() == 0 {
            return Polled::Done;
        }
        let Some(mut poller) = self.poller.try_lock() else {
            return Polled::Busy;
        };
        let Poller {
            poll,
            events,
            owed,
            alarm,
        } = &mut *poller;
        let would_wait = timeout != Some(Duration::ZERO);
        let timeout = if would_wait && std::mem::take(owed) {
            Some(Duration::ZERO)
        } else {
            timeout.map(|timeout| timeout.min(LONGEST_WAIT))
        };
        let timeout = match (alarm, timeout) {
            (Some(_), Some(wait)) if wait > FAR => Some(before(wait)),
            (Some(alarm), Some(wait)) if wait > Duration::ZERO && !MODELLED => {
                alarm.set(wait);
                timeout
            }
            _ => timeout,
        };
        let polled = if MODELLED {
            self.await_interrupt();
            Ok(())
        } else {
            poll.poll(events, timeout)
        };
        returned();
        match polled {
            Ok(()) => *owed |= self.dispatch(events, wake) && !would_wait,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => panic!("the system refuses to poll: {error}"),
        }
        Polled::Done
    }

    /// What a model has for the system's poll: there are no files, and no time passes.
    fn await_interrupt(&self) {
        // AcqRel: as in `dispatch`.
        while !self.interrupted.swap(false, Ordering::AcqRel) {
            hint::spin_loop();
        }
    }

    /// Takes out who waits for these events; whether an interrupt was among them.
    fn dispatch(&self, events: &Events, wake: &mut WakeList) -> bool {
        if events.is_empty() {
            return false;
        }
        let mut interrupted = false;
        let files = self.files.lock();
        let mut dispatched = self.dispatched.load(Ordering::Relaxed);
        let mut coming = events.iter().skip(AHEAD);
        for event in events {
            if let Some(event) = coming.next() {
                files.prefetch(event.token());
            }
            if event.token() == INTERRUPT {
                // AcqRel pairs with the swap in `interrupt`: who found it set, and therefore did not
                // call the system, has what he did before seen by whoever returns from here.
                self.interrupted.swap(false, Ordering::AcqRel);
                interrupted = true;
            } else if let Some(file) = files.find(event.token()) {
                file.event(event, wake);
                dispatched += 1;
            }
        }
        self.dispatched.store(dispatched, Ordering::Relaxed);
        interrupted
    }

    /// Ends the poll that is going on, or the next one that would wait.
    pub(crate) fn interrupt(&self) {
        // AcqRel pairs with the swap in `dispatch`.
        if !self.interrupted.swap(true, Ordering::AcqRel) && !MODELLED {
            // It fails only if its own descriptor is gone; going on would be to sleep for ever.
            self.waker
                .wake()
                .expect("the netpoller's own descriptor is open");
        }
    }

    /// What ends a poll as [`interrupt`](Self::interrupt) does, for a signal handler: a call of the system
    /// each time, and nothing else.
    pub(crate) fn waker(&self) -> StdArc<mio::Waker> {
        StdArc::clone(&self.waker)
    }

    /// How many files are registered.
    pub(crate) fn registered(&self) -> usize {
        self.registered.load(Ordering::Relaxed)
    }

    /// How many events have reached a file.
    pub(crate) fn dispatched(&self) -> u64 {
        self.dispatched.load(Ordering::Relaxed)
    }

    /// Whether anybody waits for a file. Of those who wait without a ticket nobody knows whether they
    /// still do.
    pub(crate) fn is_awaited(&self) -> bool {
        let files = self.files.lock();
        let mut files = files.records.iter().filter_map(Record::file);
        files.any(|file| file.read.is_awaited() || file.write.is_awaited())
    }

    /// Ends all waiting with an error, and refuses what comes later.
    pub(crate) fn close(&self, wake: &mut WakeList) {
        let mut files = self.files.lock();
        files.closed = true;
        for file in files.records.iter().filter_map(Record::file) {
            file.close(Closed::ByShutdown, wake);
        }
    }
}

impl fmt::Debug for Netpoll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Netpoll")
            .field("registered", &self.registered())
            .finish_non_exhaustive()
    }
}

impl Files {
    /// A place for a file, which is not there yet.
    fn reserve(&mut self) -> io::Result<Token> {
        if self.closed {
            return Err(Closed::ByShutdown.into());
        }
        let index = match self.free.pop() {
            Some(index) => index,
            // The last two indices would make the tokens of the interrupt and the alarm possible.
            None if self.records.len() >= INDEX - 1 => {
                return Err(io::Error::other(
                    "the netpoller has no room for another file",
                ));
            }
            None => {
                self.records.push(Record::Free { generation: 0 });
                self.records.len() - 1
            }
        };
        let Record::Free { generation } = &self.records[index] else {
            unreachable!("a place that is free has no file");
        };
        Ok(Token((generation << HALF) | index))
    }

    /// Puts a file into its place, which was reserved.
    fn insert(&mut self, file: StdArc<File>) {
        let index = file.token.0 & INDEX;
        self.records[index] = Record::Used(file);
    }

    fn find(&self, token: Token) -> Option<&StdArc<File>> {
        let record = self.records.get(token.0 & INDEX)?;
        record.file().filter(|file| file.token == token)
    }

    /// Has the processor fetch a file that is about to be found.
    fn prefetch(&self, token: Token) {
        let record = self.records.get(token.0 & INDEX);
        if let Some(file) = record.and_then(Record::file) {
            prefetch(StdArc::as_ptr(file));
        }
    }

    fn remove(&mut self, token: Token) -> Record {
        let index = token.0 & INDEX;
        let generation = (token.0 >> HALF).wrapping_add(1) & INDEX;
        self.free.push(index);
        std::mem::replace(&mut self.records[index], Record::Free { generation })
    }
}

/// A registered file: its place, both directions, and what belongs to it above.
///
/// One allocation for all of it, and a pointer for its owner, since there are as many as connections.
pub(crate) struct File<T: ?Sized = dyn Send + Sync> {
    netpoll: Arc<Netpoll>,
    token: Token,
    pub(crate) read: Slot,
    pub(crate) write: Slot,
    /// The owner's.
    pub(crate) owned: T,
}

impl<T: ?Sized> File<T> {
    fn event(&self, event: &Event, wake: &mut WakeList) {
        // An error, or the end of the other side, is something to be found by reading and writing.
        if event.is_read_closed() || event.is_error() || event.is_priority() {
            self.read.last_event(wake);
        } else if event.is_readable() {
            self.read.event(wake);
        }
        if event.is_writable() || event.is_write_closed() || event.is_error() {
            self.write.event(wake);
        }
    }

    /// Ends all waiting with an error, now and later.
    pub(crate) fn close(&self, why: Closed, wake: &mut WakeList) {
        self.read.close(why, wake);
        self.write.close(why, wake);
    }

    /// The netpoller in which it is registered.
    pub(crate) fn netpoll(&self) -> &Arc<Netpoll> {
        &self.netpoll
    }

    /// Tells the system that no more events are wanted; before the descriptor is closed.
    ///
    /// # Errors
    ///
    /// The system's.
    pub(crate) fn deregister(&self, source: &mut impl Source) -> io::Result<()> {
        self.netpoll.registry.deregister(source)
    }
}

/// A file and its place in a netpoller; dropping it gives the place back.
pub(crate) struct Registration<T: Send + Sync + 'static>(StdArc<File<T>>);

impl<T: Send + Sync + 'static> Registration<T> {
    /// Registers a file for both directions; it carries what is `owned`.
    ///
    /// # Errors
    ///
    /// The system's; and if the runtime has shut down.
    pub(crate) fn new(
        netpoll: &Arc<Netpoll>,
        source: &mut impl Source,
        owned: T,
    ) -> io::Result<Self> {
        let registration = {
            let mut files = netpoll.files.lock();
            let token = files.reserve()?;
            let file = StdArc::new(File {
                netpoll: Arc::clone(netpoll),
                token,
                read: Slot::new(),
                write: Slot::new(),
                owned,
            });
            files.insert(StdArc::<File<T>>::clone(&file));
            netpoll.registered.fetch_add(1, Ordering::Relaxed);
            Self(file)
        };
        // In this order, or an event might come for which there is no file. From here on the drop of
        // the registration gives the place back.
        netpoll
            .registry
            .register(source, registration.token, sys::interest())?;
        Ok(registration)
    }
}

impl<T: Send + Sync + 'static> Deref for Registration<T> {
    type Target = StdArc<File<T>>;

    fn deref(&self) -> &StdArc<File<T>> {
        &self.0
    }
}

impl<T: Send + Sync + 'static> Drop for Registration<T> {
    fn drop(&mut self) {
        let record = {
            let mut files = self.netpoll.files.lock();
            self.netpoll.registered.fetch_sub(1, Ordering::Relaxed);
            files.remove(self.token)
        };
        // What it has of its owner's is dropped where no lock is held.
        drop(record);
    }
}

impl<T: Send + Sync + 'static> fmt::Debug for Registration<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("read", &self.read)
            .field("write", &self.write)
            .finish_non_exhaustive()
    }
}

impl From<Closed> for io::Error {
    fn from(why: Closed) -> Self {
        let text = match why {
            Closed::ByProgram => "the socket was closed by this program",
            Closed::ByShutdown => "the runtime of this socket has shut down",
        };
        io::Error::new(io::ErrorKind::NotConnected, text)
    }
}

#[cfg(all(test, not(loom)))]
#[path = "../tests/netpoll.rs"]
mod tests;
