//! The other end of a goroutine: its result, and the ways in which it can fail to have one.
//!
//! What must hold: a result is handed out once; the joiner's waker is touched only by whom the
//! state word says it belongs to; dropping the handle detaches and stops nothing.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::io::Write;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll, ready};

use super::TaskId;
use super::raw::{self, Header, Meta};
use super::state::Wake;
use crate::coop;
use crate::note::{self, At, Reason};
use crate::util::foreign_waker::ForeignWaker;

/// The owner's end of a goroutine: waits for its result, or stops it.
///
/// It is a future of `Result<T, JoinError>`, and `<-handle` receives the same in a block macro.
/// Dropping it detaches the goroutine, which goes on by itself; [`abort`](Self::abort) stops it.
///
/// # Examples
///
/// ```
/// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
/// let handle = runtime.spawn(async { 6 * 7 });
/// assert_eq!(runtime.block_on(handle)?, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct JoinHandle<T> {
    header: NonNull<Header>,
    output: PhantomData<T>,
}

// Where many are kept they weigh.
const _: () = assert!(size_of::<JoinHandle<u64>>() == size_of::<usize>());

// SAFETY: the handle gives out a `T` on whichever thread it is, so `T: Send`; all that is shared
// with the worker goes through the state word.
unsafe impl<T: Send> Send for JoinHandle<T> {}
// SAFETY: through `&self` a `T` can be taken (once), never borrowed, so `T: Send` is enough;
// concurrent registrations are put in order by the state word.
unsafe impl<T: Send> Sync for JoinHandle<T> {}

impl<T> Unpin for JoinHandle<T> {}
impl<T> std::panic::UnwindSafe for JoinHandle<T> {}
impl<T> std::panic::RefUnwindSafe for JoinHandle<T> {}

impl<T> JoinHandle<T> {
    /// # Safety
    ///
    /// The caller passes the handle's reference of a goroutine whose output is a `T`.
    pub(super) unsafe fn from_raw(header: NonNull<Header>) -> Self {
        Self {
            header,
            output: PhantomData,
        }
    }

    fn header(&self) -> &Header {
        // SAFETY: the handle owns a reference.
        unsafe { self.header.as_ref() }
    }

