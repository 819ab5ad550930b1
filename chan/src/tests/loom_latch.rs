//! Models of the latch that ends a context: whoever waits for it is woken, and a set latch is seen by all.
//!
//! Modelled: one who sets it against a plain wait, a select, a wait that is dropped, and another one who sets
//! it. Left out: as in `loom_channel`. Seconds each:
//!
//! `RUSTFLAGS="--cfg loom" cargo test --release -p chango-chan --lib loom_latch`

use chango_core::util::wake_list::WakeList;
use futures_lite::future::poll_once;
use loom::cell::UnsafeCell;
use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;

use super::model;
use crate::bounded;
use crate::latch::Latch;
use crate::select::{self, Cons, Nil, Selected, Won};

fn set(latch: &Latch) -> bool {
    let mut wake = WakeList::new();
    let first = latch.set(&mut wake);
    wake.wake_all();
    first
}

#[test]
fn who_waits_is_woken_and_sees_what_was_written_before() {
    struct Cause(UnsafeCell<u32>, Latch);
    // SAFETY: written before the latch is set, and read after; the model holds that.
    unsafe impl Sync for Cause {}

    model(3, || {
        let shared = Arc::new(Cause(UnsafeCell::new(0), Latch::new()));
        let theirs = Arc::clone(&shared);
        let setting = thread::spawn(move || {
            // SAFETY: nobody reads before the latch is set.
            theirs.0.with_mut(|cause| unsafe { *cause = 7 });
            assert!(set(&theirs.1));
        });
        if !shared.1.is_set() {
            block_on(shared.1.wait());
        }
        assert!(shared.1.is_set());
        // SAFETY: the latch is set, and nobody writes from then on.
        assert_eq!(shared.0.with(|cause| unsafe { *cause }), 7);
        setting.join().unwrap();
    });
}

#[test]
fn two_who_wait_are_both_woken() {
    model(2, || {
        let latch = Arc::new(Latch::new());
        let theirs = Arc::clone(&latch);
        let waiting = thread::spawn(move || block_on(theirs.wait()));
        let theirs = Arc::clone(&latch);
        let setting = thread::spawn(move || set(&theirs));
        block_on(latch.wait());
        waiting.join().unwrap();
        assert!(setting.join().unwrap());
    });
}

#[test]
fn of_two_who_set_it_one_was_first() {
    model(3, || {
        let latch = Arc::new(Latch::new());
        let theirs = Arc::clone(&latch);
        let other = thread::spawn(move || set(&theirs));
        let first = set(&latch);
        assert!(latch.is_set());
        assert!(first ^ other.join().unwrap());
    });
}

#[test]
fn a_select_is_chosen_for_the_latch_or_for_the_value_and_loses_neither() {
    model(2, || {
        let latch = Arc::new(Latch::new());
        let (tx, rx) = bounded(1);
        let theirs = Arc::clone(&latch);
        let setting = thread::spawn(move || set(&theirs));
        let sending = thread::spawn(move || tx.try_send(1).unwrap());
        let selected = block_on(select::wait(Cons::new(
            Some(select::recv(&*latch)),
            Cons::new(Some(select::recv(&rx)), Nil),
        )));
        sending.join().unwrap();
        match selected {
            Selected::Arm(Won::This(())) => assert_eq!(rx.try_recv(), Ok(1)),
            Selected::Arm(Won::Later(Won::This(value))) => {
                assert_eq!(value, Some(1));
                block_on(latch.wait());
            }
            _ => unreachable!("one of two arms wins"),
        }
        assert!(setting.join().unwrap());
        assert!(latch.is_set());
    });
}

#[test]
fn a_select_that_nothing_else_ends_is_woken() {
    model(3, || {
        let latch = Arc::new(Latch::new());
        let (_tx, rx) = bounded::<i32>(0);
        let theirs = Arc::clone(&latch);
        let setting = thread::spawn(move || set(&theirs));
        let selected = block_on(select::wait(Cons::new(
            Some(select::recv(&rx)),
            Cons::new(Some(select::recv(&*latch)), Nil),
        )));
        assert!(matches!(selected, Selected::Arm(Won::Later(Won::This(())))));
        assert!(setting.join().unwrap());
    });
}

#[test]
fn a_wait_that_is_dropped_has_left_the_queue() {
    model(3, || {
        let latch = Arc::new(Latch::new());
        let theirs = Arc::clone(&latch);
        let setting = thread::spawn(move || set(&theirs));
        let seen = block_on(poll_once(latch.wait())).is_some();
        assert!(!seen || latch.is_set());
        assert!(setting.join().unwrap());
        block_on(latch.wait());
    });
}
