//! context/context_test.go and x_test.go. What they find out by the inside of a context, such as the number
//! of children that a parent has, is asked in `src/context/tests.rs`.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use chango::context::{self, Cancel, Context, ContextError, background};
use chango::prelude::*;
use chango::task;

use crate::until::until;
use crate::workers::{on, on_workers};

const MS: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);

const CANCELED: Option<ContextError> = Some(ContextError::Canceled);
const TOO_LATE: Option<ContextError> = Some(ContextError::DeadlineExceeded);

/// Whether a receive from it does not wait.
async fn is_done(ctx: &Context) -> bool {
    select! {
        <-ctx.done() => true,
        default => false,
    }
}

fn cause(ctx: &Context) -> Option<String> {
    ctx.cause().map(ToString::to_string)
}

/// TestBackground and TestTODO: it never ends, and a receive from it waits for ever.
#[test]
fn the_background_never_ends() {
    on_workers(|| async {
        let ctx = background();
        assert!(!is_done(&ctx).await);
        assert_eq!((ctx.err(), ctx.deadline(), cause(&ctx)), (None, None, None));
        assert!(ctx.value::<i32>().is_none());
        let ends = async { ctx.done().await };
        assert!(chango::time::timeout(2 * MS, ends).await.is_err());
    });
}

/// TestWithCancel: nothing before, and for ever after.
#[test]
fn a_canceled_context_is_done_for_ever() {
    on_workers(|| async {
        let (ctx, cancel) = context::with_cancel(&background());
        assert_eq!((is_done(&ctx).await, ctx.err()), (false, None));
        for _ in 0..2 {
            cancel.cancel();
            assert_eq!((is_done(&ctx).await, ctx.err()), (true, CANCELED));
            co! {
                <-ctx.done();
                <-ctx;
            }
            ctx.done().await;
        }
    });
}

/// TestParentFinishesChild: all kinds of children end with their parent, and what is made then ends at once.
#[test]
fn a_parent_finishes_its_children() {
    struct Key;

    on_workers(|| async {
        let (parent, cancel) = context::with_cancel(&background());
        let (child, _child) = context::with_cancel(&parent);
        let value = context::with_value(&parent, Key);
        let (below_value, _below) = context::with_cancel(&value);
        let (timer, _timer) = context::with_timeout(&value, HOUR);
        let (after, waited) = bounded::<()>(0);
        let _stop = context::after_func(&parent, async move { drop(after) });
        let all = [&parent, &child, &value, &below_value, &timer];
        for ctx in all {
            assert_eq!((is_done(ctx).await, ctx.err()), (false, None));
        }
        cancel.cancel();
        // All of them have ended when `cancel` returns.
        for ctx in all {
            assert_eq!((is_done(ctx).await, ctx.err()), (true, CANCELED));
        }
        co! { assert_eq!(<-waited, None) }

        let late = context::with_value(&parent, Key);
        assert_eq!(late.err(), CANCELED);
        let (late, _late) = context::with_cancel(&parent);
        assert_eq!((is_done(&late).await, late.err()), (true, CANCELED));
        let (late, _late) = context::with_timeout(&parent, HOUR);
        assert_eq!((is_done(&late).await, late.err()), (true, CANCELED));
    });
}

/// TestChildFinishesFirst: a parent knows nothing of the end of its child, whether it can end itself or not.
#[test]
fn a_child_may_finish_first() {
    on_workers(|| async {
        let (cancelable, _stop) = context::with_cancel(&background());
        for parent in [background(), cancelable] {
            let (child, cancel) = context::with_cancel(&parent);
            cancel.cancel();
            assert_eq!((is_done(&child).await, child.err()), (true, CANCELED));
            assert_eq!((is_done(&parent).await, parent.err()), (false, None));
        }
    });
}

async fn ends_at_its_deadline(ctx: Context) {
    let deadline = ctx.deadline().unwrap();
    co! { <-ctx.done(); }
    assert!(Instant::now() >= deadline, "it ended early");
    assert_eq!((ctx.err(), is_done(&ctx).await), (TOO_LATE, true));
    assert_eq!(cause(&ctx).unwrap(), "context deadline exceeded");
}

