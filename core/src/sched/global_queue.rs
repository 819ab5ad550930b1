//! The run queue that all workers share. (Go: the global runq.)
//!
//! It takes what is woken from outside, what timers and files make ready in numbers, and what did not fit into a
//! local queue; a queue of pointers under one lock, with its length beside it so that looking costs one load.
//! (Go's is a list through the goroutines. Of many that wait here most are in nobody's cache, and all who wait
//! for the lock would wait for each of them to be fetched.) What must hold:
//!
//! * a goroutine in it is runnable and stands in no other queue;
//! * once closed it is empty for good, and what comes then is forgotten (shutdown drops it by the registry).

use std::collections::VecDeque;
use std::ptr::{self, NonNull};

use crate::primitive::atomic::{AtomicUsize, Ordering};
use crate::primitive::{MODELLED, Mutex, Rank};
use crate::task::{Header, Runnable};

#[derive(Debug)]
pub(crate) struct GlobalQueue {
    list: Mutex<List>,
    /// The length; written under the lock, read without.
    len: AtomicUsize,
}

/// How many pointers are allocated at a time, so that no growth of the whole ever copies them.
const CHUNK: usize = if MODELLED { 2 } else { 256 };

type Chunk = [*mut Header; CHUNK];

#[derive(Debug)]
struct List {
    /// The pointers stand from `head` in the first chunk to before `tail` in the last.
    chunks: VecDeque<Box<Chunk>>,
    head: usize,
    tail: usize,
    /// One that was emptied, for the next need.
    spare: Option<Box<Chunk>>,
    closed: bool,
}

// SAFETY: the list owns runnable goroutines, which may be moved between threads.
unsafe impl Send for List {}

impl GlobalQueue {
    pub(crate) fn new() -> Self {
        Self {
            list: Mutex::new(Rank::GlobalQueue, List::new(false)),
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
        let forgotten = std::mem::replace(&mut *list, List::new(true));
        self.len.store(0, Ordering::Release);
        drop(list);
        drop(forgotten);
    }
}

impl List {
    fn new(closed: bool) -> Self {
        Self {
            chunks: VecDeque::new(),
            head: 0,
            tail: CHUNK,
            spare: None,
            closed,
        }
    }

    fn append(&mut self, header: NonNull<Header>) {
        if self.tail == CHUNK {
            let spare = self.spare.take();
            let chunk = spare.unwrap_or_else(|| Box::new([ptr::null_mut(); CHUNK]));
            self.chunks.push_back(chunk);
            self.tail = 0;
        }
        if let Some(last) = self.chunks.back_mut() {
            last[self.tail] = header.as_ptr();
            self.tail += 1;
        }
    }

    fn take_first(&mut self) -> Option<Runnable> {
        if self.chunks.len() == 1 && self.head == self.tail {
            return None;
        }
        let header = NonNull::new(self.chunks.front()?[self.head])?;
        self.head += 1;
        if self.head == CHUNK {
            // If it was the last one, the tail is at its end as well, as it is without any.
            self.spare = self.chunks.pop_front();
            self.head = 0;
        }
        // SAFETY: what was put in is runnable; it leaves the queue here, so this is its only `Runnable`.
        Some(unsafe { Runnable::from_raw(header) })
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn what_goes_in_comes_out_in_order_however_many_there_are() {
        let mut random = Random::new(7);
        let (mut list, mut model) = (List::new(false), VecDeque::new());
        let mut most = 0;
        for turn in 0..40 {
            // By turns it grows over many chunks, and is emptied.
            let puts = if turn % 2 == 0 { 70 } else { 30 };
            for _ in 0..3_000 {
                if random.below(100) < puts {
                    let header = NonNull::<Header>::dangling()
                        .map_addr(|address| address.saturating_add(16 * random.below(1 << 20)));
                    list.append(header);
                    model.push_back(header);
                } else {
                    assert_eq!(list.take_first().map(Runnable::into_raw), model.pop_front());
                }
            }
            most = most.max(list.chunks.len());
            if turn % 2 == 1 {
                while let Some(header) = model.pop_front() {
                    assert_eq!(list.take_first().map(Runnable::into_raw), Some(header));
                }
                assert!(list.take_first().is_none() && list.chunks.len() <= 1);
            }
        }
        assert!(most > 4, "{most} chunks");
    }
}
