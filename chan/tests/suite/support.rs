//! What the tests share: one poll at a time, wakers that count, values that count.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

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