/// TestDeadline: alone, below something, and a deadline that has passed.
#[test]
fn a_context_ends_at_its_deadline() {
    on_workers(|| async {
        let soon = || Instant::now() + 5 * MS;
        let (ctx, _cancel) = context::with_deadline(&background(), soon());
        ends_at_its_deadline(ctx).await;

        let (ctx, _cancel) = context::with_deadline(&context::with_value(&background(), 1), soon());
        ends_at_its_deadline(ctx).await;

        let (ctx, _cancel) = context::with_deadline(&background(), Instant::now() - MS);
        assert_eq!(ctx.err(), TOO_LATE);
        ends_at_its_deadline(ctx).await;

        let (ctx, _cancel) = context::with_deadline(&background(), Instant::now());
        ends_at_its_deadline(ctx).await;

        let (sooner, _cancel) = context::with_deadline(&background(), soon());
        let (ctx, _cancel) = context::with_deadline(&sooner, Instant::now() + HOUR);
        assert_eq!(ctx.deadline(), sooner.deadline());
        ends_at_its_deadline(ctx).await;
    });
}

/// TestTimeout: the same by a duration.
#[test]
fn a_context_ends_at_its_timeout() {
    on_workers(|| async {
        let (ctx, _cancel) = context::with_timeout(&background(), 5 * MS);
        ends_at_its_deadline(ctx).await;
        let (ctx, _cancel) = context::with_timeout(&context::with_value(&background(), 1), 5 * MS);
        ends_at_its_deadline(ctx).await;
        let (longer, _cancel) = context::with_timeout(&background(), HOUR);
        let (ctx, _cancel) = context::with_timeout(&longer, 5 * MS);
        ends_at_its_deadline(ctx).await;
        assert_eq!(longer.err(), None);
        let (ctx, _cancel) = context::with_timeout(&background(), Duration::MAX);
        assert_eq!((ctx.err(), ctx.deadline()), (None, None));
    });
}

/// TestCanceledTimeout: who was canceled before the deadline stays canceled.
#[test]
fn a_canceled_timeout_is_canceled() {
    on_workers(|| async {
        let (middle, _cancel) = context::with_timeout(&background(), 20 * MS);
        let (ctx, cancel) = context::with_timeout(&middle, HOUR);
        cancel.cancel();
        assert_eq!((is_done(&ctx).await, ctx.err()), (true, CANCELED));
        co! { <-middle.done(); }
        assert_eq!((middle.err(), ctx.err()), (TOO_LATE, CANCELED));
    });
}