    /// Stops the goroutine: its future is dropped, by a worker, as soon as nobody polls it.
    ///
    /// Joining then gives an error for which [`JoinError::is_aborted`] is true, unless the
    /// goroutine ended before. Aborting twice, or after the end, does nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// let handle = runtime.spawn(std::future::pending::<()>());
    /// handle.abort();
    /// assert!(runtime.block_on(handle).unwrap_err().is_aborted());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn abort(&self) {
        if self.header().state.abort() == Wake::Schedule {
            // SAFETY: this call made it runnable.
            unsafe { raw::schedule(self.header) };
        }
    }

    /// Whether the goroutine has ended, in whichever way.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// let waiting = runtime.spawn(std::future::pending::<()>());
    /// assert!(!waiting.is_finished());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn is_finished(&self) -> bool {
        self.header().state.is_dead()
    }

    /// The goroutine's number, as in dumps and panic messages.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// let handle = runtime.spawn(async { chango_core::spawn::id() });
    /// let id = handle.id();
    /// assert_eq!(runtime.block_on(handle).unwrap(), Some(id));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn id(&self) -> TaskId {
        self.header().meta.id
    }

    /// Lets the goroutine go on by itself: the same as dropping the handle, said aloud.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// runtime.spawn(async { println!("nobody waits for me") }).detach();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn detach(self) {}

    /// Polls for the result by shared reference, which is how `<-handle` receives it.
    ///
    /// If two goroutines wait on one handle, one gets the result and the other panics.
    ///
    /// # Panics
    ///
    /// If the result was received before.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::future::poll_fn;
    ///
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// let handle = runtime.spawn(async { "done" });
    /// let result = runtime.block_on(poll_fn(|cx| handle.poll_join(cx)));
    /// assert_eq!(result.unwrap(), "done");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn poll_join(&self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>> {
        self.poll_join_at(cx, At::Here(Location::caller()))
    }

    /// The same for an operation that began elsewhere, as a dump says.
    #[doc(hidden)]
    pub fn poll_join_at(&self, cx: &mut Context<'_>, at: At) -> Poll<Result<T, JoinError>> {
        self.poll_with(cx, at, |mine| {
            // Two goroutines may call this at once. Nobody else's code runs in between.
            let state = &self.header().state;
            state.begin_registering();
            // SAFETY: others that share the handle wait for the end of this.
            let exchanged = unsafe { self.exchange_joiner(mine) };
            state.end_registering();
            exchanged
        })
    }

    /// Polls for the result; `exchange` is how the waker gets to the goroutine.
    #[inline]
    fn poll_with(
        &self,
        cx: &mut Context<'_>,
        at: At,
        exchange: impl FnOnce(&mut Option<ForeignWaker>) -> (bool, Option<ForeignWaker>),
    ) -> Poll<Result<T, JoinError>> {
        if !self.header().state.is_dead() {
            // A waker is code of a user's: cloned before `exchange`, dropped after it.
            let mut mine = Some(ForeignWaker::of(cx.waker()));
            let (registered, replaced) = exchange(&mut mine);
            // Two goroutines on one handle: the one that was put aside has to look again.
            if let Some(replaced) = replaced {
                replaced.wake();
            }
            if registered {
                note::waits(Reason::JoinWait, at);
                return Poll::Pending;
            }
        }
        ready!(coop::poll_proceed(cx));
        Poll::Ready(self.take())
    }

    fn take(&self) -> Result<T, JoinError> {
        assert!(
            self.header().state.take_output(),
            "a goroutine's result can be received once, and this one was received before"
        );
        let mut output: Option<Result<T, JoinError>> = None;
        // SAFETY: `take_output` was won, and the goroutine's output is a `T`.
        unsafe { (self.header().vtable.take)(self.header, (&raw mut output).cast()) };
        output.expect("the vtable fills the place it is given")
    }

    /// Puts `mine` into the joiner's slot, unless its like stands there. Whether the goroutine will
    /// wake it, and the other waker that stood there before. Runs nobody else's code.
    ///
    /// # Safety
    ///
    /// No other call for this handle runs at the same time.
    unsafe fn exchange_joiner(
        &self,
        mine: &mut Option<ForeignWaker>,
    ) -> (bool, Option<ForeignWaker>) {
        let state = &self.header().state;
        if state.has_joiner() && !state.take_joiner() {
            return (false, None);
        }
        let old = self.header().joiner.with_mut(|slot| {
            // SAFETY: the state does not say JOINER, so the slot belongs to the handle, and by the
            // caller's promise to this call alone.
            let slot = unsafe { &mut *slot };
            let same = matches!((&*slot, &*mine), (Some(old), Some(new)) if old.is_like(new));
            if same {
                None
            } else {
                std::mem::replace(slot, mine.take())
            }
        });
        (state.give_joiner(), old)
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    // A handle has no call that begins the wait, but the caller of this is the `.await` itself. Where it
    // is something else, a dump does not show it.
    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let at = At::Here(Location::caller());
        // SAFETY: nobody shares a handle that is borrowed exclusively.
        self.poll_with(cx, at, |mine| unsafe { self.exchange_joiner(mine) })
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        if let Some(has_output) = self.header().state.last_owner() {
            // SAFETY: dead, and this handle's reference is the last: all of it is the handle's. The
            // joiner's slot goes with the header.
            unsafe {
                if has_output {
                    raw::drop_output(self.header);
                }
                raw::free(self.header);
            }
            return;
        }
        // Nobody has put anything into the joiner's slot.
        if self.header().state.detach_unasked() {
            return;
        }
        let detach = self.header().state.detach();
        if detach.drop_joiner {
            let waker = self.header().joiner.with_mut(|slot| {
                // SAFETY: the state says that the slot belongs to the handle.
                unsafe { &mut *slot }.take()
            });
            drop(waker);
        }
        // SAFETY: `detach` won the result for this handle; and the handle's reference is given up
        // once, here.
        unsafe {
            if detach.drop_output {
                raw::drop_output(self.header);
            }
            raw::release(self.header);
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle")
            .field("id", &self.id())
            .field("finished", &self.is_finished())
            .finish()
    }
}

