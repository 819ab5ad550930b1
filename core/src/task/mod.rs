//! Goroutines: what one is, who owns it when, and how it is polled and ended. (Go: G.)
//!
//! # The chapter
//!
//! A goroutine is one allocation: a `Header` of one type for all, then the future,
//! and in the future's place later its result. There are five kinds of pointer to it:
//!
//! | pointer          | owns                | may                                             |
//! |------------------|---------------------|-------------------------------------------------|
//! | the registry's   | a reference, from the spawn until the death | be followed under its lock |
//! | a `Waker`        | a reference         | wake it                                         |
//! | [`JoinHandle`]   | a reference         | abort it, take its result, leave a waker        |
//! | `Runnable`     | the phase *runnable* | be queued, or run                              |
//! | the running worker | the phase *running* | touch the future                             |
//!
//! The last two own no reference: a goroutine that is not dead is kept by the registry's. All the
//! rights follow from one atomic word, whose transitions are in `state`; that is why the code
//! here is sound:
//!
//! * The future is touched by the running worker alone, from `start` to `park` or `finish`. It is
//!   pinned: the allocation never moves, and the future is dropped in place.
//! * The result is written before `finish` and read after it, by whoever wins `take_output`.
//! * The joiner's waker belongs to the handle unless the word says JOINER; see `join`.
//! * The header is freed by whoever gives up the last reference. By then the goroutine is dead,
//!   and its result taken or dropped: the handle's reference outlives the handle's interest.
//!
//! A panic of the future, of its destructor or of the result's never leaves this module: it ends
//! that goroutine, is reported, and is what the handle gets. This module does not know the
//! scheduler: where a runnable goroutine goes is the `Schedule` in its allocation.

mod join;
mod memory;
mod origin;
mod raw;
mod registry;
mod state;
mod waker;

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::ptr::NonNull;
use std::task::Poll;
use std::time::Duration;

pub use self::join::{JoinError, JoinHandle};
use self::origin::Origin;
pub(crate) use self::raw::{Header, Meta, Runnable};
pub(crate) use self::registry::{ID_BATCH, Registry};
pub(crate) use self::state::Phase;
use self::state::{Finish, Park, Start};
use crate::coop;
use crate::runtime::{Dump, Goroutine, GoroutineState, Wait};

/// A goroutine's number: unique in the process, and not used again.
///
/// # Examples
///
/// ```
/// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
/// let id = runtime.spawn(async {}).id();
/// println!("spawned goroutine {id}");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub(crate) u64);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a goroutine goes when it becomes runnable; the scheduler implements it.
pub(crate) trait Schedule: Send + Sync + 'static {
    /// Puts it into a queue, and sees to it that a worker looks there.
    fn schedule(&self, task: Runnable);

    /// Does the same with what `wake` gives, which is told whether this thread is a worker of this
    /// scheduler.
    ///
    /// # Safety
    ///
    /// `this` is there until `wake` is called, and if this thread is none, until the goroutine is queued.
    unsafe fn wake(this: NonNull<Self>, wake: impl FnOnce(bool) -> Option<Runnable>);

    /// A goroutine of it has panicked, and its message is printed.
    fn panicked(&self);
}

/// Makes a goroutine of a future: the one for the queue and the one for its owner.
///
/// `None` in place of the first if the registry is closed: the future is dropped, and the handle
/// says aborted.
pub(crate) fn spawn<F, S>(
    future: F,
    scheduler: S,
    registry: &Registry,
    meta: Meta,
    main: bool,
) -> (Option<Runnable>, JoinHandle<F::Output>)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
    S: Schedule,
{
    let header = raw::allocate(future, scheduler, meta, main);
    // SAFETY: the new goroutine has two references, of which one is the handle's and the other its
    // own; the latter passes to the registry, or is given up by `cancel_unregistered`.
    unsafe {
        let handle = JoinHandle::from_raw(header);
        if registry.insert(header) {
            (Some(Runnable::from_raw(header)), handle)
        } else {
            cancel_unregistered(header);
            (None, handle)
        }
    }
}

