//! What the arrows in the block macros do, as they call it: `ops`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

use chango_chan::ops::{self, Started};
use chango_chan::{Receiver, SendTo, Sender, bounded};
use chango_core::runtime::Runtime;
use chango_core::{spawn, time};
use futures_lite::future::block_on;

use crate::support::poll;

async fn statement<S: SendTo>(to: &S, value: S::Item) {
    match ops::send_to(to).start(value) {
        Started::Sent => (),
        Started::Waiting(waiting) => waiting.statement().await,
    }
}

fn message(f: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(f)).expect_err("this panics");
    panic
        .downcast_ref::<String>()
        .expect("a panic with a text")
        .clone()
}

#[test]
fn a_statement_on_a_channel_closed_by_a_sender_panics_with_type_and_position() {
    let (tx, _rx) = bounded(1);
    tx.close();
    let line = line!() + 1;
    let Started::Waiting(waiting) = ops::send_to(&tx).start(String::new()) else {
        panic!("a closed channel is dealt with by the future");
    };
    let text = message(|| block_on(waiting.statement()));
    assert!(text.contains("`alloc::string::String`"), "{text}");
    assert!(text.contains("on a closed channel"), "{text}");
    assert!(text.contains(&format!("{}:{line}:", file!())), "{text}");
}

#[test]
fn a_statement_that_nobody_receives_panics_outside_a_goroutine() {
    let (tx, rx) = bounded(1);
    drop(rx);
    assert!(message(|| block_on(statement(&tx, 1))).contains("nobody receives"));
}

#[test]
fn a_statement_that_nobody_receives_panics_in_the_main_goroutine() {
    let (tx, rx) = bounded(1);
    drop(rx);
    let runtime = Runtime::new().unwrap();
    let text = message(|| runtime.run(async move { statement(&tx, 1).await }));
    assert!(text.contains("nobody receives"), "{text}");
}

#[test]
fn a_statement_that_nobody_receives_ends_any_other_goroutine_quietly() {
    let runtime = Runtime::new().unwrap();
    let (tx, rx) = bounded(1);
    let (done_tx, done_rx) = bounded::<()>(0);
    drop(rx);
    let handle = runtime.spawn(async move {
        let _done = done_tx;
        statement(&tx, 1).await;
        unreachable!("the goroutine has ended");
    });
    assert!(runtime.block_on(handle).unwrap_err().is_exited());
    // Destructors have run.
    assert_eq!(block_on(done_rx.recv()), None);
}

#[test]
fn a_statement_that_waits_ends_its_goroutine_when_the_receiver_goes() {
    let runtime = Runtime::new().unwrap();
    let (tx, rx) = bounded(0);
    let handle = runtime.spawn(async move { statement(&tx, 1).await });
    runtime.block_on(async {
        time::sleep(std::time::Duration::from_millis(1)).await;
        drop(rx);
        assert!(handle.await.unwrap_err().is_exited());
    });
}

#[test]
fn a_send_as_a_value_neither_panics_nor_ends_anything() {
    let (tx, rx) = bounded(1);
    drop(rx);
    let sent = block_on(async {
        match ops::send_to(&tx).start(5) {
            Started::Sent => Ok(()),
            Started::Waiting(waiting) => waiting.value().await,
        }
    });
    assert_eq!(sent.unwrap_err().into_inner(), 5);
}

#[test]
fn settling_an_error_ends_as_a_statement_does() {
    let (tx, rx) = bounded(1);
    tx.close();
    let error = tx.send_blocking(1).unwrap_err();
    let at = std::panic::Location::caller();
    assert!(message(|| block_on(ops::settle(error, at))).contains(&at.to_string()));
    drop(rx);

    let (tx, rx) = bounded(1);
    drop(rx);
    let error = tx.send_blocking(1).unwrap_err();
    let handle = Runtime::new().unwrap();
    let result = handle.block_on(handle.spawn(async move { ops::settle(error, at).await }));
    assert!(result.unwrap_err().is_exited());
}

#[test]
fn nil_channels_never_complete() {
    let mut send = Box::pin(statement(&None::<Sender<i32>>, 1));
    assert!(poll(&mut send).is_pending());
    let nil = None::<Receiver<i32>>;
    assert!(ops::receive(&nil).now().is_pending());
    assert!(poll(&mut Box::pin(ops::receive(&nil).wait())).is_pending());
}

#[test]
fn operands_may_stand_behind_references_and_options() {
    let (tx, rx) = bounded(10);
    block_on(async {
        statement(&&tx, 1).await;
        statement(&Some(&tx), 2).await;
        statement(&Box::new(tx.clone()), 3).await;
        statement(&std::sync::Arc::new(Some(tx.clone())), 4).await;
    });
    assert_eq!(ops::receive(&&rx).now(), Poll::Ready(Some(1)));
    assert_eq!(ops::receive(&Some(&rx)).now(), Poll::Ready(Some(2)));
    assert_eq!(ops::receive(&&mut rx.clone()).now(), Poll::Ready(Some(3)));
    assert_eq!(block_on(ops::receive(&&&rx).wait()), Some(4));
}

#[test]
fn a_loop_over_a_receiver_ends_with_the_channel() {
    let (tx, rx) = bounded(10);
    (0..5).for_each(|value| tx.try_send(value).unwrap());
    drop(tx);
    let each = ops::receive_each(&rx);
    let mut received = vec![];
    block_on(async {
        while let Some(value) = match each.now() {
            Poll::Ready(next) => next,
            Poll::Pending => each.wait().await,
        } {
            received.push(value);
        }
    });
    assert_eq!(received, [0, 1, 2, 3, 4]);
}

#[test]
fn timers_tickers_and_goroutines_can_be_received_from() {
    use std::time::{Duration, Instant};
    Runtime::new().unwrap().run(async {
        let begun = Instant::now();
        let timer = time::after(Duration::from_millis(2));
        assert!(ops::receive(&timer).now().is_pending());
        let fired = ops::receive(&timer).wait().await;
        assert!(fired >= begun + Duration::from_millis(2));

        let ticker = time::tick(Duration::from_millis(1));
        let each = ops::receive_each(&ticker);
        let first = each.wait().await.expect("a ticker never ends");
        let second = each.wait().await.expect("a ticker never ends");
        assert!(second > first);

        let handle = spawn::spawn(async { 6 * 7 });
        assert_eq!(ops::receive(&handle).wait().await.unwrap(), 42);
        let failed = spawn::spawn(async { spawn::exit().await });
        assert!(ops::receive(&failed).wait().await.is_err());
        let finished = spawn::spawn(async {});
        while !finished.is_finished() {
            spawn::yield_now().await;
        }
        assert!(ops::receive(&finished).now().is_ready());
    });
}
