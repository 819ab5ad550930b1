//! What was handed to an operation that is dropped unpolled, as the macros write it: `chan`'s probe
//! suite tries every operation there; here is what `go!` and `select!` make of them.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use chango::prelude::*;
use chango::task::yield_now;
use chango::time::timeout;
use futures_lite::future::ready;

use crate::workers::on;

type Op = Pin<Box<dyn Future<Output = Option<u32>> + Send>>;

/// Nothing comes here, and it is not closed.
fn silent() -> Receiver<u32> {
    chango::chan::never()
}

/// Every way of writing a receive that waits.
fn receives(rx: &Receiver<u32>) -> Vec<(&'static str, Op)> {
    macro_rules! forms {
        ($($name:literal: |$rx:ident| { $($body:tt)* })*) => {
            vec![$(($name, {
                let $rx = rx.clone();
                Box::pin(async move { co! { $($body)* } }) as Op
            })),*]
        };
    }
    forms! {
        "arrow": |rx| { <-rx }
        "arrow with a question mark": |rx| { let v = (<-rx)?; Some(v) }
        "loop": |rx| { let mut last = None; for v in <-rx { last = Some(v); break; } last }
        "select": |rx| { select! { v = <-rx => v } }
        "select with others": |rx| {
            let (silent, full) = (silent(), bounded::<u32>(0));
            select! { v = <-silent => v, v = <-rx => v, full.0 <- 1 => None }
        }
        "select with some": |rx| {
            let silent = silent();
            select! { Some(v) = <-rx => Some(v), Some(v) = <-silent => Some(v), else => None }
        }
        "select with a guard": |rx| {
            let silent = silent();
            select! { v = <-silent, if false => v, v = <-rx, if true => v }
        }
        "select with a timer": |rx| {
            select! { v = <-rx => v, <-after(Duration::from_secs(3_600)) => None }
        }
        "select of an expression": |rx| { select! { v = <-rx.clone() => v } }
        "nil": |rx| { let some = Some(rx); <-some }
        "recv_any": |rx| { chango::chan::recv_any(&[rx]).await.1 }
    }
}

