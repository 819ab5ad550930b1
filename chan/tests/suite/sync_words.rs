//! `Once`, `Cond` and `Barrier`, one poll at a time; bad wakers, sizes, and what can be sent.

use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

use chango_chan::sync::{
    Barrier, Cond, Mutex, MutexGuard, Once, OwnedMutexGuard, RwLock, RwLockReadGuard,
    RwLockWriteGuard, Semaphore,
};

use crate::support::{Bell, Set, Trap, poll, poll_with};

fn panics<R>(f: impl FnOnce() -> R) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}

// ---- Once ----

#[test]
fn what_is_done_keeps_nobody_waiting_behind_one_who_is_not_polled() {
    let once = Once::new();
    let (tx, rx) = chango_chan::bounded::<()>(1);
    let mut runs = Box::pin(once.call_once(async || assert!(rx.recv().await.is_some())));
    assert!(poll(&mut runs).is_pending());
    let (bell, next) = (Bell::new(), Bell::new());
    let mut first = Box::pin(once.call_once(async || unreachable!("it is done")));
    assert!(poll_with(&mut first, &bell).is_pending());
    let mut second = Box::pin(once.call_once(async || unreachable!("it is done")));
    assert!(poll_with(&mut second, &next).is_pending());
    tx.try_send(()).unwrap();
    assert!(poll(&mut runs).is_ready());
    // The first is woken and lies there.
    assert_eq!((bell.rung(), next.rung()), (1, 1));
    assert!(poll(&mut second).is_ready());
    assert!(poll(&mut first).is_ready());
}

#[test]
fn a_call_that_is_dropped_half_way_is_run_by_the_next_from_the_beginning() {
    let (once, begun) = (Once::new(), AtomicUsize::new(0));
    let begin = async || {
        begun.fetch_add(1, Ordering::Relaxed);
        pending::<()>().await;
    };
    let bell = Bell::new();
    let mut first = Box::pin(once.call_once(begin));
    let mut second = Box::pin(once.call_once(async || ()));
    assert!(poll(&mut first).is_pending());
    assert!(poll_with(&mut second, &bell).is_pending());
    drop(first);
    assert!(!once.is_completed());
    assert_eq!(bell.rung(), 1);
    assert!(poll(&mut second).is_ready());
    assert!(once.is_completed());
    assert!(poll(&mut Box::pin(once.call_once(begin))).is_ready());
    assert_eq!(begun.load(Ordering::Relaxed), 1);
}

#[test]
fn a_call_that_panics_at_any_point_is_done_and_wakes_who_waits() {
    // In the closure, in the first poll of its future, and in a later one.
    for point in 0..3 {
        let once = Once::new();
        let bell = Bell::new();
        let mut first = Box::pin(once.call_once(move || {
            assert!(point != 0, "on purpose");
            let mut polls = 0;
            std::future::poll_fn(move |_| {
                polls += 1;
                assert!(polls != point, "on purpose");
                Poll::Pending
            })
        }));
        let mut second = Box::pin(once.call_once(async || unreachable!("it is done")));
        if point == 2 {
            assert!(poll(&mut first).is_pending());
            assert!(poll_with(&mut second, &bell).is_pending());
        }
        assert!(panics(|| poll(&mut first)), "{point}");
        assert!(once.is_completed(), "{point}");
        assert_eq!(bell.rung(), usize::from(point == 2));
        assert!(poll(&mut second).is_ready(), "{point}");
    }
}

#[test]
fn a_call_that_is_dropped_before_its_first_poll_has_done_nothing() {
    let once = Once::new();
    drop(once.call_once(async || unreachable!("it was not polled")));
    assert!(!once.is_completed());
    let mut ran = false;
    once.call_once_blocking(|| ran = true);
    assert!(ran);
}

// ---- Cond ----

/// A wait that has begun.
fn waiting<'a>(
    mutex: &'a Mutex<()>,
    cond: &'a Cond,
    bell: &Arc<Bell>,
) -> Pin<Box<impl Future<Output = MutexGuard<'a, ()>> + 'a>> {
    let mut wait = Box::pin(cond.wait(mutex.try_lock().expect("it is open")));
    assert!(poll_with(&mut wait, bell).is_pending());
    wait
}

