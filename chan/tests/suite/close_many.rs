//! A close with very many who wait: the work is linear, each is woken once, and outside the lock.
//!
//! In a release build this is a million:
//!
//! ```text
//! cargo test --release -p chango-chan --test suite close_many -- --nocapture
//! ```

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use chango_chan::select::{self, Selected, Won};
use chango_chan::{Receiver, Sender, bounded};

use crate::support::arms;

const MANY: usize = if cfg!(debug_assertions) {
    100_000
} else {
    1_000_000
};

/// Far from what it takes. Quadratic work would not end in hours.
const HANGS: Duration = Duration::from_secs(60);

/// Counts wake-ups, and looks at the channel at each, which it could not do under the lock.
struct Looker {
    rung: AtomicUsize,
    look: Box<dyn Fn() -> bool + Send + Sync>,
}

impl Wake for Looker {
    fn wake(self: Arc<Self>) {
        self.rung.fetch_add(1, Ordering::Relaxed);
        assert!((self.look)());
    }
}

/// Has `count` futures wait, closes, and polls all of them: how long the close took.
fn close<F: Future>(
    what: &str,
    count: usize,
    look: impl Fn() -> bool + Send + Sync + 'static,
    make: impl Fn(usize) -> F,
    close: impl FnOnce(),
    sees_the_end: impl Fn(F::Output) -> bool,
) -> Duration {
    let looker = Arc::new(Looker {
        rung: AtomicUsize::new(0),
        look: Box::new(look),
    });
    let waker = Waker::from(Arc::clone(&looker));
    let mut cx = Context::from_waker(&waker);
    // One allocation for all of them: it is the channel that is tried, and not the allocator.
    let mut all: Pin<Box<[F]>> = Box::into_pin((0..count).map(make).collect());
    let at = |all: &mut Pin<Box<[F]>>, at: usize, cx: &mut Context<'_>| {
        // SAFETY: what stands in a pinned slice is pinned: nothing here moves it.
        let future = unsafe { all.as_mut().map_unchecked_mut(|all| &mut all[at]) };
        future.poll(cx)
    };
    for place in 0..count {
        assert!(at(&mut all, place, &mut cx).is_pending());
    }
    let begun = Instant::now();
    close();
    let took = begun.elapsed();
    assert_eq!(looker.rung.load(Ordering::Relaxed), count, "{what}");
    for place in 0..count {
        match at(&mut all, place, &mut cx) {
            Poll::Ready(end) => assert!(sees_the_end(end), "{what}"),
            Poll::Pending => panic!("{what}: one waits on"),
        }
    }
    assert!(took < HANGS, "{what}: {took:?}");
    took
}

/// For a quarter of them, and for all.
fn twice(what: &str, run: impl Fn(usize) -> Duration) {
    let [quarter, all] = [MANY / 4, MANY].map(|count| (count, run(count)));
    for (count, took) in [quarter, all] {
        let each = took.as_nanos() / count as u128;
        println!("{count} {what}: closed in {took:.3?}, {each} ns each");
    }
}

#[test]
fn very_many_receives_see_the_last_sender_go() {
    twice("receives", |count| {
        let (tx, rx) = bounded::<u64>(0);
        let look = rx.downgrade();
        close(
            "a receive",
            count,
            move || look.upgrade().is_some_and(|rx| rx.is_closed()),
            |_| rx.recv(),
            || drop(tx),
            |received| received.is_none(),
        )
    });
}

#[test]
fn very_many_sends_get_their_values_back_when_the_last_receiver_goes() {
    twice("sends", |count| {
        let (tx, rx) = bounded::<usize>(0);
        let look = tx.downgrade();
        let next = AtomicUsize::new(0);
        close(
            "a send",
            count,
            move || look.upgrade().is_some_and(|tx| tx.is_closed()),
            |value| tx.send(value),
            || drop(rx),
            |sent| {
                let error = sent.expect_err("nobody listens");
                error.is_disconnected()
                    && error.into_inner() == next.fetch_add(1, Ordering::Relaxed)
            },
        )
    });
}

#[test]
fn very_many_selects_on_two_channels_see_one_of_them_closed() {
    twice("selects", |count| {
        let (tx, rx) = bounded::<u64>(0);
        let (other_tx, other_rx): (Sender<u64>, Receiver<u64>) = bounded(0);
        let look = rx.downgrade();
        let took = close(
            "a select",
            count,
            move || look.upgrade().is_some_and(|rx| rx.is_closed()),
            |_| select::wait(arms![select::recv(&other_rx), select::recv(&rx)]),
            || {
                assert!(tx.close());
                // All are chosen by now, though they stand in this queue still.
                assert!(other_tx.close());
            },
            |selected| matches!(selected, Selected::Arm(Won::Later(Won::This(None)))),
        );
        assert!(other_rx.is_empty());
        took
    });
}
