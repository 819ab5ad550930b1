//! The run queue that all workers share. (Go: the global runq.)
//!
//! It takes what is woken from outside, what timers and files make ready in numbers, and what did not fit into a
//! local queue; an
//! intrusive list under one lock, with its length beside it so that looking costs one load. What
//! must hold: a goroutine in the list is runnable and stands in no other queue; once closed the
//! list is empty for good, and what comes then is forgotten (shutdown drops it by the registry).

use std::ptr::NonNull;

use crate::primitive::atomic::{AtomicUsize, Ordering};
use crate::primitive::{Mutex, Rank};
use crate::task::{Header, Runnable};

#[derive(Debug)]
pub(crate) struct GlobalQueue {
    list: Mutex<List>,
    /// The length; written under the lock, read without.
    len: AtomicUsize,
}

#[derive(Debug)]
struct List {
    first: Option<NonNull<Header>>,
    last: Option<NonNull<Header>>,
    closed: bool,
}

// SAFETY: the list owns runnable goroutines, which may be moved between threads.
unsafe impl Send for List {}

impl GlobalQueue {
    pub(crate) fn new() -> Self {
        let list = List {
            first: None,
            last: None,
            closed: false,
        };
        Self {
            list: Mutex::new(Rank::GlobalQueue, list),
            len: AtomicUsize::new(0),
        }
    }

    /// How many wait here; a hint without the lock.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        // Acquire: no earlier than what the fence of a worker about to sleep ordered.
        self.len.load(Ordering::Acquire)
    }

    /// Puts goroutines at the end, in their order.
    pub(crate) fn push(&self, tasks: impl IntoIterator<Item = Runnable>) {
        let mut list = self.list.lock();
        if list.closed {
            return;
        }
        let mut len = self.len.load(Ordering::Relaxed);
        for task in tasks {
            list.append(task.into_raw());
            len += 1;
        }
        // Release: pairs with the acquire of `len`.
        self.len.store(len, Ordering::Release);
    }

    /// Takes up to `limit` from the front: the first to run, the others through `rest`.
    pub(crate) fn pop(&self, limit: usize, mut rest: impl FnMut(Runnable)) -> Option<Runnable> {
        if self.len() == 0 {
            return None;
        }
        let mut list = self.list.lock();
        let first = list.take_first()?;
        let mut taken = 1;
        while taken < limit
            && let Some(task) = list.take_first()
        {
            rest(task);
            taken += 1;
        }
        self.len
            .store(self.len.load(Ordering::Relaxed) - taken, Ordering::Release);
        Some(first)
    }

    /// Forgets what is in it and all that comes later.
    pub(crate) fn close(&self) {
        let mut list = self.list.lock();
        *list = List {
            first: None,
            last: None,
            closed: true,
        };
        self.len.store(0, Ordering::Release);
    }
}

impl List {
    fn append(&mut self, header: NonNull<Header>) {
        // SAFETY: both goroutines are runnable, hence live, and `queue_next` belongs to the queue
        // that they stand in, which is this one.
        unsafe {
            header.as_ref().queue_next.with_mut(|next| *next = None);
            match self.last.replace(header) {
                Some(last) => last
                    .as_ref()
                    .queue_next
                    .with_mut(|next| *next = Some(header)),
                None => self.first = Some(header),
            }
        }
    }

    fn take_first(&mut self) -> Option<Runnable> {
        let header = self.first?;
        // SAFETY: as in `append`; it leaves the list here, so this is its only `Runnable`.
        unsafe {
            self.first = header.as_ref().queue_next.with_mut(|next| (*next).take());
            if self.first.is_none() {
                self.last = None;
            }
            Some(Runnable::from_raw(header))
        }
    }
}