#[test]
fn a_wait_unlocks_the_mutex_and_ends_with_it_locked_after_a_notification_only() {
    let (mutex, cond, bell) = (Mutex::new(()), Cond::new(), Bell::new());
    // Nobody hears of this.
    cond.notify_one();
    cond.notify_all();
    let mut wait = waiting(&mutex, &cond, &bell);
    assert!(poll_with(&mut wait, &bell).is_pending());
    let guard = mutex.try_lock().expect("the wait has unlocked it");
    cond.notify_one();
    assert_eq!(bell.rung(), 1);
    assert!(poll_with(&mut wait, &bell).is_pending(), "it is locked");
    drop(guard);
    assert_eq!(bell.rung(), 2);
    let Poll::Ready(guard) = poll(&mut wait) else {
        panic!("it was notified, and the mutex is open");
    };
    assert!(mutex.try_lock().is_none());
    drop(guard);
}

#[test]
fn a_notified_wait_that_is_dropped_anywhere_passes_it_on() {
    for station in ["notified", "waits for the mutex", "woken for the mutex"] {
        let (mutex, cond) = (Mutex::new(()), Cond::new());
        let (bell, other) = (Bell::new(), Bell::new());
        let mut dropped = waiting(&mutex, &cond, &bell);
        let mut next = waiting(&mutex, &cond, &other);
        let guard = mutex.try_lock().unwrap();
        cond.notify_one();
        assert_eq!((bell.rung(), other.rung()), (1, 0));
        if station != "notified" {
            assert!(poll(&mut dropped).is_pending());
        }
        if station == "woken for the mutex" {
            drop(guard);
            drop(dropped);
        } else {
            drop(dropped);
            drop(guard);
        }
        assert_eq!(other.rung(), 1, "{station}");
        assert!(poll(&mut next).is_ready(), "{station}");
    }
}

#[test]
fn a_wait_that_was_not_notified_or_with_all_others_passes_nothing_on() {
    let (mutex, cond) = (Mutex::new(()), Cond::new());
    let (bell, other) = (Bell::new(), Bell::new());
    let dropped = waiting(&mutex, &cond, &bell);
    let all = waiting(&mutex, &cond, &bell);
    drop(dropped);
    cond.notify_all();
    assert_eq!(bell.rung(), 1);
    // This one came after the broadcast.
    let mut late = waiting(&mutex, &cond, &other);
    drop(all);
    assert_eq!(other.rung(), 0);
    assert!(poll_with(&mut late, &other).is_pending());
    // And one that had come as far as waiting for the mutex.
    let mut all = waiting(&mutex, &cond, &bell);
    cond.notify_all();
    assert_eq!(other.rung(), 1);
    let guard = mutex.try_lock().unwrap();
    assert!(poll(&mut all).is_pending());
    let mut later = Box::pin(cond.wait(guard));
    assert!(poll_with(&mut later, &other).is_pending());
    drop(all);
    assert_eq!(other.rung(), 1);
}

#[test]
fn a_wait_that_is_dropped_before_its_first_poll_unlocks() {
    let (mutex, cond) = (Mutex::new(()), Cond::new());
    let wait = cond.wait(mutex.try_lock().unwrap());
    assert!(mutex.try_lock().is_none());
    drop(wait);
    assert!(mutex.try_lock().is_some());
}

// ---- Barrier ----

#[test]
fn the_last_one_leads_and_the_barrier_is_as_new() {
    let (barrier, bell) = (Barrier::new(3), Bell::new());
    for _ in 0..3 {
        let mut waits = [(); 2].map(|()| Box::pin(barrier.wait()));
        let before = bell.rung();
        for wait in &mut waits {
            assert!(poll_with(wait, &bell).is_pending());
            assert!(poll_with(wait, &bell).is_pending(), "it comes once");
        }
        let Poll::Ready(last) = poll(&mut Box::pin(barrier.wait())) else {
            panic!("it is the last one");
        };
        assert!(last.is_leader());
        assert_eq!(bell.rung(), before + 2);
        for wait in &mut waits {
            assert!(matches!(poll(wait), Poll::Ready(result) if !result.is_leader()));
        }
    }
}

