//! Waiting until somebody says so: what a condition variable and a barrier have in common.
//!
//! What must hold: a node is in the queue from the poll that begins to wait until it is completed by
//! another one or withdrawn by its owner.

use std::task::Context;

use chango_core::util::foreign_waker::ForeignWaker;

use crate::primitive::{Mutex, MutexGuard};
use crate::wait_queue::WaitQueue;
use crate::waiter::{Incoming, State, Waiter, Who};

/// What has a queue of those who wait.
pub(super) trait Waits {
    fn waiting(&mut self) -> &mut WaitQueue<Incoming<()>>;
}

impl Waits for WaitQueue<Incoming<()>> {
    fn waiting(&mut self) -> &mut WaitQueue<Incoming<()>> {
        self
    }
}

/// Begins to wait, with a waker that was cloned before the lock was taken.
///
/// # Safety
///
/// The node belongs to the caller, is in no queue, pinned, and is withdrawn from `shared` before it goes.
pub(super) unsafe fn enter<Q: Waits>(
    locked: &mut MutexGuard<'_, Q>,
    waiter: &Waiter<Incoming<()>>,
    waker: ForeignWaker,
) {
    // SAFETY: what the caller promises.
    unsafe { locked.waiting().push(waiter, Who::Plain(waker), 0) };
}

/// Whether a node that was queued is queued still; its waker is then this context's.
pub(super) fn is_waiting<Q: Waits>(
    shared: &Mutex<Q>,
    waiter: &Waiter<Incoming<()>>,
    cx: &mut Context<'_>,
) -> bool {
    if waiter.state() != State::Queued {
        return false;
    }
    // A waker is cloned and dropped outside the lock only.
    let waker = ForeignWaker::of(cx.waker());
    let locked = shared.lock();
    if waiter.state() != State::Queued {
        return false;
    }
    // SAFETY: queued, and the lock is held.
    let old = unsafe { waiter.set_waker(waker) };
    drop(locked);
    drop(old);
    true
}

/// Takes a node out of its queue if it is in it, and then tells the lock's value so.
pub(super) fn withdraw<Q: Waits>(
    shared: &Mutex<Q>,
    waiter: &Waiter<Incoming<()>>,
    after: impl FnOnce(&mut Q),
) {
    if waiter.state() != State::Queued {
        return;
    }
    let mut locked = shared.lock();
    if waiter.state() != State::Queued {
        return;
    }
    // SAFETY: queued, in this queue.
    let who = unsafe { locked.waiting().remove(waiter) };
    waiter.set_state(State::Finished);
    after(&mut locked);
    drop(locked);
    drop(who);
}
