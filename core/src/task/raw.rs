//! A goroutine's one allocation: header, where to queue it, and its future or result.
//!
//! The header has one type for all goroutines, so queues, wakers and the registry know only
//! [`Header`]; the vtable leads back to the future's type. Who may touch which field, and when, is
//! said at each field and follows from the state word (see [`super::state`]).

use std::alloc::Layout;
use std::any::Any;
use std::fmt;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll};

use super::join::JoinError;
use super::origin::Origin;
use super::state::{State, Wake};
use super::{Schedule, TaskId, memory, waker};
use crate::note::Note;
use crate::primitive::cell::UnsafeCell;
use crate::util::foreign_waker::ForeignWaker;

/// What a dump and a panic message say of a goroutine; written once, before it is queued.
#[derive(Debug)]
pub(crate) struct Meta {
    pub(crate) id: TaskId,
    pub(crate) origin: Origin,
}

/// Neighbours in a shard of the registry.
#[derive(Debug, Default)]
pub(super) struct Links {
    pub(super) previous: Option<NonNull<Header>>,
    pub(super) next: Option<NonNull<Header>>,
}

/// The part of a goroutine that does not depend on its future's type.
///
/// In the order of use: what a poll needs stands together, and next to the future.
#[repr(C)]
pub(crate) struct Header {
    pub(crate) meta: Meta,
    /// Under the lock of the registry's shard.
    pub(super) links: UnsafeCell<Links>,
    /// The waker of whoever joins: the goroutine's while the state says JOINER, else the handle's.
    pub(super) joiner: UnsafeCell<Option<ForeignWaker>>,
    // What follows is used at each poll, and so is what follows the header.
    /// What it waits for: written by the running worker, read by dumps.
    pub(crate) note: Note,
    pub(super) vtable: &'static Vtable,
    pub(super) state: State,
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Header")
            .field("meta", &self.meta)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// The functions that know the future's type. Their pointer is that of a live goroutine.
pub(super) struct Vtable {
    /// Polls the future, or puts its result in its place and says ready. The state is running.
    poll: unsafe fn(NonNull<Header>) -> Poll<()>,
    /// Drops the future and puts `JoinError` in its place. The state is running.
    cancel: unsafe fn(NonNull<Header>, JoinError),
    /// Drops the result and puts `JoinError` in its place. Running, after `poll` said ready.
    replace: unsafe fn(NonNull<Header>, JoinError),
    /// Moves the result to `*mut Option<Result<T, JoinError>>`. The caller won `take_output`.
    pub(super) take: unsafe fn(NonNull<Header>, *mut ()),
    /// Drops the result, which is the caller's.
    drop_output: unsafe fn(NonNull<Header>),
    /// Puts it into a queue. The caller made it runnable.
    schedule: unsafe fn(NonNull<Header>),
    /// Wakes it, and gives up the caller's reference.
    pub(super) wake: unsafe fn(NonNull<Header>),
    /// Frees the allocation. No reference is left, and the result is gone.
    free: unsafe fn(NonNull<Header>),
}

/// The future while the goroutine is not dead, then its result until somebody took it.
///
/// Which of them is there the state word knows: no tag is spent on it.
union Stage<F: Future> {
    future: ManuallyDrop<F>,
    output: ManuallyDrop<Result<F::Output, JoinError>>,
}

/// The whole allocation. `repr(C)`: a pointer to it is a pointer to its header.
#[repr(C)]
struct Cell<F: Future, S> {
    header: Header,
    scheduler: S,
    /// Whoever moved the state to running owns it; after death, whoever won `take_output`.
    stage: UnsafeCell<Stage<F>>,
}

/// Allocates a runnable goroutine with two references: its own and its handle's.
pub(super) fn allocate<F, S>(future: F, scheduler: S, meta: Meta, main: bool) -> NonNull<Header>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
    S: Schedule,
{
    let place = memory::allocate(Layout::new::<Cell<F, S>>()).cast::<Cell<F, S>>();
    let cell = Cell {
        header: Header {
            state: State::new(main),
            vtable: &Cell::<F, S>::VTABLE,
            links: UnsafeCell::new(Links::default()),
            joiner: UnsafeCell::new(None),
            note: Note::new(),
            meta,
        },
        scheduler,
        stage: UnsafeCell::new(Stage {
            future: ManuallyDrop::new(future),
        }),
    };
    // SAFETY: the place is new, and has the layout of what is written to it.
    unsafe { place.write(cell) };
    place.cast()
}

impl<F: Future, S: Schedule> Cell<F, S> {
    const VTABLE: Vtable = Vtable {
        poll: Self::poll,
        cancel: Self::cancel,
        replace: Self::replace,
        take: Self::take,
        drop_output: Self::drop_output,
        schedule: Self::schedule,
        wake: Self::wake,
        free: Self::free,
    };