#[test]
fn who_goes_before_the_last_one_came_is_not_counted() {
    let (barrier, bell) = (Barrier::new(2), Bell::new());
    let mut gone = Box::pin(barrier.wait());
    assert!(poll(&mut gone).is_pending());
    drop(gone);
    let mut wait = Box::pin(barrier.wait());
    assert!(poll_with(&mut wait, &bell).is_pending());
    assert!(poll(&mut Box::pin(barrier.wait())).is_ready());
    // Who goes after it has met.
    assert_eq!(bell.rung(), 1);
    drop(wait);
    assert!(poll(&mut Box::pin(barrier.wait())).is_pending());
    assert_eq!(
        format!("{barrier:?}"),
        "Barrier { parties: 2, arrived: 0, .. }"
    );
}

#[test]
fn at_a_barrier_for_nobody_or_one_nobody_waits() {
    for parties in [0, 1] {
        let barrier = Barrier::new(parties);
        assert!(barrier.wait_blocking().is_leader());
        assert!(barrier.wait_blocking().is_leader());
    }
}

// ---- bad wakers ----

#[test]
fn a_bad_waker_keeps_nobody_from_what_it_waits_for() {
    let mutex = Mutex::new(());
    let (trap, bell) = (Trap::new(Set::OnWake), Bell::new());
    let guard = mutex.try_lock().unwrap();
    let [mut bad, mut good] = [(); 2].map(|()| Box::pin(mutex.lock()));
    assert!(trap.poll(&mut bad).is_pending());
    assert!(poll_with(&mut good, &bell).is_pending());
    drop(guard);
    assert_eq!(trap.sprung(), 1);
    drop(bad);
    assert_eq!(bell.rung(), 1);
    assert!(poll(&mut good).is_ready());

    let (cond, barrier) = (Cond::new(), Barrier::new(3));
    let mut bad = Box::pin(cond.wait(mutex.try_lock().unwrap()));
    assert!(trap.poll(&mut bad).is_pending());
    let mut good = waiting(&mutex, &cond, &bell);
    cond.notify_all();
    assert_eq!((trap.sprung(), bell.rung()), (2, 2));
    assert!(poll(&mut bad).is_ready());
    assert!(poll(&mut good).is_ready());
    let [mut bad, mut good] = [(); 2].map(|()| Box::pin(barrier.wait()));
    assert!(trap.poll(&mut bad).is_pending());
    assert!(poll_with(&mut good, &bell).is_pending());
    assert!(poll(&mut Box::pin(barrier.wait())).is_ready());
    assert_eq!((trap.sprung(), bell.rung()), (3, 3));
}

#[test]
fn a_waker_that_cannot_be_cloned_takes_nothing_and_leaves_no_one_in_a_queue() {
    let (mutex, cond, barrier) = (Mutex::new(()), Cond::new(), Barrier::new(2));
    let trap = Trap::new(Set::OnClone);
    let guard = mutex.try_lock().unwrap();
    let mut lock = Box::pin(mutex.lock());
    assert!(panics(|| trap.poll(&mut lock)));
    assert!(poll(&mut lock).is_pending());
    drop(guard);
    // It was woken, lost, and has to leave a waker again.
    let faster = mutex.try_lock().unwrap();
    assert!(panics(|| trap.poll(&mut lock)));
    drop(faster);
    drop(lock);
    let mut wait = Box::pin(cond.wait(mutex.try_lock().expect("nothing is lost")));
    assert!(panics(|| trap.poll(&mut wait)));
    drop(wait);
    assert!(mutex.try_lock().is_some());
    let mut wait = Box::pin(barrier.wait());
    assert!(panics(|| trap.poll(&mut wait)));
    assert!(poll(&mut wait).is_pending());
}

