//! What the tests share: one poll at a time, wakers that count, values that count.

use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Wake, Waker};

/// Polls a future once, with a waker that does nothing.
pub(crate) fn poll<F: Future + ?Sized>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
}

/// Polls a future once, with this waker.
pub(crate) fn poll_with<F: Future + ?Sized>(
    future: &mut Pin<Box<F>>,
    waker: &Arc<Bell>,
) -> Poll<F::Output> {
    let waker = Waker::from(Arc::clone(waker));
    future.as_mut().poll(&mut Context::from_waker(&waker))
}

/// A waker that counts how often it was woken.
#[derive(Debug, Default)]
pub(crate) struct Bell(AtomicUsize);

impl Bell {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn rung(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// What panics when it is done to a [`Trap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Set {
    Nothing,
    OnClone,
    OnWake,
    OnDrop,
}

/// A waker that panics at what it is set for. Each is like itself and its clones only.
#[derive(Debug)]
pub(crate) struct Trap {
    set: AtomicUsize,
    sprung: AtomicUsize,
}

impl Trap {
    pub(crate) fn new(set: Set) -> Arc<Self> {
        Arc::new(Self {
            set: AtomicUsize::new(set as usize),
            sprung: AtomicUsize::new(0),
        })
    }

    pub(crate) fn set(&self, set: Set) {
        self.set.store(set as usize, Ordering::SeqCst);
    }

    /// How often it has panicked.
    pub(crate) fn sprung(&self) -> usize {
        self.sprung.load(Ordering::SeqCst)
    }

    /// Polls a future once, with a waker that is not dropped afterwards, so that what panics is
    /// what the future does.
    pub(crate) fn poll<F: Future + ?Sized>(
        self: &Arc<Self>,
        future: &mut Pin<Box<F>>,
    ) -> Poll<F::Output> {
        let data = Arc::as_ptr(self).cast();
        // SAFETY: the waker that borrows the caller's count is not dropped, and its clones have one
        // each.
        let waker = unsafe { ManuallyDrop::new(Waker::from_raw(RawWaker::new(data, &TRAP))) };
        future.as_mut().poll(&mut Context::from_waker(&waker))
    }

    fn step_on(&self, what: Set) {
        if self.set.load(Ordering::SeqCst) == what as usize {
            self.sprung.fetch_add(1, Ordering::SeqCst);
            panic!("a bad waker, {what:?}");
        }
    }
}

static TRAP: RawWakerVTable = RawWakerVTable::new(
    |data| {
        let trap = data.cast::<Trap>();
        // SAFETY: here and below, the waker in hand holds the `Arc` behind `data`, and a clone has
        // a count of its own.
        unsafe { (*trap).step_on(Set::OnClone) };
        // SAFETY: as above.
        unsafe { Arc::increment_strong_count(trap) };
        RawWaker::new(data, &TRAP)
    },
    // SAFETY: as above; waking by value gives the count up.
    |data| unsafe { Arc::from_raw(data.cast::<Trap>()) }.step_on(Set::OnWake),
    // SAFETY: as above.
    |data| unsafe { &*data.cast::<Trap>() }.step_on(Set::OnWake),
    // SAFETY: as above; a drop gives the count up.
    |data| unsafe { Arc::from_raw(data.cast::<Trap>()) }.step_on(Set::OnDrop),
);

/// Values that are counted: how many of them are alive.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counted(Arc<()>);

impl Counted {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// How many there are besides this one.
    pub(crate) fn others(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }
}

/// A list of arms that are all on.
macro_rules! arms {
    ($($arm:expr),* $(,)?) => { arms!(@ [$($arm),*]) };
    (@ []) => { chango_chan::select::Nil };
    (@ [$first:expr $(, $rest:expr)*]) => {
        chango_chan::select::Cons::new(Some($first), arms!(@ [$($rest),*]))
    };
}
pub(crate) use arms;

/// What the nth arm gave, as a pattern of `Selected`.
macro_rules! arm {
    (0, $output:pat) => {
        chango_chan::select::Selected::Arm(chango_chan::select::Won::This($output))
    };
    (1, $output:pat) => {
        chango_chan::select::Selected::Arm(chango_chan::select::Won::Later(
            chango_chan::select::Won::This($output),
        ))
    };
    (2, $output:pat) => {
        chango_chan::select::Selected::Arm(chango_chan::select::Won::Later(
            chango_chan::select::Won::Later(chango_chan::select::Won::This($output)),
        ))
    };
}
pub(crate) use arm;
