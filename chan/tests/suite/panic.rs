//! User code that misbehaves: destructors that panic, and wakers and destructors that come back into
//! the channel.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Wake, Waker};

use chango_chan::select;
use chango_chan::sync::{WaitGroup, WaitGroupWait};
use chango_chan::{Receiver, Sender, bounded, unbounded};

use crate::support::{Bell, Counted, arms, poll, poll_with};

fn panics<R>(f: impl FnOnce() -> R) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}

/// A value whose destructor uses the channel that it is in.
struct Reentrant {
    ends: Arc<Mutex<Option<Ends>>>,
}

type Ends = (Sender<Reentrant>, Receiver<Reentrant>);

impl Drop for Reentrant {
    fn drop(&mut self) {
        if let Some((tx, rx)) = &*self.ends.lock().unwrap() {
            // Each of these takes the lock of the channel.
            assert!(tx.len() < 100);
            let _ = (rx.is_closed(), rx.sender_count());
            std::mem::forget(rx.try_recv().ok());
        }
    }
}

#[test]
fn a_destructor_may_use_the_channel_its_value_is_in() {
    let (tx, rx) = bounded(4);
    let ends = Arc::new(Mutex::new(None));
    let value = || Reentrant {
        ends: Arc::clone(&ends),
    };
    let weak = Arc::downgrade(&ends);
    *ends.lock().unwrap() = Some((tx.clone(), rx.clone()));

    let mut send = Box::pin(tx.send(value()));
    assert!(poll(&mut send).is_ready());
    drop(rx.try_recv().ok());
    drop(tx.send(value()));
    tx.close();
    drop(tx.try_send(value()));
    drop(send);
    // A cycle through the channel itself is the user's to break.
    *weak.upgrade().unwrap().lock().unwrap() = None;
}

#[test]
fn a_destructor_that_panics_while_the_last_receiver_goes_lets_the_rest_be_dropped() {
    struct Bomb(
        bool,
        #[expect(dead_code, reason = "counts those alive")] Counted,
    );
    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(!self.0, "a bad destructor");
        }
    }
    for (tx, rx) in [bounded(10), unbounded()] {
        let value = Counted::new();
        for at in 0..10 {
            assert!(tx.try_send(Bomb(at == 3, value.clone())).is_ok());
        }
        assert!(panics(|| drop(rx)));
        assert_eq!(value.others(), 0);
        assert!(tx.is_closed());
        assert!(
            tx.try_send(Bomb(false, value.clone()))
                .unwrap_err()
                .is_closed()
        );
    }
}

/// A waker that uses the channel when it is cloned, woken and dropped: under a lock it would hang.
mod nosy {
    use super::*;

    static TABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

    /// What a waker points to. Each has one of its own, so that no two wakers are alike.
    struct Nosy {
        ends: Arc<(Sender<i32>, Receiver<i32>)>,
    }

    pub(super) fn waker(ends: &Arc<(Sender<i32>, Receiver<i32>)>) -> Waker {
        let ends = Arc::clone(ends);
        let data = Arc::into_raw(Arc::new(Nosy { ends })).cast();
        // SAFETY: the table's functions keep the count of the `Arc` behind `data`.
        unsafe { Waker::from_raw(RawWaker::new(data, &TABLE)) }
    }

    fn look(data: *const ()) {
        // SAFETY: `data` is an `Arc` that the waker in hand owns a count of.
        let Nosy { ends } = unsafe { &*data.cast::<Nosy>() };
        let _ = (ends.0.len(), ends.1.is_closed(), ends.0.is_full());
    }

    unsafe fn clone(data: *const ()) -> RawWaker {
        look(data);
        // SAFETY: as in `look`.
        unsafe { Arc::increment_strong_count(data.cast::<Nosy>()) };
        RawWaker::new(data, &TABLE)
    }

    unsafe fn wake(data: *const ()) {
        look(data);
        // SAFETY: waking by value gives up the waker's count.
        unsafe { drop_waker(data) };
    }

    unsafe fn wake_by_ref(data: *const ()) {
        look(data);
    }

    unsafe fn drop_waker(data: *const ()) {
        look(data);
        // SAFETY: the waker's count is given up once.
        drop(unsafe { Arc::from_raw(data.cast::<Nosy>()) });
    }
}