#[test]
fn a_waker_that_panics_when_it_goes_costs_nobody_anything() {
    let trap = Trap::new(Set::OnDrop);
    let (mutex, cond, barrier) = (Mutex::new(()), Cond::new(), Barrier::new(2));
    let guard = mutex.try_lock().unwrap();
    let mut lock = Box::pin(mutex.lock());
    assert!(trap.poll(&mut lock).is_pending());
    assert!(poll(&mut lock).is_pending());
    assert_eq!(trap.sprung(), 1, "another one took its place");
    assert!(trap.poll(&mut lock).is_pending());
    drop(lock);
    assert_eq!(trap.sprung(), 2);
    drop(guard);
    let mut wait = Box::pin(cond.wait(mutex.try_lock().unwrap()));
    assert!(trap.poll(&mut wait).is_pending());
    drop(wait);
    let mut wait = Box::pin(barrier.wait());
    assert!(trap.poll(&mut wait).is_pending());
    drop(wait);
    assert_eq!(trap.sprung(), 4);
    assert!(mutex.try_lock().is_some());
}

/// A waker that uses what it waits for, whatever is done to it. No lock may be held then: debug builds
/// panic where one is, and others would wait for themselves.
struct Meddler {
    semaphore: Semaphore,
    cond: Cond,
    barrier: Barrier,
    begun: AtomicUsize,
    /// Fewer if it panicked, of which nobody else hears.
    ended: AtomicUsize,
}

impl Meddler {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            semaphore: Semaphore::new(1),
            cond: Cond::new(),
            barrier: Barrier::new(2),
            begun: AtomicUsize::new(0),
            ended: AtomicUsize::new(0),
        })
    }

    fn meddle(&self) {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.semaphore.add_permits(0);
        self.cond.notify_all();
        assert!(!format!("{:?}", self.barrier).is_empty());
        self.ended.fetch_add(1, Ordering::Relaxed);
    }

    fn poll<F: Future + ?Sized>(self: &Arc<Self>, future: &mut Pin<Box<F>>) -> Poll<F::Output> {
        let waker = RawWaker::new(Arc::into_raw(Arc::clone(self)).cast(), &MEDDLER);
        // SAFETY: the waker has a count of its own, as the table expects.
        let waker = unsafe { Waker::from_raw(waker) };
        future.as_mut().poll(&mut Context::from_waker(&waker))
    }
}

static MEDDLER: RawWakerVTable = RawWakerVTable::new(
    |data| {
        let meddler = data.cast::<Meddler>();
        // SAFETY: here and below, the waker in hand holds the `Arc` behind `data`.
        unsafe { (*meddler).meddle() };
        // SAFETY: as above.
        unsafe { Arc::increment_strong_count(meddler) };
        RawWaker::new(data, &MEDDLER)
    },
    // SAFETY: as above; waking by value gives the count up.
    |data| unsafe { Arc::from_raw(data.cast::<Meddler>()) }.meddle(),
    // SAFETY: as above.
    |data| unsafe { &*data.cast::<Meddler>() }.meddle(),
    // SAFETY: as above; a drop gives the count up.
    |data| unsafe { Arc::from_raw(data.cast::<Meddler>()) }.meddle(),
);