/// Why a goroutine has no result: it panicked, was aborted, or ended itself.
///
/// # Examples
///
/// ```
/// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
/// let error = runtime.block_on(runtime.spawn(async { panic!("out of cheese") })).unwrap_err();
/// assert!(error.is_panic());
/// assert!(error.to_string().ends_with("panicked: out of cheese"));
/// assert_eq!(*error.into_panic().downcast::<&str>().unwrap(), "out of cheese");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct JoinError {
    id: TaskId,
    why: Why,
}

enum Why {
    /// A lock only because a payload is not `Sync`, and an error should be.
    Panicked(std::sync::Mutex<Box<dyn Any + Send>>),
    Aborted,
    Exited,
}

impl JoinError {
    /// The error for a panic, which is reported here, at the only place where all of it is known.
    pub(super) fn panicked(meta: &Meta, payload: Box<dyn Any + Send>) -> Self {
        report(meta, &*payload);
        Self {
            id: meta.id,
            why: Why::Panicked(std::sync::Mutex::new(payload)),
        }
    }

    pub(super) fn aborted(meta: &Meta) -> Self {
        Self {
            id: meta.id,
            why: Why::Aborted,
        }
    }

    pub(super) fn exited(meta: &Meta) -> Self {
        Self {
            id: meta.id,
            why: Why::Exited,
        }
    }

    /// Whether the goroutine panicked.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// let panicked = runtime.block_on(runtime.spawn(async { panic!("no") })).unwrap_err();
    /// assert!(panicked.is_panic());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn is_panic(&self) -> bool {
        matches!(self.why, Why::Panicked(_))
    }

    /// Whether it was stopped by [`JoinHandle::abort`] or by the end of its runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// let waiting = runtime.spawn(std::future::pending::<()>());
    /// drop(runtime);
    /// assert!(futures_lite::future::block_on(waiting).unwrap_err().is_aborted());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn is_aborted(&self) -> bool {
        matches!(self.why, Why::Aborted)
    }

    /// Whether it ended itself: by `task::exit`, or by a send that nobody will ever receive.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// let ended = runtime.block_on(runtime.spawn(chango_core::spawn::exit()));
    /// assert!(ended.unwrap_err().is_exited());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn is_exited(&self) -> bool {
        matches!(self.why, Why::Exited)
    }

    /// What the goroutine panicked with, for [`std::panic::resume_unwind`].
    ///
    /// # Panics
    ///
    /// If it did not panic: ask [`is_panic`](Self::is_panic) first.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// let panicked = runtime.block_on(runtime.spawn(async { panic!("no") })).unwrap_err();
    /// assert_eq!(*panicked.into_panic().downcast::<&str>().unwrap(), "no");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn into_panic(self) -> Box<dyn Any + Send> {
        match self.why {
            Why::Panicked(payload) => payload
                .into_inner()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
            Why::Aborted | Why::Exited => panic!("no panic to give back: {self}"),
        }
    }

    /// The number of the goroutine.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
    /// let handle = runtime.spawn(async { panic!("no") });
    /// let id = handle.id();
    /// assert_eq!(runtime.block_on(handle).unwrap_err().id(), id);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn id(&self) -> TaskId {
        self.id
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.id;
        match &self.why {
            Why::Panicked(payload) => {
                let payload = payload
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                write!(f, "goroutine {id} panicked: {}", message(&**payload))
            }
            Why::Aborted => write!(f, "goroutine {id} was aborted"),
            Why::Exited => write!(f, "goroutine {id} ended itself without a result"),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}

impl std::error::Error for JoinError {}

/// The text of a panic, where it has one.
fn message(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&str>() {
        text
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text
    } else {
        "a value that is no text"
    }
}

/// Says on stderr which goroutine it was: the panic hook knows only the worker's thread.
fn report(meta: &Meta, payload: &(dyn Any + Send)) {
    let Meta { id, origin } = meta;
    let spawned_at = origin.spawned_at();
    let name = origin
        .name()
        .map(|name| format!(" {name:?}"))
        .unwrap_or_default();
    let text = message(payload);
    // A closed stderr is no reason to lose a worker.
    let _ = writeln!(
        std::io::stderr(),
        "goroutine {id}{name}, spawned at {spawned_at}, panicked: {text}"
    );
}