/// Every way of writing a send of 7 that waits.
fn sends(tx: &Sender<u32>) -> Vec<(&'static str, Op)> {
    macro_rules! forms {
        ($($name:literal: |$tx:ident| { $($body:tt)* })*) => {
            vec![$(($name, {
                let $tx = tx.clone();
                Box::pin(async move { co! { $($body)* } }) as Op
            })),*]
        };
    }
    forms! {
        "statement": |tx| { tx <- 7; None }
        "value": |tx| { let sent = tx <- 7; assert!(sent.is_ok()); None }
        "select": |tx| { select! { tx <- 7 => None } }
        "select with a result": |tx| {
            let silent = silent();
            select! { sent = tx <- 7 => { assert!(sent.is_ok()); None }, v = <-silent => v }
        }
        "select with a pending value": |tx| {
            let (silent, mut value) = (silent(), 7);
            select! { tx <- mut value => None, v = <-silent => { value = v?; Some(value) } }
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Way {
    Drop,
    LoseInSelect,
    Abort,
    /// Before it is completed.
    TimeIsUp,
}

const WAYS: [Way; 4] = [Way::Drop, Way::LoseInSelect, Way::Abort, Way::TimeIsUp];

fn poll(op: &mut Op) -> Poll<Option<u32>> {
    op.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

impl Way {
    /// Runs on the only worker, so that no goroutine is polled between the completion and the end.
    async fn run(self, mut op: Op, complete: impl FnOnce()) {
        match self {
            Self::Drop => {
                assert!(poll(&mut op).is_pending());
                complete();
                drop(op);
            }
            Self::LoseInSelect => {
                let (go, going) = bounded::<()>(1);
                let mut select: Op = Box::pin(async move {
                    select! { biased; <-going => None, v = op => v }
                });
                assert!(poll(&mut select).is_pending());
                complete();
                assert!(go.try_send(()).is_ok());
                assert_eq!(poll(&mut select), Poll::Ready(None));
            }
            Self::Abort => {
                let waits = Arc::new(AtomicBool::new(false));
                let waiting = Arc::clone(&waits);
                let goroutine = go! {
                    poll_fn(|cx| {
                        waits.store(true, Ordering::SeqCst);
                        op.as_mut().poll(cx)
                    })
                    .await
                };
                while !waiting.load(Ordering::SeqCst) {
                    yield_now().await;
                }
                complete();
                goroutine.abort();
                assert!(goroutine.await.unwrap_err().is_aborted());
            }
            Self::TimeIsUp => {
                assert!(timeout(Duration::ZERO, op).await.is_err());
                complete();
            }
        }
    }
}

#[test]
fn what_a_dropped_receive_was_handed_comes_back_in_its_place() {
    on(1, async {
        for way in WAYS {
            for capacity in [0, 1, 3] {
                for form in 0..receives(&silent()).len() {
                    let (tx, rx) = bounded(capacity);
                    let (name, op) = receives(&rx).swap_remove(form);
                    let is_up = matches!(way, Way::TimeIsUp);
                    way.run(op, || {
                        // Nobody is left in the queue of a rendezvous when the time was up.
                        assert_eq!(tx.try_send(1).is_ok(), !is_up || capacity > 0, "{name}");
                        let _ = tx.try_send(2);
                    })
                    .await;
                    let received: Vec<_> = std::iter::from_fn(|| rx.try_recv().ok()).collect();
                    let most = if is_up { capacity } else { capacity + 1 };
                    let expected: Vec<_> = (1..=2).take(most).collect();
                    assert_eq!(received, expected, "{name}, {capacity}, {way:?}");
                }
            }
        }
    });
}

#[test]
fn what_a_dropped_send_had_is_sent_or_gone() {
    on(1, async {
        for way in WAYS {
            for capacity in [0, 1, 3] {
                for form in 0..sends(&bounded(0).0).len() {
                    let (tx, rx) = bounded(capacity);
                    (0..capacity as u32).for_each(|v| assert!(tx.try_send(v).is_ok()));
                    let (name, op) = sends(&tx).swap_remove(form);
                    let mut received = Vec::new();
                    way.run(op, || received.extend(rx.try_recv().ok())).await;
                    received.extend(std::iter::from_fn(|| rx.try_recv().ok()));
                    let mut expected: Vec<_> = (0..capacity as u32).collect();
                    if !matches!(way, Way::TimeIsUp) {
                        expected.push(7);
                    }
                    assert_eq!(received, expected, "{name}, {capacity}, {way:?}");
                }
            }
        }
    });
}

#[test]
fn a_pending_value_is_back_before_the_body_of_whatever_won() {
    on(1, async {
        let counted = Arc::new(());
        let (tx, rx) = bounded::<Arc<()>>(0);
        let silent = silent();
        let closed = bounded::<u32>(0).1;
        // It is there once, and nobody can receive it any more.
        let back = |value: Arc<()>, at: &str| {
            assert!(rx.try_recv().is_err(), "{at}");
            assert_eq!(Arc::strong_count(&counted), 2, "{at}");
            drop(value);
            assert_eq!(Arc::strong_count(&counted), 1, "{at}");
        };
        let mut value = Arc::clone(&counted);
        select! { tx <- mut value => {}, <-closed => back(value, "a closed channel") }
        value = Arc::clone(&counted);
        select! { tx <- mut value => {}, default => back(value, "a default") }
        value = Arc::clone(&counted);
        select! {
            tx <- mut value => {},
            Some(_) = <-closed => {},
            _ = ready(()) => back(value, "a future, beside an arm that is off"),
        }
        value = Arc::clone(&counted);
        select! {
            tx <- mut value => {},
            <-silent => {},
            <-after(Duration::from_millis(1)) => back(value, "a timer, after it waited"),
        }
        value = Arc::clone(&counted);
        select! {
            tx <- mut value, if false => {},
            Some(_) = <-closed => {},
            else => back(value, "an else"),
        }
        value = Arc::clone(&counted);
        let (other_tx, other_rx) = bounded::<u32>(0);
        let sender = go! { other_tx <- 1; };
        select! { tx <- mut value => {}, <-other_rx => back(value, "a send that came later") }
        assert!(sender.await.is_ok());
    });
}
