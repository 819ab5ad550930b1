//! Section 6 of `ARCHITECTURE.md`, where it speaks of tests; of programs, see `tests/deadlock.rs`.
//!
//! Each test that is to hang is this program itself, in a process of its own.

use std::thread;

use chango::prelude::*;

use crate::child::{child, is_child};

const REPORT: &str = "all goroutines are asleep - deadlock!";
const FAILS: i32 = 101;

/// Longer than it takes until a test is called dead.
const LONG: Duration = Duration::from_millis(3000);

/// Only in a process of its own: it is to fail.
#[chango::test]
async fn a_test_that_hangs() {
    if is_child() {
        chango::chan::never::<()>().recv().await;
    }
}

#[chango::test(deadlock = "warn")]
async fn a_test_that_is_warned() {
    if is_child() {
        comes_late().await;
    }
}

#[chango::test(deadlock = "off")]
async fn a_test_that_is_left_alone() {
    if is_child() {
        comes_late().await;
    }
}

async fn comes_late() {
    let (tx, rx) = bounded(0);
    thread::spawn(move || {
        thread::sleep(LONG);
        tx.send_blocking(1)
    });
    co! { assert_eq!(<-rx, Some(1)) }
}

#[test]
fn a_test_fails_with_the_report_after_a_second_of_silence() {
    let (output, printed) = child("a_test_that_hangs");
    assert_eq!(output.status.code(), Some(FAILS), "{printed}");
    assert_eq!(printed.matches(REPORT).count(), 1, "{printed}");
}

#[test]
fn a_test_may_say_that_it_is_only_to_be_warned_or_left_alone() {
    for (test, warnings) in [
        ("a_test_that_is_warned", 1),
        ("a_test_that_is_left_alone", 0),
    ] {
        let (output, printed) = child(test);
        assert!(output.status.success(), "{printed}");
        // The harness keeps to itself what a test prints that succeeds, but not what another thread
        // writes past it.
        assert_eq!(printed.matches(REPORT).count(), warnings, "{printed}");
    }
}
