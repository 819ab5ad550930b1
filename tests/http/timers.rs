//! The timer by itself, as hyper calls it.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use chango::hyper::Timer;
use chango::prelude::*;
use futures_lite::future::poll_once;
use hyper::rt::{Sleep, Timer as _};

use crate::workers::on_workers;

const LONG: Duration = Duration::from_secs(3_600);

#[test]
fn no_timeout_is_early_and_all_end() {
    on_workers(|| async {
        let timer = Timer::new();
        let start = timer.now();
        timer.sleep(Duration::from_millis(3)).await;
        assert!(start.elapsed() >= Duration::from_millis(3));
        timer.sleep_until(start + Duration::from_millis(6)).await;
        assert!(start.elapsed() >= Duration::from_millis(6));
    });
}

#[test]
fn a_timeout_that_somebody_waits_for_is_set_anew_in_its_place() {
    on_workers(|| async {
        let timer = Timer::new();
        let mut timeout = timer.sleep(Duration::from_millis(2));
        let place = address(&timeout);
        for _ in 0..3 {
            let _ = poll_once(timeout.as_mut()).await;
            let later = timer.now() + Duration::from_millis(5);
            timer.reset(&mut timeout, later);
            timeout.as_mut().await;
            assert!(timer.now() >= later);
        }
        timer.reset(&mut timeout, timer.now() + LONG);
        assert!(poll_once(timeout.as_mut()).await.is_none());
        timer.reset(&mut timeout, timer.now() + Duration::from_millis(1));
        timeout.as_mut().await;
        assert_eq!(address(&timeout), place, "no other one was made");
    });
}

fn address(sleep: &Pin<Box<dyn Sleep>>) -> usize {
    std::ptr::from_ref(&**sleep).addr()
}

/// One that another timer has made.
struct Theirs;

impl Future for Theirs {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

impl Sleep for Theirs {}

#[test]
fn a_timeout_of_another_timer_becomes_one_of_ours() {
    on_workers(|| async {
        let timer = Timer::new();
        let mut timeout: Pin<Box<dyn Sleep>> = Box::pin(Theirs);
        let moment = timer.now() + Duration::from_millis(2);
        timer.reset(&mut timeout, moment);
        poll_fn(|cx| timeout.as_mut().poll(cx)).await;
        assert!(timer.now() >= moment);
    });
}
