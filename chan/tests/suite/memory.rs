//! What operations allocate: nothing, but for what their documentation says. And whether what one of them has
//! allocated is there still.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::{Future, pending};
use std::hint;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use chango_chan::ops::{self, Started};
use chango_chan::sync::{Barrier, Cond, Mutex, RwLock, Semaphore, WaitGroup};
use chango_chan::{Receiver, bounded, never, recv_any, select, unbounded};
use chango_core::runtime::Builder;
use chango_core::spawn::spawn;

use crate::support::{arms, poll};

/// The system's allocator, counting for each thread.
struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
    static BYTES: Cell<usize> = const { Cell::new(0) };
    /// Where this thread has allocated last.
    static LAST: Cell<usize> = const { Cell::new(0) };
}

/// Where somebody wants to know of the end of. Zero: there is place for one.
static WATCHED: [AtomicUsize; 8] = [const { AtomicUsize::new(0) }; 8];

// SAFETY: everything is the system allocator's; counters without a destructor are no hindrance.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        BYTES.with(|bytes| bytes.set(bytes.get().wrapping_add(layout.size())));
        // SAFETY: what the caller promises.
        let at = unsafe { System.alloc(layout) };
        LAST.with(|last| last.set(at.addr()));
        at
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        BYTES.with(|bytes| bytes.set(bytes.get().wrapping_sub(layout.size())));
        for place in &WATCHED {
            // A look first: hardly anybody is watched, and to write to what all threads read is dear.
            if place.load(Ordering::Relaxed) == at.addr() {
                // SeqCst: what was freed before a test looks has been seen to be.
                place.store(FREED, Ordering::SeqCst);
            }
        }
        // SAFETY: what the caller promises.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// One allocation, watched until it is freed.
