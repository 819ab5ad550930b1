//! Linux: the threads of the process; the processors of the affinity mask, and of them as many as the
//! cgroups allow.
//!
//! std's `available_parallelism` looks at both too, but rounds the quota down, to one at least: with a
//! quota of 1.9 processors half of it would never be used. So the mask is asked for here, apart from the
//! quota.

use std::ffi::{c_int, c_ulong};
use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;

use mio::Interest;

use super::cgroup;

unsafe extern "C" {
    fn sched_getaffinity(pid: c_int, size: usize, mask: *mut u64) -> c_int;
    fn prctl(option: c_int, ...) -> c_int;
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
        while !other.sleeps() {
            thread::yield_now();
        }
        assert!((0..100).all(|_| other.sleeps()), "nobody has woken it");
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
