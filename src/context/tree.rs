//! The tree of what ends together.
//!
//! A scope is what [`with_cancel`](super::with_cancel) and its like make: it has a parent, which it keeps
//! alive, and children, which it does not. What must hold:
//!
//! * a scope ends once: `children` is taken, `ended` written and the latch set under its one lock, so that
//!   whoever sees the latch finds the reason, and whoever finds the reason sees the latch;
//! * all below a scope that ends have ended before the first who waits is woken, unless another end is under way
//!   below it;
//! * a scope has no link to a parent, nor its parent one to it, once it has ended or is gone;
//! * a parent's lock and a child's are never held together, and none while somebody is woken or something of a
//!   user's is dropped;
//! * nothing here calls itself by the depth of the tree: an end goes by a list, a drop by a loop.
//!
//! A child that is made while its parent ends is put into the parent's list first, and only then is told
//! where it stands. So either the end finds it in the list, or it finds that the list is gone.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::mem;
use std::panic::Location;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::task::{Wake, Waker};
use std::time::Instant;

use chango_chan::latch::Latch;
use chango_core::primitive::{Mutex, Rank};
use chango_core::runtime::{self, Handle};
use chango_core::time::{self, Bell};
use chango_core::util::wake_list::WakeList;

use super::ContextError;

/// Why a scope has ended.
#[derive(Clone)]
pub(super) struct Ended {
    pub(super) error: ContextError,
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl Ended {
    pub(super) fn plain(error: ContextError) -> Self {
        Self { error, cause: None }
    }

    pub(super) fn because(cause: Box<dyn Error + Send + Sync>) -> Self {
        Self {
            error: ContextError::Canceled,
            cause: Some(cause.into()),
        }
    }

    pub(super) fn cause(&self) -> &(dyn Error + Send + Sync + 'static) {
        match &self.cause {
            Some(cause) => &**cause,
            None => &self.error,
        }
    }
}

/// What ends by itself or with its parent.
pub(super) struct Scope {
    latch: Latch,
    /// Written once, before the latch is set.
    ended: OnceLock<Ended>,
    deadline: Option<Instant>,
    /// Of a scope whose deadline is its own.
    bell: Option<Box<Bell>>,
    /// How many handles may cancel it; the last to go does.
    cancels: AtomicUsize,
    state: Mutex<State>,
}

struct State {
    /// The parent, and where in its list this one stands.
    parent: Option<Parent>,
    /// None once it has ended.
    children: Option<Children>,
}

type Parent = (Arc<Scope>, usize);

impl Scope {
    /// A scope that is nobody's child yet, with one handle to cancel it.
    pub(super) fn new(deadline: Option<Instant>, has_timer: bool) -> Self {
        let state = State {
            parent: None,
            children: Some(Children::default()),
        };
        Self {
            latch: Latch::new(),
            ended: OnceLock::new(),
            deadline,
            bell: has_timer.then(Box::default),
            cancels: AtomicUsize::new(1),
            state: Mutex::new(Rank::Context, state),
        }
    }

    pub(super) fn latch(&self) -> &Latch {
        &self.latch
    }