    /// # Safety
    ///
    /// `header` is that of a live `Cell<F, S>`.
    unsafe fn of<'a>(header: NonNull<Header>) -> &'a Self {
        // SAFETY: the caller's promise; `repr(C)` puts the header first.
        unsafe { header.cast::<Self>().as_ref() }
    }

    unsafe fn poll(header: NonNull<Header>) -> Poll<()> {
        // SAFETY: a vtable is only used with headers of its own type, which are live.
        let cell = unsafe { Self::of(header) };
        let polled = catch_unwind(AssertUnwindSafe(|| {
            // SAFETY: the poller's right keeps the goroutine allocated during the poll.
            let waker = unsafe { waker::borrowed(header) };
            let mut cx = Context::from_waker(&waker);
            cell.stage.with_mut(|stage| {
                // SAFETY: the state is running, so the future is there and this call alone may
                // touch it; it is never moved before it is dropped in place.
                let future = unsafe { Pin::new_unchecked(&mut *(*stage).future) };
                future.poll(&mut cx)
            })
        }));
        let output = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(value)) => Ok(value),
            Err(payload) => Err(cell.panicked(payload)),
        };
        // SAFETY: as above.
        unsafe { cell.finish_future(output) };
        Poll::Ready(())
    }

    unsafe fn cancel(header: NonNull<Header>, why: JoinError) {
        // SAFETY: as in `poll`; the state is running.
        unsafe { Self::of(header).finish_future(Err(why)) };
    }

    /// Drops the future in place and puts the result there; a panic in the future's destructor
    /// becomes the result, unless that is a panic already.
    ///
    /// # Safety
    ///
    /// The state is running and the future is still there.
    unsafe fn finish_future(&self, mut output: Result<F::Output, JoinError>) {
        let dropped = catch_unwind(AssertUnwindSafe(|| {
            self.stage.with_mut(|stage| {
                // SAFETY: the caller's promise; from here on the future is gone.
                unsafe { ManuallyDrop::drop(&mut (*stage).future) };
            });
        }));
        if let Err(payload) = dropped {
            let panicked = self.panicked(payload);
            if !matches!(&output, Err(error) if error.is_panic()) {
                let replaced = std::mem::replace(&mut output, Err(panicked));
                self.drop_quietly(replaced);
            }
        }
        self.stage.with_mut(|stage| {
            // SAFETY: the future is gone, and this call alone may touch the stage.
            unsafe { (*stage).output = ManuallyDrop::new(output) };
        });
    }

    /// Drops a value of the user's whose destructor may panic, when nobody is left to be told but the
    /// reader of stderr.
    fn drop_quietly<T>(&self, value: T) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
            // The report is the point.
            drop(self.panicked(payload));
        }
    }

    /// The error for a panic of this goroutine, which is reported here.
    #[cold]
    fn panicked(&self, payload: Box<dyn Any + Send>) -> JoinError {
        let error = JoinError::panicked(&self.header.meta, payload);
        self.scheduler.panicked();
        error
    }

    unsafe fn replace(header: NonNull<Header>, why: JoinError) {
        // SAFETY: as in `poll`; the state is running and the result is there.
        let cell = unsafe { Self::of(header) };
        let old = cell.stage.with_mut(|stage| {
            // SAFETY: as above; the old result is moved out and replaced in one step.
            unsafe { std::mem::replace(&mut (*stage).output, ManuallyDrop::new(Err(why))) }
        });
        cell.drop_quietly(ManuallyDrop::into_inner(old));
    }

    unsafe fn take(header: NonNull<Header>, to: *mut ()) {
        // SAFETY: the caller won `take_output`, so the result is there and its own; `to` is a
        // place for it.
        unsafe {
            let output = Self::of(header)
                .stage
                .with_mut(|stage| ManuallyDrop::take(&mut (*stage).output));
            *to.cast::<Option<Result<F::Output, JoinError>>>() = Some(output);
        }
    }

    unsafe fn drop_output(header: NonNull<Header>) {
        let mut output: Option<Result<F::Output, JoinError>> = None;
        // SAFETY: the caller won `take_output`.
        unsafe { Self::take(header, (&raw mut output).cast()) };
        // SAFETY: as in `poll`; who is told to drop the result keeps the goroutine allocated.
        unsafe { Self::of(header) }.drop_quietly(output);
    }

    unsafe fn schedule(header: NonNull<Header>) {
        // SAFETY: the goroutine is runnable and not yet queued, so nobody frees it before the
        // scheduler has it. (A foreign thread also holds its waker's or handle's reference, and
        // with it the scheduler, until this returns.)
        unsafe { Self::of(header) }
            .scheduler
            .schedule(Runnable(header));
    }

    unsafe fn wake(header: NonNull<Header>) {
        // SAFETY: the caller's reference keeps the goroutine allocated.
        let scheduler = unsafe { NonNull::from(&header.cast::<Self>().as_ref().scheduler) };
        let mut held = false;
        let wake = |on_worker: bool| {
            // SAFETY: as above.
            let state = unsafe { &header.as_ref().state };
            if !on_worker {
                held = true;
                return (state.wake() == Wake::Schedule).then_some(Runnable(header));
            }
            // The runtime cannot end while one of its workers runs this, and nobody finishes the
            // goroutine before it is in a queue: so one step may wake it and give the reference up.
            match state.wake_and_release() {
                Wake::Schedule => Some(Runnable(header)),
                Wake::Nothing => None,
                Wake::Free => {
                    // SAFETY: the last reference was given up.
                    unsafe { Self::free(header) };
                    None
                }
            }
        };
        // SAFETY: the reference is there until `wake` is called, and elsewhere than on a worker until it
        // is given up here, and with it the runtime.
        unsafe {
            S::wake(scheduler, wake);
            if held {
                release(header);
            }
        }
    }

    unsafe fn free(header: NonNull<Header>) {
        let cell = header.cast::<Self>();
        // SAFETY: no reference is left, so this is the only pointer; it came from `allocate`. The
        // stage is a union of `ManuallyDrop`: whatever was in it is gone already.
        unsafe {
            cell.drop_in_place();
            memory::free(cell.cast(), Layout::new::<Self>());
        }
    }
}