#[test]
fn a_waker_may_use_what_it_waits_for() {
    let meddler = Meddler::new();
    let mutex = Mutex::new(());
    // Woken, replaced, dropped, refused, and handed over.
    let held = meddler.semaphore.try_acquire(1).unwrap();
    let mut waits = [(); 4].map(|()| Box::pin(meddler.semaphore.acquire(1)));
    for wait in &mut waits {
        assert!(meddler.poll(wait).is_pending());
        assert!(poll(wait).is_pending());
        assert!(meddler.poll(wait).is_pending());
    }
    let [first, second, ..] = &mut waits;
    drop(held);
    let faster = meddler.semaphore.try_acquire(1).unwrap();
    assert!(meddler.poll(first).is_pending());
    drop(faster);
    assert!(meddler.poll(first).is_ready());
    assert!(meddler.poll(second).is_ready());
    drop(waits);
    let mut wait = Box::pin(meddler.cond.wait(mutex.try_lock().unwrap()));
    assert!(meddler.poll(&mut wait).is_pending());
    // The waker of that poll has gone, and has notified all.
    assert!(meddler.poll(&mut wait).is_ready());
    let mut gone = Box::pin(meddler.cond.wait(mutex.try_lock().unwrap()));
    assert!(meddler.poll(&mut gone).is_pending());
    drop(gone);
    let mut wait = Box::pin(meddler.barrier.wait());
    assert!(meddler.poll(&mut wait).is_pending());
    assert!(meddler.poll(&mut wait).is_pending());
    assert!(
        meddler
            .poll(&mut Box::pin(meddler.barrier.wait()))
            .is_ready()
    );
    assert!(meddler.poll(&mut wait).is_ready());
    let mut gone = Box::pin(meddler.barrier.wait());
    assert!(meddler.poll(&mut gone).is_pending());
    drop(gone);
    let meddled = meddler.ended.load(Ordering::Relaxed);
    assert_eq!(meddled, meddler.begun.load(Ordering::Relaxed));
    assert!(meddled > 30);
}

// ---- what it is ----

/// Whether a type is `Send`: the inherent constant, which is there only for those that are, goes before the
/// trait's.
macro_rules! is_send {
    ($type:ty) => {{
        #[allow(dead_code, reason = "of one that is, the inherent constant is taken")]
        trait Not {
            const IS_SEND: bool = false;
        }
        impl<T: ?Sized> Not for T {}
        struct Asked<T: ?Sized>(std::marker::PhantomData<T>);
        #[allow(dead_code, reason = "of one that is not, the trait's is taken")]
        impl<T: ?Sized + Send> Asked<T> {
            const IS_SEND: bool = true;
        }
        <Asked<$type>>::IS_SEND
    }};
}

#[test]
fn guards_and_futures_can_be_sent_where_their_values_can() {
    fn send<T: Send>() {}
    fn both<T: Send + Sync>() {}
    fn is_send<T: Send>(_: &T) {}
    // A cell can be sent and not shared.
    type Cell = std::cell::Cell<i32>;
    both::<Mutex<Cell>>();
    send::<MutexGuard<'static, Cell>>();
    send::<OwnedMutexGuard<Cell>>();
    both::<MutexGuard<'static, i32>>();
    send::<RwLock<Cell>>();
    both::<RwLock<i32>>();
    both::<RwLockReadGuard<'static, i32>>();
    both::<RwLockWriteGuard<'static, i32>>();
    // It may be made a reader, beside others that read the cell elsewhere.
    assert!(!is_send!(RwLockWriteGuard<'static, Cell>));
    assert!(is_send!(MutexGuard<'static, Cell>) && is_send!(RwLockWriteGuard<'static, i32>));
    both::<(Semaphore, Once, Cond, Barrier)>();
    let (mutex, lock) = (Mutex::new(Cell::new(1)), RwLock::new(1));
    let (once, cond, barrier) = (Once::new(), Cond::new(), Barrier::new(1));
    is_send(&mutex.lock());
    is_send(&lock.read());
    is_send(&lock.write());
    is_send(&Semaphore::new(1).acquire(1));
    is_send(&once.call_once(async || ()));
    is_send(&cond.wait(mutex.try_lock().unwrap()));
    is_send(&barrier.wait());
}

#[test]
#[cfg(target_pointer_width = "64")]
fn the_locks_have_the_sizes_that_are_stated() {
    // The check of the order of locks has a word of its own.
    let empty = if cfg!(debug_assertions) { 72 } else { 64 };
    assert_eq!(size_of::<Mutex<()>>(), empty);
    assert_eq!(size_of::<Mutex<u64>>(), empty + 8);
    assert_eq!(size_of::<RwLock<()>>(), empty);
    assert_eq!(size_of::<Semaphore>(), empty);
}