    pub(super) fn ended(&self) -> Option<&Ended> {
        // Whoever has the reason shall find the latch set, which it is in the next moment only.
        self.latch.is_set().then(|| self.ended.get()).flatten()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    pub(super) fn add_cancel(&self) {
        self.cancels.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether that was the last one.
    pub(super) fn remove_cancel(&self) -> bool {
        // Nothing is published by it: what ends a scope is under the lock.
        self.cancels.fetch_sub(1, Ordering::Relaxed) == 1
    }

    /// Makes `child` end with this one. (Go: `propagateCancel`.)
    pub(super) fn adopt(self: &Arc<Self>, child: &Arc<Self>) {
        let Some(at) = self.add(|| Child::Scope(Arc::downgrade(child))) else {
            return child.end_with(self);
        };
        let mut state = child.state.lock();
        // If it has ended meanwhile, it was with this one, whose list is gone.
        if state.children.is_some() {
            state.parent = Some((Arc::clone(self), at));
        }
    }

    /// Starts `call` when this one has ended.
    pub(super) fn after(self: &Arc<Self>, call: Call) -> Ticket {
        let mut call = Some(Box::new(Call {
            _scope: Some(Arc::clone(self)),
            ..call
        }));
        let at = self.add(|| Child::Call(call.take().expect("there is one call")));
        // Still here if it has ended.
        call.into_iter().for_each(|call| call.start());
        Ticket(Some((Arc::downgrade(self), at)))
    }

    /// Sets the timer of a scope that has a bell.
    pub(super) fn start_timer(self: &Arc<Self>, deadline: Instant) {
        let Some(bell) = &self.bell else { return };
        let expiry = Expiry(Arc::downgrade(self), deadline);
        if !bell.set(deadline, Waker::from(Arc::new(expiry))) {
            // The runtime has shut down.
            self.end(&Ended::plain(ContextError::Canceled));
        }
    }

    /// Ends this one and all below it, and wakes who waits for that.
    pub(super) fn end(self: &Arc<Self>, ended: &Ended) {
        let mut ending = Ending {
            wake: WakeList::new(),
            calls: Vec::new(),
            scopes: Vec::new(),
        };
        let parent = ending.mark(self, ended);
        while let Some(scope) = ending.scopes.pop() {
            // Its parent has ended, and knows nothing of it any more.
            drop(ending.mark(&scope, ended));
        }
        if let Some((parent, at)) = parent {
            parent.remove(at);
        }
        ending.wake.wake_all();
        ending.calls.into_iter().for_each(Call::start);
    }

    fn end_with(self: &Arc<Self>, parent: &Self) {
        if let Some(ended) = parent.ended.get() {
            self.end(ended);
        }
    }

    /// Adds what is to be told of the end; none if this one has ended.
    fn add(&self, child: impl FnOnce() -> Child) -> Option<usize> {
        let mut state = self.state.lock();
        let children = state.children.as_mut()?;
        Some(children.add(child()))
    }

    /// How many places the list of children has, and how many of them are taken.
    #[cfg(test)]
    pub(super) fn places(&self) -> (usize, usize) {
        let state = self.state.lock();
        let children = state.children.as_ref();
        children.map_or((0, 0), |children| {
            (children.places.capacity(), children.len)
        })
    }

    /// Takes it out again, unless this one has ended.
    fn remove(&self, at: usize) -> Option<Child> {
        let mut state = self.state.lock();
        state.children.as_mut()?.remove(at)
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        let mut parent = self.state.lock().parent.take();
        while let Some((scope, at)) = parent {
            scope.remove(at);
            // If this was the last one to have it, its own parent is next, and not in a drop in a drop.
            parent = Arc::into_inner(scope).and_then(|scope| scope.state.lock().parent.take());
        }
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("latch", &self.latch)
            .finish_non_exhaustive()
    }
}

/// What is left to be done of an end.
struct Ending {
    wake: WakeList,
    calls: Vec<Call>,
    scopes: Vec<Arc<Scope>>,
}

impl Ending {
    /// Marks one scope as ended, and notes what follows from it; its parent, if it was the first to.
    fn mark(&mut self, scope: &Arc<Scope>, ended: &Ended) -> Option<Parent> {
        let (parent, children) = {
            let mut state = scope.state.lock();
            let children = state.children.take()?;
            let first = scope.ended.set(ended.clone()).is_ok();
            debug_assert!(first, "whoever takes the children is the first");
            scope.latch.set(&mut self.wake);
            (state.parent.take(), children)
        };
        if let Some(bell) = &scope.bell {
            bell.stop();
        }
        for child in children.into_iter() {
            match child {
                Child::Scope(scope) => self.scopes.extend(scope.upgrade()),
                Child::Call(call) => self.calls.push(*call),
            }
        }
        parent
    }
}

/// What is told of the end of a scope.
enum Child {
    Scope(Weak<Scope>),
    /// What is to be started.
    Call(Box<Call>),
}

/// A list in which each has its place until it is taken out, by that place.
///
/// The memory for the most there ever were at a time is kept until there is none left.
#[derive(Default)]
struct Children {
    places: Vec<Place>,
    /// The first of the free places, if it is one.
    free: usize,
    len: usize,
}

enum Place {
    Taken(Child),
    /// With the next free one.
    Free(usize),
}

#[cfg(test)]
pub(super) const SIZE_OF_PLACE: usize = size_of::<Place>();

/// What is worth keeping for the next child.
const KEEP: usize = 4;

impl Children {
    fn add(&mut self, child: Child) -> usize {
        self.len += 1;
        let at = self.free;
        match self.places.get_mut(at) {
            Some(place) => {
                if let Place::Free(next) = mem::replace(place, Place::Taken(child)) {
                    self.free = next;
                }
            }
            None => {
                self.places.push(Place::Taken(child));
                self.free = self.places.len();
            }
        }
        at
    }

    fn remove(&mut self, at: usize) -> Option<Child> {
        let place = self.places.get_mut(at)?;
        if matches!(place, Place::Free(_)) {
            return None;
        }
        let Place::Taken(child) = mem::replace(place, Place::Free(self.free)) else {
            return None;
        };
        self.free = at;
        self.len -= 1;
        if self.len == 0 {
            self.free = 0;
            self.places.clear();
            self.places.shrink_to(KEEP);
        }
        Some(child)
    }

    fn into_iter(self) -> impl Iterator<Item = Child> {
        self.places.into_iter().filter_map(|place| match place {
            Place::Taken(child) => Some(child),
            Place::Free(_) => None,
        })
    }
}

/// What a timer wakes: the end of its scope.
struct Expiry(Weak<Scope>, Instant);

impl Wake for Expiry {
    fn wake(self: Arc<Self>) {
        let Some(scope) = self.0.upgrade() else {
            return;
        };
        let error = match self.1 <= time::now() {
            true => ContextError::DeadlineExceeded,
            // It is the end of the runtime, with which all timers go.
            false => ContextError::Canceled,
        };
        scope.end(&Ended::plain(error));
    }
}

/// What is started after the end.
pub(super) struct Call {
    future: Pin<Box<dyn Future<Output = ()> + Send>>,
    runtime: Handle,
    at: &'static Location<'static>,
    /// What it waits for is there until it comes, whoever else has it.
    _scope: Option<Arc<Scope>>,
}

impl Call {
    /// # Panics
    ///
    /// Outside every runtime.
    #[track_caller]
    pub(super) fn new(
        future: Pin<Box<dyn Future<Output = ()> + Send>>,
        at: &'static Location<'static>,
    ) -> Self {
        Self {
            future,
            runtime: runtime::current("context::after_func"),
            at,
            _scope: None,
        }
    }

    fn start(self) {
        drop(self.runtime.spawn_at(self.at, self.future));
    }
}

/// The right to take a call back: where it stands, if it does. None for one that never comes.
pub(super) struct Ticket(Option<(Weak<Scope>, Option<usize>)>);

impl Ticket {
    pub(super) fn never() -> Self {
        Self(None)
    }

    pub(super) fn take_back(self) -> bool {
        let Some((scope, at)) = self.0 else {
            return true;
        };
        let (Some(scope), Some(at)) = (scope.upgrade(), at) else {
            return false;
        };
        // What it takes out is dropped here, where the lock is open.
        scope.remove(at).is_some()
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ticket").finish()
    }
}
