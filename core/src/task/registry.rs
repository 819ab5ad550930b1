//! All live goroutines, in a sharded intrusive list: for the count, for dumps and for shutdown.
//!
//! What must hold: a goroutine stands in the list from before its first poll until its worker
//! finishes it; the list owns the one reference that a goroutine has for not being dead; a closed
//! registry takes nobody in. The shard follows from the goroutine's number, so none is stored, and
//! since workers draw numbers in batches, two workers seldom meet on a shard.

use std::ptr::NonNull;

use super::TaskId;
use super::raw::Header;
use super::state::Phase;
use crate::primitive::atomic::{AtomicU64, Ordering};
use crate::primitive::{MODELLED, Mutex, Rank};

/// Shards: enough that workers seldom meet, few enough that counting is cheap.
const SHARDS: usize = if MODELLED { 1 } else { 64 };

/// How many numbers a worker draws at once; all of a batch fall into one shard.
pub(crate) const ID_BATCH: u64 = 16;

/// The live goroutines of one runtime.
#[derive(Debug)]
pub(crate) struct Registry {
    shards: Box<[Shard]>,
}

#[derive(Debug)]
struct Shard {
    list: Mutex<List>,
    /// How many have come into the list, and how many have left it; written under its lock, read
    /// without.
    entered: AtomicU64,
    left: AtomicU64,
}

#[derive(Debug)]
struct List {
    first: Option<NonNull<Header>>,
    closed: bool,
}

// SAFETY: the list only keeps pointers to headers, which may be used from any thread; it follows
// them under the shard's lock.
unsafe impl Send for List {}

impl Registry {
    pub(crate) fn new() -> Self {
        let shard = || Shard {
            list: Mutex::new(
                Rank::Registry,
                List {
                    first: None,
                    closed: false,
                },
            ),
            entered: AtomicU64::new(0),
            left: AtomicU64::new(0),
        };
        Self {
            shards: (0..SHARDS).map(|_| shard()).collect(),
        }
    }

    fn shard(&self, id: TaskId) -> &Shard {
        &self.shards[(id.0 / ID_BATCH) as usize % SHARDS]
    }

    /// Takes a new goroutine in; false if the runtime is shutting down.
    ///
    /// # Safety
    ///
    /// `header` is live, in no registry, and its own reference passes to the list.
    pub(super) unsafe fn insert(&self, header: NonNull<Header>) -> bool {
        // SAFETY: the caller's promise.
        let shard = self.shard(unsafe { header.as_ref() }.meta.id);
        let mut list = shard.list.lock();
        if list.closed {
            return false;
        }
        let next = list.first.replace(header);
        // SAFETY: all in the list are live, and their links belong to this lock.
        unsafe {
            header.as_ref().links.with_mut(|links| (*links).next = next);
            if let Some(next) = next {
                next.as_ref()
                    .links
                    .with_mut(|links| (*links).previous = Some(header));
            }
        }
        shard
            .entered
            .store(shard.entered.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        true
    }

    /// Lets a goroutine go that has ended; its own reference passes to the caller.
    ///
    /// # Safety
    ///
    /// `header` is live and in this registry.
    pub(super) unsafe fn remove(&self, header: NonNull<Header>) {
        // SAFETY: the caller's promise.
        let shard = self.shard(unsafe { header.as_ref() }.meta.id);
        let mut list = shard.list.lock();
        // SAFETY: all in the list are live, and their links belong to this lock.
        unsafe {
            let (previous, next) = header
                .as_ref()
                .links
                .with_mut(|links| ((*links).previous.take(), (*links).next.take()));
            match previous {
                Some(previous) => previous
                    .as_ref()
                    .links
                    .with_mut(|links| (*links).next = next),
                None => list.first = next,
            }
            if let Some(next) = next {
                next.as_ref()
                    .links
                    .with_mut(|links| (*links).previous = previous);
            }
        }
        shard
            .left
            .store(shard.left.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// How many goroutines are alive: exact when nobody spawns or ends meanwhile.
    pub(crate) fn len(&self) -> usize {
        let (entered, left) = self.totals();
        (entered - left) as usize
    }

    /// How many goroutines there have ever been, and how many of them have ended.
    pub(crate) fn totals(&self) -> (u64, u64) {
        let mut totals = (0, 0);
        for shard in &self.shards {
            // In this order, so that none has left before it came. Acquire keeps it.
            let left = shard.left.load(Ordering::Acquire);
            totals.0 += shard.entered.load(Ordering::Relaxed).max(left);
            totals.1 += left;
        }
        totals
    }

    /// Hands the number and the phase of each that is alive to `f`, which runs under a shard's lock.
    pub(crate) fn each(&self, mut f: impl FnMut(TaskId, Phase)) {
        for shard in &self.shards {
            let list = shard.list.lock();
            let mut next = list.first;
            while let Some(header) = next {
                // SAFETY: all in the list are live, and their links belong to this lock.
                let header = unsafe { header.as_ref() };
                f(header.meta.id, header.state.phase());
                // SAFETY: as above.
                next = header.links.with(|links| unsafe { (*links).next });
            }
        }
    }

    /// Hands each goroutine to `f`, shard by shard, each under its lock.
    pub(crate) fn for_each(&self, mut f: impl FnMut(&Header)) {
        for shard in &self.shards {
            let list = shard.list.lock();
            let mut at = list.first;
            while let Some(header) = at {
                // SAFETY: all in the list are live, and their links belong to this lock.
                unsafe {
                    f(header.as_ref());
                    at = header.as_ref().links.with(|links| (*links).next);
                }
            }
        }
    }

    /// Takes nobody in any more.
    pub(crate) fn close(&self) {
        self.shards
            .iter()
            .for_each(|shard| shard.list.lock().closed = true);
    }

    /// The goroutine of this number, if it is still there; it stays in the list.
    pub(super) fn find(&self, id: TaskId) -> Option<NonNull<Header>> {
        let list = self.shard(id).list.lock();
        let mut next = list.first;
        while let Some(header) = next {
            // SAFETY: all in the list are live, and their links belong to this lock.
            unsafe {
                if header.as_ref().meta.id == id {
                    return next;
                }
                next = header.as_ref().links.with(|links| (*links).next);
            }
        }
        None
    }

    /// Any goroutine that is still there; it stays in the list.
    pub(super) fn any(&self) -> Option<NonNull<Header>> {
        self.shards.iter().find_map(|shard| shard.list.lock().first)
    }
}