/// A goroutine that is runnable and stands in no queue: whoever holds this queues or runs it.
pub(crate) struct Runnable(NonNull<Header>);

// SAFETY: a goroutine's future is `Send`, and the header is made for being moved between threads:
// its fields are guarded by the state word, the registry's lock or the queue that owns them.
unsafe impl Send for Runnable {}

impl Runnable {
    /// # Safety
    ///
    /// The goroutine is runnable, stands in no queue, and no other `Runnable` of it exists.
    pub(crate) unsafe fn from_raw(header: NonNull<Header>) -> Self {
        Self(header)
    }

    pub(crate) fn into_raw(self) -> NonNull<Header> {
        self.0
    }

    pub(crate) fn header(&self) -> &Header {
        // SAFETY: a goroutine that is not dead is allocated.
        unsafe { self.0.as_ref() }
    }
}

impl fmt::Debug for Runnable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Runnable").field(self.header()).finish()
    }
}

/// # Safety
///
/// The state is running and the future is there.
#[inline]
pub(super) unsafe fn poll(header: NonNull<Header>) -> Poll<()> {
    // SAFETY: the caller's promise.
    unsafe { (header.as_ref().vtable.poll)(header) }
}

/// # Safety
///
/// The state is running and the future is there.
pub(super) unsafe fn cancel(header: NonNull<Header>, why: JoinError) {
    // SAFETY: the caller's promise.
    unsafe { (header.as_ref().vtable.cancel)(header, why) }
}

/// # Safety
///
/// The state is running and [`poll`] said ready.
pub(super) unsafe fn replace(header: NonNull<Header>, why: JoinError) {
    // SAFETY: the caller's promise.
    unsafe { (header.as_ref().vtable.replace)(header, why) }
}

/// # Safety
///
/// The result is there and the caller's: it won `take_output`, or was told to drop it.
pub(super) unsafe fn drop_output(header: NonNull<Header>) {
    // SAFETY: the caller's promise.
    unsafe { (header.as_ref().vtable.drop_output)(header) }
}

/// # Safety
///
/// The caller made the goroutine runnable.
#[inline]
pub(super) unsafe fn schedule(header: NonNull<Header>) {
    // SAFETY: the caller's promise.
    unsafe { (header.as_ref().vtable.schedule)(header) }
}

/// # Safety
///
/// The caller owns a reference and gives it up.
#[inline]
pub(super) unsafe fn release(header: NonNull<Header>) {
    // SAFETY: the caller's reference keeps the header allocated up to here.
    if unsafe { header.as_ref() }.state.release() {
        // SAFETY: that was the last.
        unsafe { free(header) };
    }
}

/// # Safety
///
/// No reference is left but the caller's, and the result is gone.
pub(super) unsafe fn free(header: NonNull<Header>) {
    // SAFETY: the caller's promise.
    unsafe { (header.as_ref().vtable.free)(header) }
}
