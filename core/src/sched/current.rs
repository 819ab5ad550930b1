//! Which worker this thread is, which runtime it entered, which goroutine runs on it.
//!
//! The only thread-locals of the scheduler (the slice of the running goroutine is in
//! [`crate::coop`]). What must hold: the worker's pointer is set by that worker's own thread and
//! taken away before the worker ends; an entered runtime is kept alive by the entry itself.

use std::cell::{Cell, RefCell};
use std::ptr;

use super::Shared;
use super::worker::Worker;
use crate::netpoll::Netpoll;
use crate::primitive::constant_locals;
use crate::primitive::sync::Arc;
use crate::random;
use crate::task::Header;
use crate::timer::Shard;

constant_locals! {
    static WORKER: Cell<*const Worker> = Cell::new(ptr::null());
}

thread_local! {
    /// How many entries `ENTERED` has; most threads have none, and this one needs no destructor.
    static ENTRIES: Cell<usize> = const { Cell::new(0) };
    static ENTERED: RefCell<Vec<Entry>> = const { RefCell::new(Vec::new()) };
}

struct Entry {
    number: u64,
    shared: Arc<Shared>,
}

/// Makes `worker` this thread's worker while `f` runs.
pub(super) fn as_worker<R>(worker: &Worker, f: impl FnOnce() -> R) -> R {
    struct Reset;
    impl Drop for Reset {
        fn drop(&mut self) {
            WORKER.with(|cell| cell.set(ptr::null()));
        }
    }
    WORKER.with(|cell| cell.set(worker));
    let _reset = Reset;
    f()
}

#[inline]
pub(super) fn with_worker<R>(f: impl FnOnce(Option<&Worker>) -> R) -> R {
    let worker = WORKER.with(Cell::get);
    // SAFETY: null, or set by `as_worker` on this thread, which borrows the worker for longer than
    // this call lasts.
    f(unsafe { worker.as_ref() })
}

/// Runs `f` with this thread's worker if it is one of `shared`'s.
#[inline]
pub(super) fn with_worker_of<R>(shared: &Arc<Shared>, f: impl FnOnce(Option<&Worker>) -> R) -> R {
    with_worker(|worker| f(worker.filter(|worker| Arc::ptr_eq(worker.shared(), shared))))
}

/// Runs `f` with the runtime that `spawn` means here: the one entered last, else the worker's.
pub(crate) fn with_shared<R>(f: impl FnOnce(Option<&Arc<Shared>>) -> R) -> R {
    if ENTRIES.with(Cell::get) > 0 {
        let entered = ENTERED.with(|entered| {
            entered
                .borrow()
                .last()
                .map(|entry| Arc::clone(&entry.shared))
        });
        return f(entered.as_ref());
    }
    with_worker(|worker| f(worker.map(Worker::shared)))
}

/// Enters a runtime on this thread; `leave` takes the number that this returns.
pub(crate) fn enter(shared: Arc<Shared>) -> u64 {
    thread_local!(static NEXT: Cell<u64> = const { Cell::new(0) });
    let number = NEXT.with(|next| next.replace(next.get() + 1));
    ENTERED.with(|entered| entered.borrow_mut().push(Entry { number, shared }));
    ENTRIES.with(|entries| entries.set(entries.get() + 1));
    number
}

/// Leaves a runtime. Guards may be dropped in any order.
pub(crate) fn leave(number: u64) {
    let entry = ENTERED.with(|entered| {
        let mut entered = entered.borrow_mut();
        let at = entered.iter().rposition(|entry| entry.number == number);
        at.map(|at| entered.remove(at))
    });
    if entry.is_some() {
        ENTRIES.with(|entries| entries.set(entries.get() - 1));
    }
    // The last reference to a runtime's state may go here, outside the borrow.
    drop(entry);
}

/// Runs `f` with the header of the goroutine that runs on this thread.
pub(crate) fn with_goroutine<R>(f: impl FnOnce(Option<&Header>) -> R) -> R {
    with_worker(|worker| {
        let running = worker.and_then(Worker::running);
        // SAFETY: a goroutine that runs is live, and it runs on this thread, so not beyond this
        // call.
        f(running.as_ref().map(|header| unsafe { header.as_ref() }))
    })
}

/// Whether the goroutine that runs on this thread is in `task::blocking`.
pub(crate) fn is_blocking() -> bool {
    with_worker(|worker| worker.is_some_and(Worker::is_blocking))
}

/// Where a timer set on this thread goes; none outside every runtime.
pub(crate) fn timer_shard() -> Option<Arc<Shard>> {
    with_shared(|shared| {
        let shared = shared?;
        let here = with_worker_of(shared, |worker| worker.map(Worker::index));
        let index = here.unwrap_or_else(|| random::with(|random| random.below(shared.max_procs())));
        Some(Arc::clone(shared.timers.shard(index)))
    })
}

/// Says that a timer became the earliest of its shard.
pub(crate) fn timer_moved(deadline: std::time::Instant) {
    with_shared(|shared| {
        if let Some(shared) = shared {
            shared.timer_moved(deadline);
        }
    });
}

/// The netpoller of the runtime of this thread; none outside every runtime.
pub(crate) fn netpoll() -> Option<Arc<Netpoll>> {
    with_shared(|shared| Some(Arc::clone(&shared?.netpoll)))
}

/// Runs `f` with the runtime whose worker this thread is.
pub(crate) fn with_shared_worker<R>(f: impl FnOnce(Option<&Arc<Shared>>) -> R) -> R {
    with_worker(|worker| f(worker.map(Worker::shared)))
}