pub(crate) struct Watch(&'static AtomicUsize);

/// No address of an allocation, and no free place.
const FREED: usize = 1;

impl Watch {
    /// Watches what `make` allocates last.
    pub(crate) fn new<R>(make: impl FnOnce() -> R) -> (Self, R) {
        let made = make();
        let at = LAST.with(Cell::get);
        let place = WATCHED.iter().find(|place| {
            let free = place.compare_exchange(0, at, Ordering::SeqCst, Ordering::SeqCst);
            free.is_ok()
        });
        (Self(place.expect("few are watched at once")), made)
    }

    pub(crate) fn is_freed(&self) -> bool {
        self.0.load(Ordering::SeqCst) == FREED
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.store(0, Ordering::SeqCst);
    }
}

/// Polls once, without a box around it.
fn poll_pinned<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// How often this thread allocates in `f`.
fn allocations<R>(f: impl FnOnce() -> R) -> (usize, R) {
    let before = COUNT.with(Cell::get);
    let result = f();
    (COUNT.with(Cell::get) - before, result)
}

/// How many bytes more this thread has allocated and not freed after `f`, whose result lives on.
fn bytes<R>(f: impl FnOnce() -> R) -> (usize, R) {
    let before = BYTES.with(Cell::get);
    let result = f();
    (BYTES.with(Cell::get).wrapping_sub(before), result)
}

/// Debug builds keep a list of the locks that a thread holds, which its first lock makes.
fn first_lock() {
    assert!(bounded::<()>(0).1.is_empty());
}

#[test]
fn a_receive_from_any_allocates_once_and_only_if_it_has_to_wait() {
    // More than 32 need a second one, for their order.
    for (count, once) in [(1, 1), (32, 1), (33, 2), (500, 2)] {
        let (senders, receivers): (Vec<_>, Vec<Receiver<usize>>) =
            (0..count).map(|_| bounded(1)).unzip();
        // The buffer comes with the first value.
        senders[count - 1].try_send(0).unwrap();
        let mut ready = Box::pin(recv_any(&receivers));
        let (allocated, polled) = allocations(|| poll(&mut ready));
        assert_eq!((allocated, polled), (0, Poll::Ready((count - 1, Some(0)))));

        let mut waits = Box::pin(recv_any(&receivers));
        let (allocated, polled) = allocations(|| poll(&mut waits));
        assert_eq!((allocated, polled), (once, Poll::Pending));
        let (allocated, polled) = allocations(|| poll(&mut waits));
        assert_eq!((allocated, polled), (0, Poll::Pending));
        senders[count - 1].try_send(1).unwrap();
        let (allocated, polled) = allocations(|| poll(&mut waits));
        assert_eq!((allocated, polled), (0, Poll::Ready((count - 1, Some(1)))));
    }
}

#[test]
fn a_send_and_a_receive_that_wait_allocate_nothing() {
    let (tx, rx) = bounded(0);
    assert!(rx.is_empty());
    let mut receive = Box::pin(rx.recv());
    let (allocated, polled) = allocations(|| poll(&mut receive));
    assert_eq!((allocated, polled), (0, Poll::Pending));
    let (allocated, sent) = allocations(|| tx.try_send(1));
    assert_eq!((allocated, sent), (0, Ok(())));
    assert_eq!(poll(&mut receive), Poll::Ready(Some(1)));
    let mut send = Box::pin(tx.send(2));
    let (allocated, polled) = allocations(|| poll(&mut send));
    assert_eq!((allocated, polled), (0, Poll::Pending));
    let (allocated, received) = allocations(|| rx.try_recv());
    assert_eq!((allocated, received), (0, Ok(2)));
}

#[test]
fn a_batch_allocates_only_what_its_values_need() {
    let (tx, rx) = bounded(0);
    first_lock();
    let mut values = Vec::with_capacity(10);
    let mut batch = Box::pin(rx.recv_many(&mut values, 10));
    let (allocated, polled) = allocations(|| poll(&mut batch));
    assert_eq!((allocated, polled), (0, Poll::Pending));
    tx.try_send(1).unwrap();
    let (allocated, polled) = allocations(|| poll(&mut batch));
    assert_eq!((allocated, polled), (0, Poll::Ready(1)));
}

/// What the table in the crate's documentation says; in debug builds a lock knows its rank as well.
const CHANNEL: usize = if cfg!(debug_assertions) { 208 } else { 200 };
const BLOCK: usize = 264;

#[test]
fn an_idle_channel_is_one_allocation_whatever_its_capacity_and_its_values() {
    fn idle<T>() {
        for capacity in [0, 1, 1_000_000, usize::MAX] {
            let (counted, ends) = allocations(|| bounded::<T>(capacity));
            assert_eq!(counted, 1);
            drop(ends);
            let (size, ends) = bytes(|| bounded::<T>(capacity));
            assert_eq!(size, CHANNEL);
            // Nothing comes to it until a value is stored.
            let (size, ends) = bytes(|| {
                let (tx, rx) = &ends;
                assert!(rx.try_recv().is_err() && rx.is_empty() && tx.capacity() != Some(7));
                let more = (tx.clone(), rx.clone(), tx.downgrade(), rx.downgrade());
                drop(more);
                ends
            });
            assert_eq!(size, 0);
            let (given_back, ()) = bytes(|| drop(ends));
            assert_eq!(given_back.wrapping_add(CHANNEL), 0);
        }
    }
    first_lock();
    idle::<u64>();
    idle::<()>();
    idle::<[u8; 1024]>();
    let (size, _never) = bytes(never::<u64>);
    assert_eq!(size, CHANNEL);
}

#[test]
fn a_rendezvous_stores_nothing_and_so_allocates_nothing() {
    first_lock();
    let (tx, rx) = bounded(0);
    let (counted, ()) = allocations(|| {
        for value in 0..100_u64 {
            assert!(tx.try_send(value).is_err());
            let mut receive = pin!(rx.recv());
            assert!(poll_pinned(receive.as_mut()).is_pending());
            assert_eq!(tx.try_send(value), Ok(()));
            assert_eq!(poll_pinned(receive), Poll::Ready(Some(value)));
            let mut send = pin!(tx.send(value));
            assert!(poll_pinned(send.as_mut()).is_pending());
            assert_eq!(rx.try_recv(), Ok(value));
        }
    });
    assert_eq!(counted, 0);
}

#[test]
fn a_bounded_channel_takes_memory_for_what_is_stored_up_to_its_capacity() {
    first_lock();
    for (capacity, first) in [(1, 1), (10, 10), (64, 64), (1_000_000, 64)] {
        let (tx, rx) = bounded::<u64>(capacity);
        let (size, sent) = bytes(|| tx.try_send(0));
        assert_eq!((size, sent), (first * size_of::<u64>(), Ok(())));
        assert_eq!(rx.try_recv(), Ok(0));
    }
    let (tx, rx) = bounded(1_000);
    let (size, ()) = bytes(|| (0..1_000_u64).for_each(|value| tx.try_send(value).unwrap()));
    assert_eq!(size, 1_000 * size_of::<u64>());
    // It is kept, so that a channel in use does not allocate.
    let (counted, ()) = allocations(|| {
        for _ in 0..3 {
            (0..1_000).for_each(|_| assert!(rx.try_recv().is_ok()));
            (0..1_000).for_each(|value| tx.try_send(value).unwrap());
        }
    });
    assert_eq!(counted, 0);
}

#[test]
fn an_unbounded_channel_gives_its_blocks_back_after_a_burst() {
    first_lock();
    let (tx, rx) = unbounded();
    let (size, _) = bytes(|| tx.try_send(0_u64));
    assert_eq!(size, BLOCK);
    assert_eq!(rx.try_recv(), Ok(0));
    let before = BYTES.with(Cell::get);
    for burst in [1, 32, 33, 1_000, 100_000] {
        (0..burst).for_each(|value| tx.try_send(value).unwrap());
        let live = BYTES.with(Cell::get).wrapping_sub(before);
        // The one that was there, a spare one, and those that the burst fills.
        assert!(live <= (burst as usize / 32 + 1) * BLOCK, "{burst}: {live}");
        (0..burst).for_each(|value| assert_eq!(rx.try_recv(), Ok(value)));
        let live = BYTES.with(Cell::get).wrapping_sub(before);
        // Besides the block that was there before, one at most.
        assert!(live <= BLOCK, "{burst}: {live}");
    }
    // Up to the size of what is kept, bursts allocate nothing.
    let (counted, ()) = allocations(|| {
        for _ in 0..10 {
            (0..64).for_each(|value| tx.try_send(value).unwrap());
            (0..64).for_each(|value| assert_eq!(rx.try_recv(), Ok(value)));
        }
    });
    assert_eq!(counted, 0);
    // What came back has a store of its own, which is kept as well; that of the burst goes at once
    // with the last receiver.
    (0..100_000).for_each(|value| tx.try_send(value).unwrap());
    drop(rx);
    let live = BYTES.with(Cell::get).wrapping_sub(before);
    assert!(live.wrapping_add(BLOCK) == 0, "{live}");
}

#[test]
fn waiting_takes_the_bytes_that_the_documentation_says() {
    let (tx, rx) = bounded::<u64>(0);
    let receives = select::wait(arms![select::recv(&rx), select::recv(&rx)]);
    let both = select::wait(arms![select::recv(&rx), select::send(&tx, 1)]);
    first_lock();
    let Started::Waiting(waiting) = ops::send_to(&tx).start(1) else {
        panic!("nobody receives");
    };
    let sizes = [
        ("recv", size_of_val(&rx.recv())),
        ("send", size_of_val(&tx.send(1))),
        ("<-rx", size_of_val(&ops::receive(&rx).wait())),
        ("tx <- v;", size_of_val(&waiting.statement())),
        ("select, two receives", size_of_val(&receives)),
        ("select, a receive and a send", size_of_val(&both)),
    ];
    println!("{sizes:?}");
    let mut both = pin!(both);
    let (counted, polled) = allocations(|| poll_pinned(both.as_mut()).is_pending());
    assert!(polled && counted == 0);
    assert_eq!(sizes.map(|(_, size)| size), [56, 72, 48, 80, 168, 192]);
}

/// All told: its allocation has the header, the future, and in the future the node that waits.
const PARKED: usize = 168;

#[test]
fn a_goroutine_that_waits_on_a_channel_is_one_allocation_of_168_bytes() {
    let runtime = Builder::new().workers(1).build().expect("a runtime");
    let (tx, rx) = bounded::<u64>(0);
    first_lock();
    let spawn = |rx: Receiver<u64>| {
        // What `go! { <-rx }` is.
        runtime.spawn(async move {
            match ops::receive(&rx).now() {
                Poll::Ready(value) => value,
                Poll::Pending => ops::receive(&rx).wait().await,
            }
        })
    };
    let first = spawn(rx.clone());
    let (counted, second) = allocations(|| spawn(rx.clone()));
    assert_eq!(counted, 1);
    let (size, third) = bytes(|| spawn(rx.clone()));
    println!("a parked goroutine: {size} bytes");
    assert!(size <= PARKED, "{size} bytes");
    // Nothing comes to it when it is polled: who waits allocates nothing.
    for (value, handle) in [first, second, third].into_iter().enumerate() {
        tx.send_blocking(value as u64).expect("somebody receives");
        runtime.block_on(handle).expect("it ends");
    }
}

#[test]
fn a_goroutine_of_a_group_takes_a_pointer_more_than_another() {
    let large = || {
        let bytes = [1_u8; 1_000];
        async move {
            pending::<()>().await;
            hint::black_box(&bytes);
        }
    };
    let runtime = Builder::new().workers(1).build().expect("a runtime");
    runtime.run(async move {
        let group = WaitGroup::new();
        // What lists the goroutines grows with the first of them.
        let first = (spawn(large()), group.go(large()));
        let (alone, spawned) = bytes(|| spawn(large()));
        let (of_group, member) = bytes(|| group.go(large()));
        assert!(alone > 1_000);
        assert_eq!(of_group, alone + size_of::<usize>());
        drop((first, spawned, member));
    });
}

#[test]
fn locks_allocate_nothing_and_nor_does_who_waits_for_them() {
    let (mutex, lock, semaphore) = (Mutex::new(0), RwLock::new(0), Semaphore::new(2));
    let (cond, barrier) = (Cond::new(), Barrier::new(2));
    // The check of the order of locks has a list for each thread.
    cond.notify_one();
    let (allocated, ()) = allocations(|| {
        let Poll::Ready(guard) = poll_pinned(pin!(mutex.lock())) else {
            panic!("it is open");
        };
        let reader = lock.try_read();
        let permit = semaphore.try_acquire(2);
        let mut waits = (
            pin!(mutex.lock()),
            pin!(lock.write()),
            pin!(semaphore.acquire(1)),
            pin!(cond.wait(guard)),
            pin!(barrier.wait()),
        );
        assert!(poll_pinned(waits.0.as_mut()).is_pending());
        assert!(poll_pinned(waits.1.as_mut()).is_pending());
        assert!(poll_pinned(waits.2.as_mut()).is_pending());
        assert!(poll_pinned(waits.3.as_mut()).is_pending());
        assert!(poll_pinned(waits.4.as_mut()).is_pending());
        drop((reader, permit));
        cond.notify_one();
        assert!(poll_pinned(waits.0).is_ready());
        assert!(poll_pinned(waits.1).is_ready());
        assert!(poll_pinned(waits.2).is_ready());
        assert!(poll_pinned(waits.3).is_ready());
    });
    assert_eq!(allocated, 0);
}
