//! What only the inside shows: who stands in whose list, what is kept, and how large it is. The behaviour is
//! held by `tests/golang/context.rs` and `tests/contract/context.rs`.

use std::mem::size_of;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::tree::Scope;
use super::*;
use crate::runtime::Builder;

const MINUTE: Duration = Duration::from_secs(60);

/// How many places the list of children has, and how many are taken.
fn places(ctx: &Context) -> (usize, usize) {
    ctx.scope.as_ref().unwrap().places()
}

/// What the top of `mod.rs` says.
#[test]
fn a_context_is_as_large_as_it_says() {
    const COUNTS: usize = 16;
    assert_eq!(size_of::<Context>(), 24);
    if cfg!(not(debug_assertions)) {
        assert_eq!(size_of::<Scope>() + COUNTS, 176);
    }
    assert!(size_of::<Scope>() + COUNTS <= 192);
    assert_eq!(tree::SIZE_OF_PLACE, 16);
    assert!(size_of::<DoneFuture<'_>>() <= 80);
}

/// TestCancelRemoves.
#[test]
fn a_child_that_ends_leaves_its_parent_at_once() {
    let runtime = Builder::new().workers(1).build().unwrap();
    let handle = runtime.handle();
    let _entered = handle.enter();
    let (parent, _cancel_parent) = with_cancel(&background());
    assert_eq!(places(&parent).1, 0);

    let (_ctx, cancel) = with_cancel(&parent);
    assert_eq!(places(&parent).1, 1);
    cancel.cancel();
    assert_eq!(places(&parent).1, 0);

    let (_ctx, cancel) = with_timeout(&parent, MINUTE);
    assert_eq!(places(&parent).1, 1);
    cancel.cancel();
    assert_eq!(places(&parent).1, 0);

    let stop = after_func(&parent, async {});
    assert_eq!(places(&parent).1, 1);
    assert!(stop.stop());
    assert_eq!(places(&parent).1, 0);
}

#[test]
fn a_child_that_nobody_has_any_more_leaves_its_parent() {
    let (parent, _cancel) = with_cancel(&background());
    let (ctx, cancel) = with_cancel(&parent);
    cancel.detach();
    assert_eq!(places(&parent).1, 1);
    drop(ctx);
    assert_eq!(places(&parent).1, 0);
}

#[test]
fn a_million_children_one_after_the_other_take_the_place_of_one() {
    let (parent, _cancel) = with_cancel(&background());
    let (_a, _keeps_the_list) = with_cancel(&parent);
    for i in 0..1_000_000 {
        let (_ctx, cancel) = with_cancel(&parent);
        if i % 3 == 0 {
            cancel.cancel();
        }
    }
    let (there, taken) = places(&parent);
    assert_eq!(taken, 1);
    assert!(there <= 4, "{there} places");
}

#[test]
fn places_are_used_again_and_go_with_the_last_child() {
    let (parent, _cancel) = with_cancel(&background());
    let mut children: Vec<_> = (0..1000).map(|_| with_cancel(&parent)).collect();
    // From both ends and the middle, so that the free places are chained in no order.
    for at in [999, 0, 500, 300, 4, 900] {
        drop(children.remove(at.min(children.len() - 1)));
    }
    let before = places(&parent);
    children.extend((0..6).map(|_| with_cancel(&parent)));
    assert_eq!(places(&parent), (before.0, 1000));
    drop(children);
    let (there, taken) = places(&parent);
    assert_eq!(taken, 0);
    assert!(there <= 4, "{there} places");
}

#[test]
fn what_has_ended_keeps_no_parent() {
    let (parent, cancel_parent) = with_cancel(&background());
    let scope = Arc::downgrade(parent.scope.as_ref().unwrap());
    let (child, cancel) = with_cancel(&parent);
    cancel.cancel();
    drop((parent, cancel_parent));
    assert!(scope.upgrade().is_none());
    assert!(child.err().is_some());
}

#[test]
fn a_timer_goes_with_its_context() {
    let runtime = Builder::new().workers(1).build().unwrap();
    let handle = runtime.handle();
    let _entered = handle.enter();
    let timers = || handle.metrics().timers();
    let (parent, cancel_parent) = with_cancel(&background());

    // By the handle, by the parent, by the last who has it; and a child of an earlier deadline has none.
    let (ctx, cancel) = with_timeout(&parent, MINUTE);
    assert_eq!(timers(), 1);
    let (_ctx, _cancel) = with_timeout(&ctx, 2 * MINUTE);
    assert_eq!(timers(), 1);
    cancel.cancel();
    assert_eq!(timers(), 0);

    let (ctx, cancel) = with_timeout(&parent, MINUTE);
    cancel.detach();
    assert_eq!(timers(), 1);
    drop(ctx);
    assert_eq!(timers(), 0);

    let (_ctx, cancel) = with_deadline(&parent, Instant::now() + MINUTE);
    cancel.detach();
    cancel_parent.cancel();
    assert_eq!(timers(), 0);

    // Of an ended parent it is not even set.
    let (ctx, _cancel) = with_timeout(&parent, MINUTE);
    assert_eq!((timers(), ctx.err()), (0, Some(ContextError::Canceled)));
}

#[test]
fn what_waits_for_an_end_is_kept_until_it_comes_or_is_called_off() {
    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let runtime = Builder::new().workers(1).build().unwrap();
    let handle = runtime.handle();
    let _entered = handle.enter();
    let gone = Arc::new(AtomicUsize::new(0));
    let count = || gone.load(Ordering::Relaxed);
    let future = || {
        let counted = Counted(Arc::clone(&gone));
        async move { drop(counted) }
    };

    let (ctx, cancel) = with_cancel(&background());
    let scope = Arc::downgrade(ctx.scope.as_ref().unwrap());
    let stop = after_func(&ctx, future());
    assert!(stop.stop());
    assert_eq!(count(), 1);
    drop(after_func(&background(), future()));
    assert_eq!(count(), 2);
    drop(after_func(&ctx, future()));
    drop(ctx);
    assert_eq!(count(), 2);
    drop(cancel);
    assert!(scope.upgrade().is_none());
    drop(runtime);
    assert_eq!(count(), 3);
}
