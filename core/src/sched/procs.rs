//! How many goroutines run at the same time, changed while they do. (Go: `GOMAXPROCS`, `procresize`;
//! without its stop of the world.)
//!
//! More: the new rights are free, and if there is something to do somebody is called to take one. Fewer:
//! free rights go first, then those of sleepers, then those of workers that are awake, which are marked
//! as away as one that blocks its thread is: each gives way when its current poll ends, and what stands
//! in its hands is for others at once. So a worker that runs goroutines needs no look of its own at
//! whether there are too many. What must hold:
//!
//! * a right that cannot be taken at once, since its holder is on the way from one state to another, stays
//!   a debt, and `sysmon` takes it at one of its next looks, before it parks;
//! * whoever was marked as away gives up its queue and its place in the netpoller;
//! * a number that the user has said is never replaced by a default.

use std::sync::{Mutex as StdMutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Shared;
use crate::primitive::sync::Arc;
use crate::runtime::MAX_WORKERS;

/// The default is looked at again this often, while a worker is awake. (Go's number.)
const LOOKS: Duration = Duration::from_secs(1);

/// Who says how many workers there are to be.
#[derive(Debug)]
pub(super) struct Source {
    /// None once the user has said it. Locked while the number is changed.
    default: StdMutex<Option<fn() -> usize>>,
}

impl Source {
    pub(super) fn new(default: Option<fn() -> usize>) -> Self {
        Self {
            default: StdMutex::new(default),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<fn() -> usize>> {
        self.default.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When `sysmon` has looked at the default.
#[derive(Debug)]
pub(super) struct Looked(Instant);

impl Looked {
    pub(super) fn new(now: Instant) -> Self {
        Self(now)
    }

    /// Whether it is time to look again; then it has looked.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        let due = now.saturating_duration_since(self.0) >= LOOKS;
        if due {
            self.0 = now;
        }
        due
    }
}

impl Shared {
    /// From now on `procs` goroutines run at the same time; more, until the polls end that are under way.
    pub(crate) fn set_max_procs(this: &Arc<Self>, procs: usize) {
        let mut default = this.source.lock();
        *default = None;
        Self::change_procs(this, procs);
    }

    /// Sets the number to what the default is by now, unless the user has said one.
    pub(super) fn follow(this: &Arc<Self>) {
        // The files are read without the lock. What was said meanwhile is seen under it.
        let Some(ask) = *this.source.lock() else {
            return;
        };
        let procs = ask().clamp(1, MAX_WORKERS);
        let default = this.source.lock();
        if default.is_some() && procs != this.max_procs() {
            Self::change_procs(this, procs);
        }
    }

    fn change_procs(this: &Arc<Self>, procs: usize) {
        Self::settle(this, Some(procs));
        this.sysmon.hurry();
        if this.idle.has_debt() {
            this.sysmon.wake();
        }
    }

    /// Takes rights that are too many; before, with `procs`, says how many there are to be.
    pub(super) fn settle(this: &Arc<Self>, procs: Option<usize>) {
        // Taken before the lock of `idle`, so that every worker in its lists is known here.
        let remotes = this.remotes.read();
        let remotes = remotes.unwrap_or_else(PoisonError::into_inner);
        let mut awake = Vec::new();
        // The last ones first: they are the first to be spares.
        let mut candidates = (0..remotes.len()).rev();
        let mark = |asleep: Option<usize>| match asleep {
            Some(worker) => Self::mark_away(&remotes[worker]),
            None => {
                let marked = candidates.find(|&worker| Self::mark_away(&remotes[worker]));
                awake.extend(marked);
                marked.is_some()
            }
        };
        let asleep = match procs {
            Some(procs) => this.idle.set_procs(procs, mark),
            None => this.idle.settle(mark),
        };
        awake
            .iter()
            .for_each(|&worker| this.drain(&remotes[worker]));
        asleep
            .iter()
            .for_each(|&worker| this.unpark(&remotes[worker]));
        let work = remotes.iter().any(|remote| remote.queue.has_work()) || this.global.len() > 0;
        drop(remotes);
        if work || this.idle.is_quiet() && !this.is_watched() {
            Self::wake_one(this);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::panic::Location;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;
    use crate::clock;
    use crate::runtime::{Config, Deadlock};
    use crate::sched;
    use crate::trace::Debug;

    fn runtime(follows: Option<fn() -> usize>) -> Arc<Shared> {
        let config = Config {
            workers: 2,
            follows,
            max_threads: 100,
            name: String::from("procs"),
            debug: Debug::default(),
            deadlock: Deadlock::Off,
            fails_when_silent: false,
        };
        sched::start(config).unwrap()
    }

    fn end(shared: &Shared) {
        shared.stop();
        assert!(shared.join(None));
    }

    #[test]
    fn a_default_that_changes_is_followed() {
        static SOURCE: AtomicUsize = AtomicUsize::new(2);
        let shared = runtime(Some(|| SOURCE.load(Ordering::SeqCst)));
        // So that nobody else looks.
        end(&shared);
        for (says, is) in [(5, 5), (1, 1), (0, 1), (1 << 20, MAX_WORKERS), (3, 3)] {
            SOURCE.store(says, Ordering::SeqCst);
            Shared::follow(&shared);
            assert_eq!(shared.max_procs(), is);
        }
    }

    #[test]
    fn what_the_user_has_said_stays() {
        let shared = runtime(None);
        Shared::follow(&shared);
        assert_eq!(shared.max_procs(), 2);
        end(&shared);
        let shared = runtime(Some(|| 2));
        Shared::set_max_procs(&shared, 7);
        Shared::follow(&shared);
        assert_eq!(shared.max_procs(), 7);
        end(&shared);
    }

    #[test]
    fn what_the_user_says_while_the_default_is_read_stays() {
        static HERE: StdMutex<Option<Arc<Shared>>> = StdMutex::new(None);
        let shared = runtime(Some(|| {
            // As another thread would.
            let here = HERE.lock().unwrap().take();
            here.inspect(|shared| Shared::set_max_procs(shared, 7));
            3
        }));
        *HERE.lock().unwrap() = Some(Arc::clone(&shared));
        Shared::follow(&shared);
        assert_eq!(shared.max_procs(), 7);
        end(&shared);
    }

    #[test]
    fn a_right_that_cannot_be_taken_at_once_is_taken_later() {
        let shared = runtime(None);
        let over = Arc::new(AtomicUsize::new(0));
        let begun = Arc::new(AtomicUsize::new(0));
        let hogs = [(); 2].map(|()| {
            let (begun, over) = (Arc::clone(&begun), Arc::clone(&over));
            let hog = async move {
                begun.fetch_add(1, Ordering::SeqCst);
                while over.load(Ordering::SeqCst) == 0 {
                    std::hint::spin_loop();
                }
            };
            Shared::spawn(&shared, hog, None, Location::caller(), false)
        });
        while begun.load(Ordering::SeqCst) < 2 {
            thread::yield_now();
        }
        // As if both were between two states.
        let asleep = shared.idle.set_procs(1, |_| false);
        assert!(asleep.is_empty());
        assert!(shared.idle.has_debt());
        shared.sysmon.wake();
        let since = clock::now();
        while shared.idle.has_debt() {
            assert!(since.elapsed() < Duration::from_secs(60), "it never is");
            thread::yield_now();
        }
        over.store(1, Ordering::SeqCst);
        for hog in hogs {
            futures_lite::future::block_on(hog).unwrap();
        }
        end(&shared);
    }

    #[test]
    fn the_default_is_looked_at_once_a_second() {
        let now = clock::now();
        let mut looked = Looked::new(now);
        let mut at = |millis| looked.is_due(now + Duration::from_millis(millis));
        assert_eq!(
            [at(0), at(999), at(1_000), at(1_001)],
            [false, false, true, false]
        );
        assert_eq!([at(1_999), at(2_000), at(60_000)], [false, true, true]);
    }
}