/// What a worker learns from running a goroutine.
#[must_use]
#[derive(Debug)]
pub(crate) enum Ran {
    /// It waits for somebody to wake it, or has ended.
    Gone { ended: bool },
    /// It was woken meanwhile, maybe by itself, to give way. It goes behind the others.
    Again(Runnable),
}

const ENDED: Ran = Ran::Gone { ended: true };

impl Runnable {
    /// Polls the goroutine once, with `budget` ready operations in its slice. What became of it,
    /// and what is left of the slice.
    #[inline(always)]
    pub(crate) fn run(self, registry: &Registry, budget: u32) -> (Ran, u32) {
        let header = self.into_raw();
        // SAFETY: a `Runnable` is live; from `start` to `park` or `finish` it is this call's.
        let state = unsafe { &header.as_ref().state };
        if state.start() == Start::Cancel {
            // SAFETY: running, and the future is there.
            unsafe { cancel(header, registry) };
            return (ENDED, budget);
        }
        coop::begin(budget);
        // SAFETY: running, and the future is there.
        let polled = unsafe { raw::poll(header) };
        let (left, request) = coop::end();
        // SAFETY: running; the future is there unless it said ready.
        unsafe {
            match (polled, request) {
                (Poll::Ready(()), coop::Request::Exit) => {
                    raw::replace(header, JoinError::exited(&header.as_ref().meta));
                    finish(header, registry);
                }
                (Poll::Ready(()), _) => finish(header, registry),
                (Poll::Pending, coop::Request::Exit) => {
                    raw::cancel(header, JoinError::exited(&header.as_ref().meta));
                    finish(header, registry);
                }
                (Poll::Pending, _) => return (park(header, registry), left),
            }
        }
        (ENDED, left)
    }
}

/// # Safety
///
/// `header` is running, registered, and its future is there.
#[inline]
unsafe fn park(header: NonNull<Header>, registry: &Registry) -> Ran {
    // SAFETY: the caller's promise. After `Waiting` the goroutine is no longer touched.
    unsafe {
        match header.as_ref().state.park() {
            Park::Waiting => Ran::Gone { ended: false },
            Park::Again => Ran::Again(Runnable::from_raw(header)),
            Park::Cancel => {
                cancel(header, registry);
                ENDED
            }
        }
    }
}

/// Drops the future of an aborted goroutine and ends it.
///
/// # Safety
///
/// `header` is running, registered, and its future is there.
#[cold]
unsafe fn cancel(header: NonNull<Header>, registry: &Registry) {
    // SAFETY: the caller's promise.
    unsafe {
        raw::cancel(header, JoinError::aborted(&header.as_ref().meta));
        finish(header, registry);
    }
}

/// Ends a goroutine whose result is in its place: out of the registry, joiner woken.
///
/// # Safety
///
/// `header` is running, registered, and its result is there.
unsafe fn finish(header: NonNull<Header>, registry: &Registry) {
    // SAFETY: the caller's promise. The reference that leaves the registry is given up in `die`.
    unsafe {
        registry.remove(header);
        die(header);
    }
}

/// # Safety
///
/// `header` is running, its result is there, and its own reference is the caller's to give up.
unsafe fn die(header: NonNull<Header>) {
    // SAFETY: the caller's promise.
    unsafe {
        match header.as_ref().state.finish() {
            Finish::Nothing => return,
            Finish::Free => {
                raw::drop_output(header);
                return raw::free(header);
            }
            Finish::DropOutput => raw::drop_output(header),
            Finish::WakeJoiner => wake_joiner(header),
        }
        raw::release(header);
    }
}

