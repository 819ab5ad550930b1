//! How goroutines keep the scheduler that their wakers and handles lead to.
//!
//! A goroutine's allocation may outlive its runtime, and a wake-up from another thread may be on its way to
//! the scheduler when that ends. So each goroutine keeps the scheduler's state. A clone of an `Arc` for each
//! would be two read-modify-writes a goroutine, on one line that all workers share; here workers have a stock
//! of references, out of which those goroutines take theirs that they spawn, and into which those put theirs
//! that they free. What must hold:
//!
//! * the count is that of all goroutines that are allocated, and of all that is in stock;
//! * as long as it is not zero it owns one reference of the `Arc`, as the strong references of an `Arc` own one
//!   weak one. Whoever raises it has an `Arc` or a reference of the count's, so it does not go meanwhile.

use std::cell::Cell;
use std::mem::{self, ManuallyDrop};
use std::ptr::{self, NonNull};

use super::worker::Worker;
use super::{Shared, current};
use crate::primitive::atomic::{AtomicUsize, Ordering};
use crate::primitive::sync::Arc;

/// So many references a worker takes at once, and gives back when it has twice as many.
const BATCH: usize = 64;

/// The count.
#[derive(Debug)]
pub(super) struct Keeps(AtomicUsize);

impl Keeps {
    pub(super) fn new() -> Self {
        Self(AtomicUsize::new(0))
    }
}

/// `count` references more.
#[cold]
fn keep(shared: &Arc<Shared>, count: usize) {
    // Relaxed: the caller has one already.
    if shared.keeps.0.fetch_add(count, Ordering::Relaxed) == 0 {
        // Nobody takes this one away before `count` of them were given up.
        mem::forget(Arc::clone(shared));
    }
}

/// `count` references less.
///
/// # Safety
///
/// They are the caller's.
#[cold]
unsafe fn release(shared: NonNull<Shared>, count: usize) {
    // SAFETY: while the caller's references are counted, what they lead to is there.
    let keeps = unsafe { &shared.as_ref().keeps.0 };
    // Release and acquire: whoever frees it does so after all others have used it.
    if keeps.fetch_sub(count, Ordering::AcqRel) == count {
        // SAFETY: the pointer came out of an `Arc`, and the reference that the count had is forgotten
        // elsewhere.
        drop(unsafe { Arc::from_raw(shared.as_ptr()) });
    }
}

/// What a worker has in stock.
#[derive(Debug)]
pub(super) struct Stock(Cell<usize>);

impl Stock {
    pub(super) fn new() -> Self {
        Self(Cell::new(0))
    }

    #[inline]
    fn take(&self, shared: &Arc<Shared>) {
        let left = self.0.get().checked_sub(1).unwrap_or_else(|| {
            keep(shared, BATCH);
            BATCH - 1
        });
        self.0.set(left);
    }

    #[inline]
    fn put(&self, shared: &Arc<Shared>) {
        self.0.set(self.0.get() + 1);
        if self.0.get() == 2 * BATCH {
            self.give_back(shared, BATCH);
        }
    }

    /// The worker ends.
    pub(super) fn clear(&self, shared: &Arc<Shared>) {
        let all = self.0.get();
        if all > 0 {
            self.give_back(shared, all);
        }
    }

    fn give_back(&self, shared: &Arc<Shared>, count: usize) {
        self.0.set(self.0.get() - count);
        // SAFETY: what is in stock was taken by `keep`, and is given up once.
        unsafe { release(pointer_to(shared), count) };
    }
}

fn pointer_to(shared: &Arc<Shared>) -> NonNull<Shared> {
    // Not by a reference: what is made of it may free the whole of the `Arc`.
    NonNull::new(Arc::as_ptr(shared).cast_mut()).expect("an `Arc` has an address")
}

/// A goroutine's reference to its scheduler.
#[derive(Debug)]
pub(super) struct Kept(NonNull<Shared>);

// SAFETY: as an `Arc<Shared>` may be; the count is atomic, and a stock is used by its worker's thread only.
unsafe impl Send for Kept {}
// SAFETY: as above.
unsafe impl Sync for Kept {}

impl Kept {
    /// For a goroutine that is spawned here; `worker` is this thread's, if it is one of this scheduler's.
    #[inline]
    pub(super) fn new(shared: &Arc<Shared>, worker: Option<&Worker>) -> Self {
        match worker {
            Some(worker) => worker.stock().take(shared),
            None => keep(shared, 1),
        }
        Self(pointer_to(shared))
    }

    #[inline]
    pub(super) fn as_ptr(&self) -> *const Shared {
        self.0.as_ptr()
    }

    /// What it keeps. It must not be dropped as an `Arc`, for which it does not count.
    #[inline]
    pub(super) fn shared(&self) -> ManuallyDrop<Arc<Shared>> {
        // SAFETY: the pointer came out of an `Arc`, of which the count has a reference, and that one is not
        // given up here.
        ManuallyDrop::new(unsafe { Arc::from_raw(self.as_ptr()) })
    }
}

impl Drop for Kept {
    #[inline]
    fn drop(&mut self) {
        current::with_worker(|worker| {
            let of_this = |worker: &&Worker| ptr::eq(Arc::as_ptr(worker.shared()), self.as_ptr());
            match worker.filter(of_this) {
                Some(worker) => worker.stock().put(worker.shared()),
                // SAFETY: it is this goroutine's, which gives it up once.
                None => unsafe { release(self.0, 1) },
            }
        });
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::future::{pending, poll_fn};
    use std::sync::{Arc, Weak, mpsc};
    use std::task::Poll;

    use super::BATCH;
    use crate::runtime::{Builder, Runtime};
    use crate::sched::{Shared, current};
    use crate::spawn::spawn;
    use crate::task::JoinHandle;

    /// A runtime, and a look at whether its state is still there.
    fn runtime() -> (Runtime, Weak<Shared>) {
        let runtime = Builder::new().workers(2).build().unwrap();
        let handle = runtime.handle();
        let _inside = handle.enter();
        let shared = current::with_shared(|shared| shared.map(Arc::downgrade));
        (runtime, shared.expect("it was entered"))
    }

    #[test]
    fn when_all_is_over_nothing_is_left_wherever_goroutines_were_spawned_and_freed() {
        let (runtime, shared) = runtime();
        let (inside, outside): (Vec<JoinHandle<()>>, Vec<_>) = runtime.run(async {
            let batch = || (0..5 * BATCH).map(|_| spawn(async {})).collect::<Vec<_>>();
            for _ in 0..3 {
                for handle in batch() {
                    handle.await.unwrap();
                }
            }
            (
                batch(),
                (0..3 * BATCH).map(|_| spawn(pending::<()>())).collect(),
            )
        });
        let spawned_here: Vec<_> = (0..BATCH).map(|_| runtime.spawn(async {})).collect();
        drop(inside);
        drop(runtime);
        assert!(shared.strong_count() > 0, "handles are left");
        drop(spawned_here);
        drop(outside);
        assert_eq!(shared.strong_count(), 0);
    }

    #[test]
    fn a_waker_that_is_left_keeps_the_state_and_may_still_be_used() {
        let (runtime, shared) = runtime();
        let (tell, told) = mpsc::channel();
        runtime
            .spawn(poll_fn(move |cx| {
                tell.send(cx.waker().clone()).unwrap();
                Poll::<()>::Pending
            }))
            .detach();
        let waker = told.recv().unwrap();
        drop(runtime);
        assert_eq!(shared.strong_count(), 1);
        waker.wake_by_ref();
        waker.wake();
        assert_eq!(shared.strong_count(), 0);
    }
}
