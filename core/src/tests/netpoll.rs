//! The netpoller without workers: its records, its looks and interrupts, and who waits on one file.

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
fn stream(netpoll: &Arc<Netpoll>) -> (mio::net::TcpStream, Registration<()>, mio::net::TcpStream) {
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
    let polled = slot.poll(None, &mut cx, At::Unknown, false, |drained| {
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

/// How an operation that would wait is asked, if it is: whether a call would block anyway.
fn asks(slot: &Slot, eager: bool) -> Option<bool> {
    let mut cx = Context::from_waker(Waker::noop());
    let mut asked = None;
    let polled = slot.poll::<()>(None, &mut cx, At::Unknown, eager, |block| {
        asked = Some(block);
        Err(io::ErrorKind::WouldBlock.into())
    });
    assert!(polled.is_pending());
    asked
}

#[test]
fn an_operation_looks_at_its_deadline_also_where_nothing_is_there() {
    let slot = Slot::new();
    assert!(calls(&slot, true));
    assert_eq!(
        asks(&slot, false),
        None,
        "it is known that nothing is there"
    );
    assert_eq!(asks(&slot, true), Some(false));
    slot.has_deadline();
    assert_eq!(asks(&slot, false), Some(true));
    slot.event(&mut WakeList::new());
    assert_eq!(asks(&slot, false), Some(false));
    // Nor is it forgotten later.
    assert!(calls(&slot, true));
    assert_eq!(asks(&slot, false), Some(true));
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
