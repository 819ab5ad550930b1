//! What operations allocate: nothing, but for what their documentation says.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::task::Poll;

use crate::support::poll;
use chango_chan::{Receiver, bounded, recv_any};

/// The system's allocator, counting for each thread.
struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: everything is the system allocator's; a counter without a destructor is no hindrance.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: what the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: what the caller promises.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often this thread allocates in `f`.
fn allocations<R>(f: impl FnOnce() -> R) -> (usize, R) {
    let before = COUNT.with(Cell::get);
    let result = f();
    (COUNT.with(Cell::get) - before, result)
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
    // Debug builds keep a list of the locks that a thread holds, which its first lock makes.
    assert!(rx.is_empty());
    let mut values = Vec::with_capacity(10);
    let mut batch = Box::pin(rx.recv_many(&mut values, 10));
    let (allocated, polled) = allocations(|| poll(&mut batch));
    assert_eq!((allocated, polled), (0, Poll::Pending));
    tx.try_send(1).unwrap();
    let (allocated, polled) = allocations(|| poll(&mut batch));
    assert_eq!((allocated, polled), (0, Poll::Ready(1)));
}