/// TestValues: each sees the last value of a type above it, through whatever lies between.
#[test]
fn values_are_found_by_their_types() {
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct One(&'static str);
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Two(&'static str);
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Three(&'static str);

    #[track_caller]
    fn check(
        ctx: &Context,
        one: Option<&'static str>,
        two: Option<&'static str>,
        three: Option<&'static str>,
    ) {
        assert_eq!(ctx.value::<One>().copied(), one.map(One));
        assert_eq!(ctx.value::<Two>().copied(), two.map(Two));
        assert_eq!(ctx.value::<Three>().copied(), three.map(Three));
    }

    let zero = background();
    check(&zero, None, None, None);
    let one = context::with_value(&zero, One("one"));
    check(&one, Some("one"), None, None);
    let two = context::with_value(&one, Two("two"));
    check(&two, Some("one"), Some("two"), None);
    let three = context::with_value(&two, Three("three"));
    check(&three, Some("one"), Some("two"), Some("three"));
    let hidden = context::with_value(&three, One("another"));
    check(&hidden, Some("another"), Some("two"), Some("three"));
    check(&three, Some("one"), Some("two"), Some("three"));
    let (below, cancel) = context::with_cancel(&hidden);
    check(&below, Some("another"), Some("two"), Some("three"));
    cancel.cancel();
    check(&below, Some("another"), Some("two"), Some("three"));
    check(
        &context::without_cancel(&below),
        Some("another"),
        Some("two"),
        Some("three"),
    );
}

/// TestSimultaneousCancels: many contexts that depend on each other are canceled at the same time, and all end.
#[test]
fn contexts_are_canceled_by_many_at_a_time() {
    on_workers(|| async {
        let (root, cancel) = context::with_cancel(&background());
        let mut all = vec![(root, Some(cancel))];
        for at in 0..100 {
            let (left, cancel_left) = context::with_cancel(&all[at].0);
            let (right, cancel_right) = context::with_timeout(&all[at].0, HOUR);
            all.extend([(left, Some(cancel_left)), (right, Some(cancel_right))]);
        }
        let group = WaitGroup::new();
        for (_, cancel) in &mut all {
            let cancel = cancel.take().unwrap();
            group.go(async move { cancel.cancel() });
        }
        for (ctx, _) in &all {
            ctx.done().await;
        }
        group.wait().await;
        for (ctx, _) in &all {
            assert_eq!(ctx.err(), CANCELED);
        }
    });
}

/// TestInterlockedCancels: the end of one parent cancels the other one, whose child hears of it.
#[test]
fn the_end_of_one_tree_may_cancel_another() {
    on_workers(|| async {
        let (parent, cancel_parent) = context::with_cancel(&background());
        let (child, cancel_child) = context::with_cancel(&parent);
        task::spawn(async move {
            parent.done().await;
            cancel_child.cancel();
        });
        cancel_parent.cancel();
        child.done().await;
        assert_eq!(child.err(), CANCELED);
    });
}

/// TestLayersCancel and TestLayersTimeout: trees of random layers, of values, cancels and timeouts, end by
/// their last handle or by their timeout; each value is still found.
#[test]
fn layers_of_all_kinds_end() {
    struct Layer<const N: usize>(usize);

    async fn layers(seed: u64, by_timeout: bool) {
        let mut random = seed;
        let (mut ctx, root) = context::with_cancel(&background());
        let mut cancels: Vec<Cancel> = vec![root];
        let (mut values, mut timers) = ([None; 2], 0);
        for layer in 0..20 {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            match random >> 33 & 3 {
                0 => {
                    ctx = context::with_value(&ctx, Layer::<0>(layer));
                    values[0] = Some(layer);
                }
                1 => {
                    ctx = context::with_value(&ctx, Layer::<1>(layer));
                    values[1] = Some(layer);
                }
                2 => {
                    let (child, cancel) = context::with_cancel(&ctx);
                    ctx = child;
                    cancels.push(cancel);
                }
                _ => {
                    let (child, cancel) =
                        context::with_timeout(&ctx, if by_timeout { 5 * MS } else { HOUR });
                    ctx = child;
                    cancels.push(cancel);
                    timers += 1;
                }
            }
        }
        let check = |when: &str| {
            let found = [
                ctx.value::<Layer<0>>().map(|v| v.0),
                ctx.value::<Layer<1>>().map(|v| v.0),
            ];
            assert_eq!(found, values, "{when}, seed {seed}");
        };
        check("before");
        if by_timeout && timers > 0 {
            ctx.done().await;
            assert_eq!(ctx.err(), TOO_LATE, "seed {seed}");
        } else {
            assert_eq!(ctx.err(), None);
            let which = (random >> 40) as usize % cancels.len();
            cancels[which].cancel();
            assert_eq!(
                (is_done(&ctx).await, ctx.err()),
                (true, CANCELED),
                "seed {seed}"
            );
        }
        check("after");
    }

    on_workers(|| async {
        for seed in 0..200 {
            layers(seed, false).await;
        }
        let group = WaitGroup::new();
        for seed in 0..200 {
            group.go(layers(seed, true));
        }
        group.wait().await;
    });
}

/// TestWithCancelSimultaneouslyCanceledParent: a child that is made while its parent ends, ends too.
#[test]
fn a_child_made_while_its_parent_ends_ends_with_it() {
    on(2, async {
        for _ in 0..2000 {
            let (parent, cancel) = context::with_cancel(&background());
            let other = thread_or_goroutine(move || cancel.cancel());
            let (child, child_cancel) = context::with_cancel(&parent);
            child.done().await;
            assert_eq!((child.err(), parent.err()), (CANCELED, CANCELED));
            drop(child_cancel);
            other.await.unwrap();
        }
    });
}

fn thread_or_goroutine(f: impl FnOnce() + Send + 'static) -> task::JoinHandle<()> {
    task::spawn(async move { f() })
}

/// TestCause: what was said first is the cause, for all below; without one it is the error.
#[test]
fn the_first_cause_stays() {
    on_workers(|| async {
        let with = || context::with_cancel(&background());
        assert_eq!(cause(&background()), None);

        let (ctx, cancel) = with();
        assert_eq!(cause(&ctx), None);
        cancel.cancel();
        assert_eq!(
            (ctx.err(), cause(&ctx).unwrap()),
            (CANCELED, "context canceled".into())
        );

        let (ctx, cancel) = with();
        cancel.cancel_with("parent");
        cancel.cancel_with("later");
        cancel.cancel();
        assert_eq!(
            (ctx.err(), cause(&ctx).unwrap()),
            (CANCELED, "parent".into())
        );

        // A child of a canceled one; one that is canceled itself, before or after its parent.
        let (child, _cancel) = context::with_cancel(&ctx);
        assert_eq!(
            (child.err(), cause(&child).unwrap()),
            (CANCELED, "parent".into())
        );

        let (parent, cancel_parent) = with();
        let (child, cancel_child) = context::with_cancel(&parent);
        cancel_parent.cancel_with("parent");
        cancel_child.cancel_with("child");
        assert_eq!(
            (cause(&parent).unwrap(), cause(&child).unwrap()),
            ("parent".into(), "parent".into())
        );

        let (parent, cancel_parent) = with();
        let (child, cancel_child) = context::with_cancel(&context::with_value(&parent, 1));
        cancel_child.cancel_with("child");
        assert_eq!(
            (cause(&parent), cause(&child).unwrap()),
            (None, "child".into())
        );
        cancel_parent.cancel_with("parent");
        assert_eq!(
            (cause(&parent).unwrap(), cause(&child).unwrap()),
            ("parent".into(), "child".into())
        );

        // Deadlines: that of the time, and a cause that comes before.
        let (ctx, _cancel) = context::with_timeout(&background(), Duration::ZERO);
        assert_eq!(
            (ctx.err(), cause(&ctx).unwrap()),
            (TOO_LATE, "context deadline exceeded".into())
        );
        let (ctx, cancel) = context::with_timeout(&background(), HOUR);
        cancel.cancel_with("sooner");
        assert_eq!(
            (ctx.err(), cause(&ctx).unwrap()),
            (CANCELED, "sooner".into())
        );

        let (parent, cancel) = with();
        let without = context::without_cancel(&parent);
        cancel.cancel_with("parent");
        assert_eq!((without.err(), cause(&without)), (None, None));
        let (below, cancel) = context::with_cancel(&without);
        cancel.cancel_with("below");
        assert_eq!(cause(&below).unwrap(), "below");
    });
}

/// TestCauseRace: whoever sees the end sees the cause.
#[test]
fn who_sees_the_end_sees_the_cause() {
    on(2, async {
        for _ in 0..2000 {
            let (ctx, cancel) = context::with_cancel(&background());
            let seen = ctx.clone();
            let watching = thread_or_goroutine(move || {
                while seen.err().is_none() {
                    thread::yield_now();
                }
                assert_eq!(cause(&seen).unwrap(), "why");
            });
            cancel.cancel_with("why");
            watching.await.unwrap();
        }
    });
}

/// TestWithoutCancel: the values, and nothing else.
#[test]
fn without_cancel_there_are_the_values_alone() {
    let (parent, cancel) = context::with_cancel(&context::with_value(&background(), "value"));
    let ctx = context::without_cancel(&parent);
    cancel.cancel();
    assert_eq!(ctx.value(), Some(&"value"));
    assert_eq!((ctx.err(), ctx.deadline(), cause(&ctx)), (None, None, None));
    assert!(!futures_lite::future::block_on(is_done(&ctx)));
}

/// TestAfterFuncCalledAfterCancel, TestAfterFuncCalledAfterTimeout, TestAfterFuncCalledImmediately and
/// TestAfterFuncCalledAsynchronously: once, in a goroutine of its own, and not before the end.
#[test]
fn what_comes_after_is_run_once_in_a_goroutine_of_its_own() {
    on_workers(|| async {
        co! {
            let here = task::id();
            let (tx, rx) = unbounded();
            let after = |ctx: &Context| {
                let tx = tx.clone();
                context::after_func(ctx, async move { co! { tx <- task::id(); } })
            };
            let (ctx, cancel) = context::with_cancel(&background());
            let before = chango::runtime::num_goroutines();
            let stop = after(&ctx);
            assert_eq!(chango::runtime::num_goroutines(), before);
            cancel.cancel();
            cancel.cancel();
            let there = (<-rx).unwrap();
            assert!(there.is_some() && there != here);
            assert!(!stop.stop());

            let (ctx, _cancel) = context::with_timeout(&background(), MS);
            let _stop = after(&ctx);
            assert!((<-rx).unwrap() != here);

            let stop = after(&ctx);
            assert!((<-rx).unwrap() != here);
            assert!(!stop.stop());
            assert!(rx.is_empty());
        }
    });
}

/// TestAfterFuncNotCalledAfterStop: what was stopped is not run, and dropped at once.
#[test]
fn what_was_stopped_is_not_run() {
    on_workers(|| async {
        let (ctx, cancel) = context::with_cancel(&background());
        let ran = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&ran);
        let stop = context::after_func(&ctx, async move { theirs.store(true, Ordering::Relaxed) });
        let (after, waited) = bounded::<()>(0);
        let _other = context::after_func(&ctx, async move { drop(after) });
        assert!(stop.stop());
        assert_eq!(Arc::strong_count(&ran), 1);
        cancel.cancel();
        assert_eq!(waited.recv().await, None);
        assert!(!ran.load(Ordering::Relaxed));
    });
}

/// x_test.go, the example of a merged cancellation: a stop takes one of two away.
#[test]
fn two_contexts_are_merged_by_what_comes_after_one() {
    on_workers(|| async {
        let (one, _cancel_one) = context::with_cancel(&context::with_value(&background(), "one"));
        let (two, cancel_two) = context::with_cancel(&background());
        let (merged, cancel) = context::with_cancel(&one);
        let cause_of = two.clone();
        let stop = context::after_func(&two, async move {
            cancel.cancel_with(cause(&cause_of).unwrap());
        });
        cancel_two.cancel_with("two is over");
        merged.done().await;
        assert!(!stop.stop());
        assert_eq!(
            (merged.err(), cause(&merged).unwrap()),
            (CANCELED, "two is over".into())
        );
        assert_eq!((one.err(), merged.value::<&str>()), (None, Some(&"one")));
    });
}

/// TestDeadlineExceededIsNetError and TestDeadlineExceededSupportsTimeout: it is the error of a timeout; and
/// the texts are Go's.
#[test]
fn a_passed_deadline_is_the_error_of_a_timeout() {
    let error: io::Error = ContextError::DeadlineExceeded.into();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert_eq!(error.to_string(), "context deadline exceeded");
    let inner = error.into_inner().unwrap();
    assert_eq!(inner.downcast_ref(), Some(&ContextError::DeadlineExceeded));

    let error: Box<dyn Error + Send + Sync> = ContextError::Canceled.into();
    assert_eq!(error.to_string(), "context canceled");
    assert_eq!(
        io::Error::from(ContextError::Canceled).kind(),
        io::ErrorKind::Other
    );
}

/// TestCustomContextGoroutines: no context has a goroutine.
#[test]
fn no_context_has_a_goroutine() {
    on_workers(|| async {
        let before = chango::runtime::num_goroutines();
        let (a, cancel) = context::with_cancel(&background());
        let (b, _b) = context::with_timeout(&a, HOUR);
        let (c, _c) = context::with_cancel(&context::with_value(&b, 1));
        let _stop = context::after_func(&c, async {});
        assert_eq!(chango::runtime::num_goroutines(), before);
        cancel.cancel();
        until("what comes after is over", move || {
            chango::runtime::num_goroutines() == before
        })
        .await;
    });
}

/// TestContextErrNotSet of later versions: a reason is never seen before the end can be received.
#[test]
fn an_error_is_not_seen_before_the_end_can_be_received() {
    on(2, async {
        let missed = Arc::new(AtomicUsize::new(0));
        for _ in 0..2000 {
            let (ctx, cancel) = context::with_cancel(&background());
            let (seen, missed) = (ctx.clone(), Arc::clone(&missed));
            let watching = task::spawn(async move {
                while seen.err().is_none() {
                    thread::yield_now();
                }
                if !is_done(&seen).await {
                    missed.fetch_add(1, Ordering::Relaxed);
                }
            });
            cancel.cancel();
            watching.await.unwrap();
        }
        assert_eq!(missed.load(Ordering::Relaxed), 0);
    });
}
