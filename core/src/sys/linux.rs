//! Linux: the threads of the process; the processors of the affinity mask, and of them as many as the
//! cgroups allow.
//!
//! std's `available_parallelism` looks at both too, but rounds the quota down, to one at least: with a
//! quota of 1.9 processors half of it would never be used. So the mask is asked for here, apart from the
//! quota.

use std::ffi::{c_int, c_long, c_ulong};
use std::fs;
use std::num::NonZero;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::ptr;
use std::thread;
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};

use super::cgroup;

unsafe extern "C" {
    fn sched_getaffinity(pid: c_int, size: usize, mask: *mut u64) -> c_int;
    fn prctl(option: c_int, ...) -> c_int;
    fn timerfd_create(clock: c_int, flags: c_int) -> c_int;
    fn timerfd_settime(
        fd: c_int,
        flags: c_int,
        new: *const [Timespec; 2],
        old: *mut [Timespec; 2],
    ) -> c_int;
}

/// The kernel's, on 64-bit systems.
#[repr(C)]
struct Timespec {
    seconds: c_long,
    nanoseconds: c_long,
}

/// The kernel's numbers.
const CLOCK_MONOTONIC: c_int = 1;
const TFD_CLOEXEC: c_int = 0o2_000_000;

/// Ends a poll at a moment to the microsecond: epoll itself, and so mio, counts in milliseconds.
#[derive(Debug)]
pub(crate) struct Alarm(OwnedFd);

impl Alarm {
    /// One that ends the polls of this registry by an event with this token; none if it cannot be had.
    pub(crate) fn new(registry: &Registry, token: Token) -> Option<Self> {
        if size_of::<usize>() != 8 {
            return None;
        }
        // SAFETY: it takes two numbers, and gives a descriptor or -1.
        let fd = unsafe { timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC) };
        if fd < 0 {
            return None;
        }
        // SAFETY: the descriptor was just made, and is nobody else's.
        let alarm = Self(unsafe { OwnedFd::from_raw_fd(fd) });
        let source = &mut SourceFd(&fd);
        registry.register(source, token, Interest::READABLE).ok()?;
        Some(alarm)
    }

    /// Has it go off so much later, and not at any moment that was set before.
    pub(crate) fn set(&self, after: Duration) {
        let once = Timespec {
            seconds: 0,
            nanoseconds: 0,
        };
        let value = Timespec {
            seconds: c_long::try_from(after.as_secs()).unwrap_or(c_long::MAX),
            // Nothing at all would be never.
            nanoseconds: c_long::from(after.subsec_nanos()).max(1),
        };
        // SAFETY: the descriptor is a timer's, and the pointer leads to an `itimerspec`: two `timespec`s. If it
        // fails the poll ends by its own timeout, a millisecond later at most.
        unsafe { timerfd_settime(self.0.as_raw_fd(), 0, &[once, value], ptr::null_mut()) };
    }
}

/// The kernel's number for it.
const PR_SET_TIMERSLACK: c_int = 29;

/// Has this thread woken when its sleeps end, and not when that suits others (by 50 µs later, mostly).
pub(crate) fn sleep_to_the_point() {
    // SAFETY: it changes a number of this thread's, in nanoseconds. Whether it succeeds does not matter.
    unsafe { prctl(PR_SET_TIMERSLACK, 1 as c_ulong) };
}

/// How many processors this process may use.
pub(crate) fn processors() -> usize {
    let allowed = allowed().or_else(|| thread::available_parallelism().ok());
    cgroup::within(
        allowed.map_or(1, NonZero::get),
        cgroup::quota(Path::new("/")),
    )
}

/// How many processors this thread may run on.
fn allowed() -> Option<NonZero<usize>> {
    // One bit a processor: more than any kernel is built for.
    let mut mask = [0_u64; 256];
    // SAFETY: 0 is this thread, and the mask is as large as is said.
    let failed = unsafe { sched_getaffinity(0, size_of_val(&mask), mask.as_mut_ptr()) };
    if failed != 0 {
        return None;
    }
    NonZero::new(mask.iter().map(|word| word.count_ones() as usize).sum())
}

/// How many threads this process has; not known where `/proc` is not there.
pub(crate) fn threads() -> Option<usize> {
    let tasks = fs::read_dir("/proc/self/task").ok()?;
    Some(tasks.count())
}

/// A thread, for others to ask after.
#[derive(Debug)]
pub(crate) struct Thread {
    /// Its line in `/proc`; none where there is no `/proc`.
    stat: Option<PathBuf>,
}

