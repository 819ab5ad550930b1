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
use crate::util::wake_list::WakeList;

/// Events taken from the system at once; what does not fit comes with the next poll.
const BATCH: usize = 512;

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
        for event in events {
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
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::task::{Context, Wake, Waker};
    use std::thread;
    use std::time::Instant;

    use super::slot::Wait;
    use super::*;
    use crate::note::At;

    /// Later than this is never.
    const NEVER: Duration = Duration::from_secs(20);

    #[derive(Default)]
    struct Counter(AtomicUsize);

    impl Wake for Counter {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A stream in `netpoll`, with the other side of it.
    fn stream(
        netpoll: &Arc<Netpoll>,
    ) -> (mio::net::TcpStream, Registration<()>, mio::net::TcpStream) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let theirs = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (ours, _) = listener.accept().unwrap();
        ours.set_nonblocking(true).unwrap();
        theirs.set_nonblocking(true).unwrap();
        let mut ours = mio::net::TcpStream::from_std(ours);
        let registration = Registration::new(netpoll, &mut ours, ()).unwrap();
        (ours, registration, mio::net::TcpStream::from_std(theirs))
    }

    fn wait(slot: &Slot, counter: &std::sync::Arc<Counter>) -> Wait {
        slot.wait(
            slot.seen(),
            None,
            &Waker::from(std::sync::Arc::clone(counter)),
        )
    }

    /// Those who poll one direction without a ticket, on one thread and by turns as they are woken.
    struct Pollers {
        slot: Slot,
        wakers: Vec<Waker>,
        woken: StdArc<std::sync::Mutex<Vec<usize>>>,
    }

    struct Turn(usize, StdArc<std::sync::Mutex<Vec<usize>>>);

    impl Wake for Turn {
        fn wake(self: StdArc<Self>) {
            self.1.lock().unwrap().push(self.0);
        }
    }

    impl Pollers {
        fn new(number: usize) -> Self {
            let woken = StdArc::new(std::sync::Mutex::new((0..number).collect()));
            let turn = |of| Waker::from(StdArc::new(Turn(of, StdArc::clone(&woken))));
            Self {
                slot: Slot::new(),
                wakers: (0..number).map(turn).collect(),
                woken,
            }
        }

        /// Lets all who were woken poll and wait again until nobody is woken any more; how many polls that
        /// took.
        fn settle(&self) -> usize {
            let mut polls = 0;
            loop {
                let woken = std::mem::take(&mut *self.woken.lock().unwrap());
                if woken.is_empty() {
                    return polls;
                }
                for one in woken {
                    polls += 1;
                    assert!(polls < 1_000_000, "they wake each other for ever");
                    let waits = self.slot.wait(self.slot.seen(), None, &self.wakers[one]);
                    assert_eq!(waits, Wait::Waiting);
                }
            }
        }

        /// Polls once by a waker that is never polled again.
        fn pass_by(&self, counter: &StdArc<Counter>) {
            // Each is another one.
            let counter = StdArc::clone(counter);
            let waker = Waker::from(StdArc::new(PassesBy(counter)));
            assert_eq!(
                self.slot.wait(self.slot.seen(), None, &waker),
                Wait::Waiting
            );
        }

        fn event(&self) {
            let mut wake = WakeList::new();
            self.slot.event(&mut wake);
            wake.wake_all();
        }
    }

    struct PassesBy(#[expect(dead_code, reason = "counts by being there")] StdArc<Counter>);

    impl Wake for PassesBy {
        fn wake(self: StdArc<Self>) {}
    }

    #[test]
    fn however_many_wait_without_a_ticket_they_come_to_rest_and_all_hear_of_an_event() {
        for number in [1, 15, 16, 17, 18, 33, 100, 400] {
            let pollers = Pollers::new(number);
            pollers.settle();
            for _ in 0..3 {
                pollers.event();
                let mut woken = pollers.woken.lock().unwrap().clone();
                woken.sort_unstable();
                assert_eq!(woken, (0..number).collect::<Vec<_>>());
                // There is room for all of them now.
                assert_eq!(pollers.settle(), number);
            }
        }
    }

    #[test]
    fn those_who_poll_once_and_go_do_not_pile_up_beside_those_who_stay() {
        for stay in [0, 1, 3, 17] {
            let pollers = Pollers::new(stay);
            let passers_by = StdArc::new(Counter::default());
            for _ in 0..10_000 {
                pollers.pass_by(&passers_by);
                pollers.settle();
                let kept = StdArc::strong_count(&passers_by) - 1;
                assert!(kept < 100, "{kept} are kept beside {stay}");
            }
            pollers.event();
            assert_eq!(pollers.woken.lock().unwrap().len(), stay);
        }
    }

    #[test]
    fn those_who_poll_once_and_go_do_not_pile_up_where_many_have_waited_before() {
        let pollers = Pollers::new(1000);
        pollers.settle();
        let passers_by = StdArc::new(Counter::default());
        for _ in 0..20_000 {
            pollers.pass_by(&passers_by);
        }
        // What was kept meanwhile goes with the next event.
        pollers.event();
        for _ in 0..1000 {
            pollers.pass_by(&passers_by);
        }
        let kept = StdArc::strong_count(&passers_by) - 1;
        assert!(kept < 100, "{kept} are kept");
    }

    #[test]
    fn a_poll_that_waits_for_long_is_over_before_its_time_however_late_the_system_is() {
        let mut wait = FAR;
        while wait < LONGEST_WAIT {
            wait += wait / 7 + Duration::from_nanos(1);
            let asked = before(wait);
            let rounded = Duration::from_millis(asked.as_nanos().div_ceil(1_000_000) as u64);
            let late = (rounded / 200).min(Duration::from_millis(100));
            assert!(rounded + late <= wait, "{wait:?}");
            assert!(asked > wait / 2, "{wait:?}: it comes nearer");
        }
    }

    #[test]
    fn a_file_that_ends_keeps_nobody() {
        let pollers = Pollers::new(0);
        let passers_by = StdArc::new(Counter::default());
        for _ in 0..100 {
            pollers.pass_by(&passers_by);
        }
        // From here on nobody waits.
        pollers.event();
        assert!(StdArc::strong_count(&passers_by) > 1);
        let mut wake = WakeList::new();
        pollers.slot.close(Closed::ByProgram, &mut wake);
        wake.wake_all();
        assert_eq!(StdArc::strong_count(&passers_by), 1);
    }

    /// A file in `files` that the system knows nothing of.
    fn place(netpoll: &Arc<Netpoll>, files: &mut Files) -> StdArc<File> {
        let file: StdArc<File> = StdArc::new(File {
            netpoll: Arc::clone(netpoll),
            token: files.reserve().unwrap(),
            read: Slot::new(),
            write: Slot::new(),
            owned: (),
        });
        files.insert(StdArc::clone(&file));
        file
    }

    #[test]
    fn the_place_of_a_file_is_used_again_and_the_old_token_is_not() {
        let mut files = Files {
            records: Vec::new(),
            free: Vec::new(),
            closed: false,
        };
        let netpoll = Arc::new(Netpoll::new().unwrap());
        let first = place(&netpoll, &mut files);
        let old = first.token;
        assert!(
            files
                .find(old)
                .is_some_and(|found| StdArc::ptr_eq(found, &first))
        );
        files.remove(old);
        assert!(files.find(old).is_none());
        let second = place(&netpoll, &mut files);
        let new = second.token;
        assert_eq!(new.0 & INDEX, old.0 & INDEX, "the same place");
        assert!(
            files.find(old).is_none(),
            "an event of the file that was there"
        );
        assert!(
            files
                .find(new)
                .is_some_and(|found| StdArc::ptr_eq(found, &second))
        );
        assert!(files.find(Token(INDEX - 1)).is_none());
    }

    #[test]
    fn an_interrupt_ends_the_poll_that_goes_on_and_the_next_one_that_would_wait() {
        let netpoll = Netpoll::new().unwrap();
        for _ in 0..3 {
            netpoll.interrupt();
            netpoll.interrupt();
            let start = Instant::now();
            assert_eq!(netpoll.try_poll(None, &mut WakeList::new()), Polled::Done);
            assert!(start.elapsed() < NEVER);
        }
        thread::scope(|scope| {
            // The test's own look at the lock, below, may send the poll away before it has begun.
            let poll = || netpoll.try_poll(Some(NEVER * 2), &mut WakeList::new());
            let poll = scope.spawn(move || {
                (0..).find_map(|_| Some(poll()).filter(|polled| *polled != Polled::Busy))
            });
            // While one is in the poll the others are sent away.
            while netpoll.poller.try_lock().is_some() {
                thread::yield_now();
            }
            assert_eq!(
                netpoll.try_poll(Some(NEVER), &mut WakeList::new()),
                Polled::Busy
            );
            let start = Instant::now();
            netpoll.interrupt();
            assert_eq!(poll.join().unwrap(), Some(Polled::Done));
            assert!(start.elapsed() < NEVER);
        });
    }

    #[test]
    fn looking_without_files_leaves_an_interrupt_for_the_poll_that_waits() {
        let netpoll = Netpoll::new().unwrap();
        netpoll.interrupt();
        assert_eq!(
            netpoll.try_poll(Some(Duration::ZERO), &mut WakeList::new()),
            Polled::Done
        );
        let start = Instant::now();
        assert_eq!(
            netpoll.try_poll(Some(NEVER * 2), &mut WakeList::new()),
            Polled::Done
        );
        assert!(start.elapsed() < NEVER);
    }

    #[test]
    fn a_look_that_meets_an_interrupt_leaves_it_for_the_poll_that_waits() {
        let netpoll = Arc::new(Netpoll::new().unwrap());
        let (_ours, _registration, _theirs) = stream(&netpoll);
        // A new stream can be written: the first event says so.
        let _ = netpoll.try_poll(Some(NEVER), &mut WakeList::new());
        for _ in 0..3 {
            // For one who is on his way to the poll, but not there yet.
            netpoll.interrupt();
            for _ in 0..2 {
                let look = netpoll.try_poll(Some(Duration::ZERO), &mut WakeList::new());
                assert_eq!(look, Polled::Done);
            }
            let start = Instant::now();
            let waits = netpoll.try_poll(Some(NEVER * 2), &mut WakeList::new());
            assert_eq!(waits, Polled::Done);
            assert!(start.elapsed() < NEVER);
        }
    }

    #[test]
    fn an_event_wakes_who_waits_in_its_direction() {
        let netpoll = Arc::new(Netpoll::new().unwrap());
        let (_ours, registration, theirs) = stream(&netpoll);
        assert_eq!(netpoll.registered(), 1);
        // A new stream can be written: the first event says so.
        let _ = netpoll.try_poll(Some(NEVER), &mut WakeList::new());
        let (reader, writer) = Default::default();
        assert_eq!(wait(&registration.read, &reader), Wait::Waiting);
        assert_eq!(wait(&registration.write, &writer), Wait::Waiting);
        theirs.shutdown(std::net::Shutdown::Write).unwrap();
        let start = Instant::now();
        while reader.0.load(Ordering::Relaxed) == 0 {
            assert!(start.elapsed() < NEVER);
            let mut wake = WakeList::new();
            let _ = netpoll.try_poll(Some(NEVER), &mut wake);
            wake.wake_all();
        }
        drop(registration);
        assert_eq!(netpoll.registered(), 0);
        let files = netpoll.files.lock();
        assert!(files.records.iter().all(|record| record.file().is_none()));
        assert_eq!(files.free.len(), files.records.len());
    }

    /// Whether an operation that takes all there is, if anything is there, would make a call; it waits
    /// for an event in the end.
    fn calls(slot: &Slot, there: bool) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        let mut called = false;
        let polled = slot.poll(None, &mut cx, At::Unknown, |drained| {
            called |= !drained;
            if called && there {
                return Ok(Step {
                    result: Some(()),
                    drained: true,
                });
            }
            Err(io::ErrorKind::WouldBlock.into())
        });
        assert_eq!(polled.is_ready(), called && there);
        called
    }

    #[test]
    fn what_was_taken_whole_is_not_looked_at_again_before_an_event() {
        let slot = Slot::new();
        assert!(calls(&slot, true));
        assert!(!calls(&slot, false));
        assert!(!calls(&slot, false));
        slot.event(&mut WakeList::new());
        assert!(calls(&slot, false));
        assert!(calls(&slot, true));
        assert!(!calls(&slot, false));
        // With what comes last its end comes too, of which nothing more is said.
        slot.last_event(&mut WakeList::new());
        assert!(calls(&slot, true));
        assert!(calls(&slot, true));
        slot.event(&mut WakeList::new());
        assert!(calls(&slot, true));
        assert!(calls(&slot, false));
    }

    #[test]
    fn closing_wakes_all_and_refuses_files_from_then_on() {
        let netpoll = Arc::new(Netpoll::new().unwrap());
        let (mut ours, registration, mut theirs) = stream(&netpoll);
        let waiting = std::sync::Arc::default();
        assert_eq!(wait(&registration.read, &waiting), Wait::Waiting);
        assert_eq!(wait(&registration.write, &waiting), Wait::Waiting);
        let mut wake = WakeList::new();
        netpoll.close(&mut wake);
        wake.wake_all();
        // Both directions had a waker, of one goroutine.
        assert_eq!(waiting.0.load(Ordering::Relaxed), 2);
        let refused = wait(&registration.read, &waiting);
        assert_eq!(refused, Wait::Closed(Closed::ByShutdown));
        assert!(Registration::new(&netpoll, &mut theirs, ()).is_err());
        registration.deregister(&mut ours).unwrap();
    }
}