/// # Safety
///
/// `header` is dead and its state said that the joiner's waker is the worker's.
unsafe fn wake_joiner(header: NonNull<Header>) {
    // SAFETY: the caller's promise.
    let header = unsafe { header.as_ref() };
    let waker = header.joiner.with_mut(|slot| {
        // SAFETY: the caller's promise: nobody else touches the slot any more.
        unsafe { &mut *slot }.take()
    });
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// Ends a new goroutine that no registry took in.
///
/// # Safety
///
/// `header` is new (runnable, in no queue), and its own reference is the caller's to give up.
unsafe fn cancel_unregistered(header: NonNull<Header>) {
    // SAFETY: the caller's promise; `seize` makes it running.
    unsafe {
        if header.as_ref().state.seize() {
            raw::cancel(header, JoinError::aborted(&header.as_ref().meta));
            die(header);
        }
    }
}

/// Drops every goroutine that is left, each once. The registry is closed, no worker runs any more,
/// and no queue is read again.
///
/// A destructor may wake others; that only marks them runnable. It cannot spawn.
pub(crate) fn drop_all(registry: &Registry) {
    while let Some(header) = registry.any() {
        // SAFETY: what stands in the registry is not dead and live, and nobody runs it: `seize`
        // gives it to this thread, which finishes it.
        unsafe {
            if header.as_ref().state.seize() {
                cancel(header, registry);
            }
        }
    }
}

/// Drops the goroutine of this number, if it is left, on this thread. The registry is closed, no worker
/// runs any more, no queue is read again, and until this returns nobody else drops this goroutine.
pub(crate) fn drop_one(registry: &Registry, goroutine: TaskId) {
    if let Some(header) = registry.find(goroutine) {
        // SAFETY: as in `drop_all`; it stays in the registry until this thread takes it out.
        unsafe {
            if header.as_ref().state.seize() {
                cancel(header, registry);
            }
        }
    }
}

/// What is said of a goroutine when it is spawned.
#[inline]
pub(crate) fn meta(id: u64, spawned_at: &'static Location<'static>, name: Option<String>) -> Meta {
    Meta {
        id: TaskId(id),
        origin: Origin::new(spawned_at, name),
    }
}

/// What all goroutines do; `age` says how long ago a moment of their notes was.
pub(crate) fn dump(registry: &Registry, age: impl Fn(u32) -> Duration) -> Dump {
    let mut goroutines = Vec::with_capacity(registry.len());
    registry.for_each(|header| {
        let Some(state) = header.state.goroutine_state() else {
            return;
        };
        let Meta { id, origin } = &header.meta;
        let wait = (state == GoroutineState::Waiting).then(|| {
            let note = header.note.read();
            Wait::of(&note, age(note.since))
        });
        goroutines.push(Goroutine {
            id: *id,
            name: origin.name().map(Into::into),
            state,
            spawned_at: origin.spawned_at(),
            wait,
        });
    });
    goroutines.sort_unstable_by_key(Goroutine::id);
    Dump { goroutines }
}

impl Header {
    /// See `State::set_locked`.
    pub(crate) fn set_locked(&self, locked: bool) {
        self.state.set_locked(locked);
    }

    /// See `State::is_special`.
    #[inline]
    pub(crate) fn is_special(&self) -> bool {
        self.state.is_special()
    }

    /// See `State::is_locked`.
    pub(crate) fn is_locked(&self) -> bool {
        self.state.is_locked()
    }

    /// Whether this is the goroutine of `run`.
    pub(crate) fn is_main(&self) -> bool {
        self.state.is_main()
    }

    /// Marks it, which is runnable and in no queue yet, as one whose way to a worker is timed.
    pub(crate) fn begin_sample(&self) {
        self.state.begin_sample();
    }

    /// Whether its way to a worker is timed.
    pub(crate) fn is_sampled(&self) -> bool {
        self.state.is_sampled()
    }

    /// Its way to a worker has come to an end.
    pub(crate) fn end_sample(&self) {
        self.state.end_sample();
    }
}