impl Thread {
    /// The calling one.
    pub(crate) fn current() -> Self {
        let path = |task| Path::new("/proc").join(task).join("stat");
        let stat = fs::read_link("/proc/thread-self").ok().map(path);
        Self { stat }
    }

    /// Whether it sleeps in the kernel, in a call that blocks, and so neither computes nor waits for a
    /// processor; if that is not known, false. Only while the thread lives: its number may be another's later.
    pub(crate) fn sleeps(&self) -> bool {
        let Some(stat) = self.stat.as_ref().and_then(|stat| fs::read(stat).ok()) else {
            return false;
        };
        // "number (name) state …", and the name may hold anything.
        let name_ends = stat.iter().rposition(|&byte| byte == b')');
        let state = name_ends.and_then(|at| stat.get(at + 2));
        matches!(state, Some(b'S' | b'D'))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::mpsc;

    use super::*;

    unsafe extern "C" {
        fn sched_setaffinity(pid: c_int, size: usize, mask: *const u64) -> c_int;
    }

    #[test]
    fn an_alarm_ends_a_poll_once_and_only_at_the_moment_that_was_set_last() {
        let mut poll = mio::Poll::new().unwrap();
        let mut events = mio::Events::with_capacity(8);
        let alarm = Alarm::new(poll.registry(), Token(7)).unwrap();
        let mut ends = |timeout| {
            poll.poll(&mut events, Some(timeout)).unwrap();
            events.iter().map(|event| event.token()).collect::<Vec<_>>()
        };
        let long = Duration::from_secs(60);
        for _ in 0..3 {
            // Nobody reads it, and it goes off all the same.
            alarm.set(Duration::from_micros(300));
            assert_eq!(ends(long), [Token(7)]);
        }
        alarm.set(Duration::ZERO);
        assert_eq!(ends(long), [Token(7)]);
        alarm.set(Duration::from_micros(1));
        alarm.set(long);
        assert_eq!(ends(Duration::from_millis(20)), []);
    }

    #[test]
    fn a_thread_that_waits_for_another_sleeps_and_one_that_computes_does_not() {
        let this = Thread::current();
        assert!(!this.sleeps(), "it asks");
        let (tell, told) = mpsc::channel();
        let (end, wait) = mpsc::channel::<()>();
        let thread = thread::Builder::new().name(") R (".into());
        let thread = thread.spawn(move || {
            tell.send(Thread::current()).unwrap();
            wait.recv().unwrap_err();
        });
        let other = told.recv().unwrap();
        // Now and then is not enough: it may have waited for memory.
        while !(0..100).all(|_| other.sleeps()) {
            thread::yield_now();
        }
        drop(end);
        thread.unwrap().join().unwrap();
    }

    #[test]
    fn a_thread_that_is_bound_to_one_processor_has_one() {
        let all = allowed().unwrap();
        let bound = thread::spawn(|| {
            let mut mask = [0_u64; 256];
            // SAFETY: as in `allowed`.
            unsafe { sched_getaffinity(0, size_of_val(&mask), mask.as_mut_ptr()) };
            let word = mask.iter().position(|&word| word != 0).unwrap();
            let lowest = mask[word] & mask[word].wrapping_neg();
            mask.fill(0);
            mask[word] = lowest;
            // SAFETY: as in `allowed`; it is only read.
            let failed = unsafe { sched_setaffinity(0, size_of_val(&mask), mask.as_ptr()) };
            assert_eq!(failed, 0);
            (allowed(), processors())
        });
        assert_eq!(bound.join().unwrap(), (NonZero::new(1), 1));
        assert_eq!(allowed(), Some(all));
    }

    #[test]
    fn a_thread_more_is_seen_while_it_is_there() {
        // Other tests start and end threads meanwhile, so only this one's own are sure to be there.
        let (stay, stays) = std::sync::mpsc::channel::<()>();
        let other = thread::spawn(move || stays.recv());
        assert!(threads().is_some_and(|threads| threads >= 2));
        drop(stay);
        assert!(other.join().unwrap().is_err());
    }
}

/// Whether a read of a TCP stream that gives less than was asked for has taken all there was, so that an
/// event will come with what arrives later. Linux promises it (epoll(7)) but for urgent bytes, before
/// which a read stops: of these [`interest`] has the events tell.
pub(crate) const SHORT_READ_DRAINS: bool = true;

/// Which events a file is registered for.
pub(crate) fn interest() -> Interest {
    Interest::READABLE | Interest::WRITABLE | Interest::PRIORITY
}
