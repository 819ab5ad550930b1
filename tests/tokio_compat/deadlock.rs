//! Section 6 of `ARCHITECTURE.md` beside tokio: who waits for it is not called dead, and all others are as
//! ever.
//!
//! Each test that is to hang is this program itself, in a process of its own.

use std::future::{pending, poll_fn};
use std::io::{BufRead, BufReader, Read};
use std::pin::{Pin, pin};
use std::process::{Command, Stdio};
use std::task::{Context, Poll, Waker};

use chango::chan;
use chango::compat::{self, with_tokio};
use chango::prelude::*;
use chango::runtime::Builder;

use crate::child::{child, is_child};

const REPORT: &str = "all goroutines are asleep - deadlock!";
const FAILS: i32 = 101;

/// Longer than it takes until a test is called dead.
const LONG: Duration = Duration::from_secs(2);

/// Sleeps for so long by tokio's clock.
async fn nap(length: Duration) {
    tokio::time::sleep(length).await;
}

#[chango::test]
async fn a_test_that_waits_for_two_seconds_for_tokio_does_not_fail() {
    let goroutine = go! { with_tokio(nap(LONG)).await };
    goroutine.await.unwrap();
}

#[chango::test]
async fn a_test_that_waits_for_a_task_of_tokios_does_not_fail() {
    let (tx, rx) = chan::bounded(0);
    let task = async move { tx.send(1).await };
    with_tokio(async {
        let task = tokio::spawn(async move {
            nap(LONG).await;
            task.await
        });
        co! { assert_eq!(<-rx, Some(1)) }
        task.await.unwrap().unwrap();
    })
    .await;
}

#[chango::test]
async fn a_test_whose_future_has_begun_to_wait_in_another_runtime_does_not_fail() {
    let mut future: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(with_tokio(nap(LONG)));
    let other = Builder::new().workers(1).build().unwrap();
    let future = std::thread::spawn(move || {
        other.block_on(poll_fn(|_| {
            let polled = future
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending());
            Poll::Ready(())
        }));
        future
    });
    // The other runtime has ended by now, and was asked only once.
    let future = chango::task::blocking(|| future.join().unwrap());
    future.await;
}

/// Only in a process of its own, as all that follow: it is to fail.
#[chango::test]
async fn a_test_that_hangs_after_it_has_used_tokio() {
    if is_child() {
        with_tokio(nap(Duration::from_millis(10))).await;
        chan::never::<()>().recv().await;
    }
}

#[chango::test]
async fn a_test_that_hangs_with_a_future_of_tokios_that_is_ready() {
    if is_child() {
        let mut ready = pin!(with_tokio(nap(Duration::from_millis(10))));
        ready.as_mut().await;
        chan::never::<()>().recv().await;
    }
}

#[chango::test]
async fn a_test_that_hangs_after_it_has_aborted_what_waited_for_tokio() {
    if is_child() {
        let waits = go! { with_tokio(pending::<()>()).await };
        select! {
            () = with_tokio(pending::<()>()) => {}
            <-after(Duration::from_millis(10)) => {}
        }
        waits.abort();
        assert!(waits.await.unwrap_err().is_aborted());
        chan::never::<()>().recv().await;
    }
}

#[chango::test]
async fn a_test_that_hangs_after_what_used_tokio_has_panicked() {
    if is_child() {
        let panics = go! {
            with_tokio(async {
                nap(Duration::from_millis(10)).await;
                panic!("in between")
            })
            .await
        };
        assert!(panics.await.unwrap_err().is_panic());
        chan::never::<()>().recv().await;
    }
}

#[chango::test]
async fn a_test_that_hangs_beside_another_runtime_that_waits_for_tokio() {
    if is_child() {
        let other = Builder::new().workers(1).build().unwrap();
        other.spawn(with_tokio(pending::<()>()));
        chan::never::<()>().recv().await;
    }
}

#[test]
fn a_test_that_hangs_when_nobody_waits_for_tokio_fails_with_the_report() {
    for test in [
        "a_test_that_hangs_after_it_has_used_tokio",
        "a_test_that_hangs_with_a_future_of_tokios_that_is_ready",
        "a_test_that_hangs_after_it_has_aborted_what_waited_for_tokio",
        "a_test_that_hangs_after_what_used_tokio_has_panicked",
        "a_test_that_hangs_beside_another_runtime_that_waits_for_tokio",
    ] {
        let (output, printed) = child(test);
        assert_eq!(output.status.code(), Some(FAILS), "{printed}");
        assert_eq!(printed.matches(REPORT).count(), 1, "{printed}");
    }
}

#[chango::test(deadlock = "warn")]
async fn a_test_that_is_not_warned_while_it_waits() {
    if is_child() {
        with_tokio(nap(LONG)).await;
    }
}

/// It waits until the input of its process ends.
#[chango::test(deadlock = "warn")]
async fn a_test_that_is_warned_since_it_waits_for_a_task_without_a_word() {
    if is_child() {
        let end = compat::handle().spawn(async {
            let read = || std::io::stdin().read_to_end(&mut Vec::new());
            let end = tokio::task::spawn_blocking(read);
            // Without a report the test is to fail, and not to hang.
            tokio::time::timeout(Duration::from_secs(60), end)
                .await
                .is_ok()
        });
        assert!(end.await.unwrap());
    }
}

#[test]
fn what_is_awaited_without_with_tokio_is_not_known_to_be_awaited() {
    let (output, printed) = child("a_test_that_is_not_warned_while_it_waits");
    assert!(output.status.success(), "{printed}");
    assert_eq!(printed.matches(REPORT).count(), 0, "{printed}");

    let test = "deadlock::a_test_that_is_warned_since_it_waits_for_a_task_without_a_word";
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test])
        .env("CHANGO_TEST_CHILD", "1")
        .env_remove("CHANGO_DEADLOCK")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A wait of any length might end, on a machine that stands still, before anybody has looked.
    let mut input = process.stdin.take();
    let mut reports = 0;
    for line in BufReader::new(process.stderr.take().unwrap()).lines() {
        if line.unwrap().contains(REPORT) {
            reports += 1;
            input = None;
        }
    }
    drop(input);
    assert!(process.wait().unwrap().success());
    assert_eq!(reports, 1);
}