#[test]
fn a_waker_may_use_the_channel_whatever_is_done_to_it() {
    let ends = Arc::new(bounded(0));
    let (tx, rx) = &*ends;
    let (waker, other) = (nosy::waker(&ends), nosy::waker(&ends));
    let mut cx = Context::from_waker(&waker);
    let mut other_cx = Context::from_waker(&other);

    // Replaced, woken by a hand-over, dropped with its future.
    let mut receive = Box::pin(rx.recv());
    assert!(receive.as_mut().poll(&mut cx).is_pending());
    assert!(receive.as_mut().poll(&mut other_cx).is_pending());
    assert_eq!(tx.try_send(1), Ok(()));
    assert_eq!(receive.as_mut().poll(&mut cx), Poll::Ready(Some(1)));
    let mut receive = Box::pin(rx.recv());
    assert!(receive.as_mut().poll(&mut cx).is_pending());
    drop(receive);
    let mut send = Box::pin(tx.send(2));
    assert!(send.as_mut().poll(&mut cx).is_pending());
    drop(send);

    // Woken by a value that comes back.
    let [mut one, mut two] = [(); 2].map(|()| Box::pin(rx.recv()));
    assert!(one.as_mut().poll(&mut cx).is_pending());
    assert!(two.as_mut().poll(&mut cx).is_pending());
    assert_eq!(tx.try_send(3), Ok(()));
    drop(one);
    assert_eq!(two.as_mut().poll(&mut cx), Poll::Ready(Some(3)));

    // In a select, and woken by a close.
    let arms = arms![select::send(tx, 4), select::recv(rx)];
    let mut select = Box::pin(select::wait(arms));
    assert!(select.as_mut().poll(&mut cx).is_pending());
    assert!(select.as_mut().poll(&mut other_cx).is_pending());
    assert_eq!(rx.try_recv(), Ok(4));
    drop(select);
    let mut send = Box::pin(tx.send(5));
    assert!(send.as_mut().poll(&mut cx).is_pending());
    tx.close();
    assert!(send.as_mut().poll(&mut cx).is_ready());
}

#[test]
fn a_destructor_may_use_the_channel_while_its_last_receiver_goes() {
    struct Value(Sender<Value>);
    impl Drop for Value {
        fn drop(&mut self) {
            assert!(self.0.is_closed());
            assert_eq!(self.0.len(), 0);
        }
    }
    for (tx, rx) in [bounded(2), unbounded()] {
        for _ in 0..2 {
            assert!(tx.try_send(Value(tx.clone())).is_ok());
        }
        drop(rx);
        assert_eq!(tx.sender_count(), 1);
    }
}

#[test]
fn a_future_that_panics_in_a_select_leaves_its_channels() {
    let (tx, rx) = bounded(0);
    let mut first = true;
    let future = std::future::poll_fn(move |_| {
        assert!(std::mem::take(&mut first), "a bad future");
        Poll::<()>::Pending
    });
    let mut select = Box::pin(select::wait(arms![
        select::recv(&rx),
        select::future(future)
    ]));
    assert!(poll(&mut select).is_pending());
    assert!(panics(|| poll(&mut select)));
    drop(select);
    assert!(tx.try_send(1).is_err());
}

#[test]
fn a_waker_that_panics_when_it_is_dropped_ends_no_waiting_for_a_group() {
    /// Its last waker is dropped by whoever waits.
    struct BadEnd;

    impl Wake for BadEnd {
        fn wake(self: Arc<Self>) {}
    }

    impl Drop for BadEnd {
        fn drop(&mut self) {
            std::panic::resume_unwind(Box::new(()));
        }
    }

    let waits = |wait: &mut Pin<Box<WaitGroupWait<'_>>>| {
        let waker = Waker::from(Arc::new(BadEnd));
        // The group has a clone, so that this one is not the last.
        let polled = wait.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
    };
    let group = WaitGroup::new();
    group.add(1);
    let [mut dropped, mut released] = [(); 2].map(|()| Box::pin(group.wait()));
    for wait in [&mut dropped, &mut released] {
        // The second waker takes the first one's place.
        waits(wait);
        waits(wait);
    }
    drop(dropped);
    assert!(poll_with(&mut released, &Bell::new()).is_pending());
    group.done();
    assert!(poll(&mut released).is_ready());
}
