//! runtime/chan_test.go (but for its selects, see select.rs) and the programs of test/chan.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chango::chan::{Receiver, SendError, Sender, TryRecvError, TrySendError};
use chango::prelude::*;
use chango::{runtime, task};
use futures_lite::future::poll_once;

use crate::until::until;
use crate::workers::{on, on_workers};

const CAPACITIES: [usize; 5] = [0, 1, 2, 10, 100];

/// TestChan: a receive from an empty channel blocks, and so does one in a select without default.
#[test]
fn receiving_from_an_empty_channel_blocks() {
    on_workers(|| async {
        co! {
            for capacity in CAPACITIES {
                let (tx, rx) = bounded::<i32>(capacity);
                assert!(poll_once(async { co! { <-rx } }).await.is_none());
                let selected = poll_once(async { select! { v = <-rx => v } }).await;
                assert!(selected.is_none());
                let tried = select! { _ = <-rx => false, default => true };
                assert!(tried, "a receive from an empty channel was ready");
                assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
                drop(tx);
            }
        }
    });
}

/// TestChan: a send to a full channel blocks.
#[test]
fn sending_to_a_full_channel_blocks() {
    on_workers(|| async {
        co! {
            for capacity in CAPACITIES {
                let (tx, rx) = bounded(capacity);
                for i in 0..capacity { tx <- i; }
                assert!(poll_once(tx.send(0)).await.is_none());
                assert!(poll_once(async { select! { tx <- 0 => {} } }).await.is_none());
                let tried = select! { tx <- 0 => false, default => true };
                assert!(tried, "a send to a full channel was ready");
                assert!(matches!(tx.try_send(7), Err(TrySendError::Full(7))));
                drop(tx);
                // What was given up has left nothing behind.
                let mut received = Vec::new();
                for v in <-rx { received.push(v); }
                assert_eq!(received, (0..capacity).collect::<Vec<_>>());
            }
        }
    });
}

/// TestChan: a closed channel is always ready and gives nothing once it is drained.
#[test]
fn receiving_from_a_closed_channel_does_not_block() {
    on_workers(|| async {
        co! {
            for capacity in CAPACITIES {
                let (tx, rx) = bounded(capacity);
                for i in 0..capacity { tx <- i; }
                assert!(tx.close());
                for i in 0..capacity { assert_eq!(<-rx, Some(i)); }
                for _ in 0..3 {
                    assert_eq!(<-rx, None);
                    let selected = select! { v = <-rx => v, default => unreachable!("not ready") };
                    assert_eq!(selected, None);
                }
                assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
            }
        }
    });
}

/// TestChan: close wakes a goroutine that waits to receive.
#[test]
fn close_wakes_a_blocked_receiver() {
    on_workers(|| async {
        co! {
            for capacity in CAPACITIES {
                let (tx, rx) = bounded::<i32>(capacity);
                let waiting = Arc::new(AtomicUsize::new(0));
                let receivers: Vec<_> = (0..3).map(|_| {
                    go! { clone rx, waiting;
                        waiting.fetch_add(1, Ordering::Relaxed);
                        <-rx
                    }
                }).collect();
                until("all are about to wait", || waiting.load(Ordering::Relaxed) == 3).await;
                tx.close();
                for receiver in receivers {
                    assert_eq!((<-receiver).unwrap(), None);
                }
            }
        }
    });
}

/// TestChan: what one goroutine sends, another receives, in order.
#[test]
fn a_hundred_values_arrive_in_order() {
    on_workers(|| async {
        co! {
            for capacity in CAPACITIES {
                let (tx, rx) = bounded(capacity);
                go! { for i in 0..100 { tx <- i; } };
                for i in 0..100 { assert_eq!(<-rx, Some(i)); }
                assert_eq!(<-rx, None);
            }
        }
    });
}

/// TestChan: four goroutines send a thousand values each, four receive, and each value arrives as
/// often as it was sent.
#[test]
fn four_senders_and_four_receivers_lose_and_double_nothing() {
    const EACH: usize = 1_000;
    on_workers(|| async {
        co! {
            for capacity in CAPACITIES {
                let (tx, rx) = bounded(capacity);
                for _ in 0..4 {
                    go! { clone tx; for i in 0..EACH { tx <- i; } }
                }
                drop(tx);
                let counters: Vec<_> = (0..4).map(|_| {
                    go! { clone rx;
                        let mut counts = HashMap::new();
                        for v in <-rx { *counts.entry(v).or_insert(0) += 1; }
                        counts
                    }
                }).collect();
                let mut all = HashMap::new();
                for counter in counters {
                    for (v, count) in (<-counter).unwrap() { *all.entry(v).or_insert(0) += count; }
                }
                assert_eq!(all.len(), EACH);
                assert!(all.values().all(|&count| count == 4));
            }
        }
    });
}

/// TestChan (len and cap) and test/chancap.go.
#[test]
fn length_and_capacity_are_what_they_say() {
    on(1, async {
        for capacity in CAPACITIES {
            let (tx, rx) = bounded(capacity);
            assert_eq!(
                (tx.capacity(), rx.capacity()),
                (Some(capacity), Some(capacity))
            );
            assert_eq!((tx.len(), rx.len()), (0, 0));
            for i in 0..capacity {
                assert!(!tx.is_full());
                tx.try_send(i).unwrap();
                assert_eq!((tx.len(), rx.len()), (i + 1, i + 1));
            }
            assert!(tx.is_full() && rx.is_full());
        }
        let (tx, rx) = unbounded();
        assert_eq!((tx.capacity(), rx.capacity()), (None, None));
        for i in 0..1_000 {
            tx.try_send(i).unwrap();
        }
        assert_eq!(rx.len(), 1_000);
        assert!(!tx.is_full());
    });
}

/// TestNonblockRecvRace: a channel that holds a value and is being closed is ready at every moment.
#[test]
fn a_full_channel_that_is_closed_is_always_ready() {
    on_workers(|| async {
        co! {
            for _ in 0..2_000 {
                let (tx, rx) = bounded(1);
                tx <- 1;
                let ready = go! { clone rx; select! { <-rx => true, default => false } };
                tx.close();
                let _ = <-rx;
                assert!((<-ready).unwrap(), "the channel was not ready");
            }
        }
    });
}

/// TestChanSendInterface: values behind a trait object, whichever way they are sent.
#[test]
fn trait_objects_are_sent_every_way() {
    trait Named: Send {
        fn name(&self) -> String;
    }
    impl Named for i32 {
        fn name(&self) -> String {
            format!("i{self}")
        }
    }
    impl Named for &'static str {
        fn name(&self) -> String {
            (*self).to_owned()
        }
    }
    on(2, async {
        co! {
            let (tx, rx) = bounded::<Box<dyn Named>>(1);
            tx <- Box::new(1);
            select! { tx <- Box::new("full") => unreachable!("it is full"), default => {} }
            assert_eq!((<-rx).unwrap().name(), "i1");
            select! {
                tx <- Box::new("text") => {}
                tx <- Box::new(0) => {}
            }
            let name = (<-rx).unwrap().name();
            assert!(name == "text" || name == "i0");
        }
    });
}

/// TestMultiConsumer: many workers between two channels, some of which yield now and then.
#[test]
fn many_consumers_pass_everything_on() {
    const PRIMES: [u64; 13] = [2, 3, 7, 11, 13, 17, 19, 23, 27, 31, 34, 37, 41];
    const ROUNDS: usize = 10_000;
    on_workers(|| async {
        co! {
            let (q_tx, q) = bounded(69);
            let (r_tx, r) = bounded(69);
            for worker in 0..23 {
                go! { clone q, r_tx;
                    for v in <-q {
                        if PRIMES[worker % PRIMES.len()] == v { task::yield_now().await; }
                        r_tx <- v;
                    }
                }
            }
            drop((q, r_tx));
            let expected = go! {
                let mut sum = 0;
                for i in 0..ROUNDS {
                    let v = PRIMES[i % PRIMES.len()];
                    sum += v;
                    q_tx <- v;
                }
                sum
            };
            let (mut count, mut sum) = (0, 0);
            for v in <-r { count += 1; sum += v; }
            assert_eq!(count, ROUNDS);
            assert_eq!(sum, (<-expected).unwrap());
        }
    });
}

/// test/chan/fifo.go: a buffered channel, and a chain of goroutines on rendezvous channels.
#[test]
fn first_in_is_first_out() {
    on_workers(|| async {
        co! {
            let (tx, rx) = bounded(10);
            for i in 0..10 { tx <- i; }
            for i in 0..10 { assert_eq!(<-rx, Some(i)); }

            // Goroutine i receives i, but only after goroutine i-1 has, which opens its gate.
            let (tx, rx) = bounded(0);
            let (gate, mut before) = bounded(1);
            gate <- ();
            for i in 0..10 {
                let (open, next) = bounded(1);
                go! { clone rx;
                    let _ = <-before;
                    assert_eq!(<-rx, Some(i));
                    open <- ();
                }
                before = next;
            }
            for i in 0..10 { tx <- i; }
            assert_eq!(<-before, Some(()));
        }
    });
}

/// test/chan/goroutines.go: a value passes through ten thousand goroutines.
#[test]
fn a_chain_of_ten_thousand_goroutines() {
    async fn link(left: Sender<u32>, right: Receiver<u32>) {
        co! { left <- (<-right).unwrap() + 1; }
    }
    on_workers(|| async {
        co! {
            let (tx, leftmost) = bounded(0);
            let mut left = tx;
            for _ in 0..10_000 {
                let (tx, right) = bounded(0);
                go!(link(left, right));
                left = tx;
            }
            go! { left <- 0; };
            assert_eq!(<-leftmost, Some(10_000));
            until("the links have ended", || runtime::num_goroutines() == 1).await;
        }
    });
}

/// test/chan/nonblock.go: nonblocking operations of several types see exactly what is there.
#[test]
fn nonblocking_operations_meet_only_who_waits() {
    async fn check<T: Clone + PartialEq + std::fmt::Debug + Send + 'static>(value: T) {
        co! {
            for capacity in [0, 1] {
                let (tx, rx) = bounded(capacity);
                assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
                select! { _ = <-rx => panic!("nothing was sent"), default => {} }
                if capacity == 0 {
                    select! { tx <- value.clone() => panic!("nobody receives"), default => {} }
                }

                // Somebody who waits to receive is met by a send that does not wait.
                let mut receive = std::pin::pin!(rx.recv());
                assert!(poll_once(receive.as_mut()).await.is_none());
                select! {
                    tx <- value.clone() => {}
                    default => panic!("a receiver waits"),
                }
                assert_eq!(receive.await, Some(value.clone()));

                // Somebody who waits to send is met by a receive that does not wait.
                if capacity == 1 { tx <- value.clone(); }
                let mut send = std::pin::pin!(tx.send(value.clone()));
                assert!(poll_once(send.as_mut()).await.is_none());
                for _ in 0..=capacity {
                    select! {
                        v = <-rx => assert_eq!(v, Some(value.clone())),
                        default => panic!("a sender waits"),
                    }
                }
                assert!(send.await.is_ok());
            }
        }
    }
    on_workers(|| async {
        check(7_i32).await;
        check(true).await;
        check(String::from("hi")).await;
        check([1_u64; 16]).await;
        check(()).await;
    });
}

/// test/chan/sieve1.go and sieve2.go: the prime sieve, on rendezvous and on buffered channels.
#[test]
fn the_sieve_finds_the_first_primes() {
    async fn filter(numbers: Receiver<u32>, others: Sender<u32>, prime: u32) {
        co! { for n in <-numbers { if n % prime != 0 { others <- n; } } }
    }
    const FIRST: [u32; 25] = [
        2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89,
        97,
    ];
    on_workers(|| async {
        co! {
            for capacity in [0, 1, 16] {
                let (tx, mut sieve) = bounded(capacity);
                go! { for n in 2.. { tx <- n; } };
                for expected in FIRST {
                    let prime = (<-sieve).unwrap();
                    assert_eq!(prime, expected);
                    let (tx, rx) = bounded(capacity);
                    go!(filter(sieve, tx, prime));
                    sieve = rx;
                }
                drop(sieve);
                until("the sieve has ended", || runtime::num_goroutines() == 1).await;
            }
        }
    });
}

/// test/chan/sendstmt.go: a send has the lowest precedence of all.
#[test]
fn the_sent_value_is_the_whole_expression() {
    on(1, async {
        co! {
            let (tx, rx) = bounded(2);
            let (yes, no) = (rx.is_empty(), rx.is_full());
            tx <- yes && no;
            assert_eq!(<-rx, Some(false));
            tx <- 1 == 2 || 3 < 4;
            assert_eq!(<-rx, Some(true));

            let (tx, rx) = bounded(2);
            tx <- 1 + 2 * 3;
            assert_eq!(<-rx, Some(7));
            tx <- if rx.is_empty() { 8 } else { 9 };
            assert_eq!(<-rx, Some(8));
            // Receive binds tightest, so this sends what was received, and one more.
            tx <- 20;
            tx <- (<-rx).unwrap() + 1;
            assert_eq!(<-rx, Some(21));
        }
    });
}

/// test/chan/zerosize.go: values of no size are still counted.
#[test]
fn values_of_no_size_are_counted() {
    on_workers(|| async {
        co! {
            for capacity in CAPACITIES {
                let (tx, rx) = bounded::<[u8; 0]>(capacity);
                go! { for _ in 0..250 { tx <- []; } };
                let mut count = 0;
                for _ in <-rx { count += 1; }
                assert_eq!(count, 250);
            }
            let (tx, rx) = unbounded::<()>();
            for _ in 0..250 { tx <- (); }
            assert_eq!(rx.len(), 250);
            drop(tx);
            let mut count = 0;
            for () in <-rx { count += 1; }
            assert_eq!(count, 250);
        }
    });
}

/// test/closedchan.go: what every operation does on a closed channel. Where Go panics on a second
/// close, ours says false.
#[test]
fn every_operation_on_a_closed_channel() {
    on_workers(|| async {
        co! {
            for capacity in CAPACITIES {
                let (tx, rx) = bounded(capacity);
                if capacity > 0 { tx <- 1; }
                assert!(!tx.is_closed());
                assert!(tx.close());
                assert!(!tx.close() && !rx.close());
                assert!(tx.is_closed() && rx.is_closed());

                let error: SendError<i32> = tx.send(2).await.unwrap_err();
                assert!(!error.is_disconnected());
                assert_eq!(error.into_inner(), 2);
                assert!(matches!(tx.try_send(3), Err(TrySendError::Closed(3))));
                let sent = select! { sent = tx <- 4 => sent, default => panic!("always ready") };
                assert_eq!(sent.unwrap_err().into_inner(), 4);
                let blamed = go! { clone tx; tx <- 5; };
                assert!((<-blamed).unwrap_err().is_panic());

                if capacity > 0 { assert_eq!(<-rx, Some(1)); }
                assert_eq!(<-rx, None);
            }
        }
    });
}

/// test/chan/powser1.go in small: streams of coefficients that are computed on demand, each by a
/// goroutine, with goroutines that split and join them.
mod power_series {
    use super::*;

    /// A fraction in lowest terms with a positive denominator.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Ratio(i64, i64);

    impl Ratio {
        fn new(num: i64, den: i64) -> Self {
            let (mut a, mut b) = (num.abs(), den.abs());
            while b != 0 {
                (a, b) = (b, a % b);
            }
            let divisor = a.max(1) * den.signum();
            Self(num / divisor, den / divisor)
        }

        fn plus(self, other: Self) -> Self {
            Self::new(self.0 * other.1 + other.0 * self.1, self.1 * other.1)
        }

        fn times(self, other: Self) -> Self {
            Self::new(self.0 * other.0, self.1 * other.1)
        }
    }

    type Series = Receiver<Ratio>;

    /// A series that a goroutine computes: it asks for no coefficient before it is wanted.
    fn series<F>(make: impl FnOnce(Sender<Ratio>) -> F) -> Series
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (tx, rx) = bounded(0);
        chango::go(make(tx));
        rx
    }

    /// 1 + x + x² + …
    fn ones() -> Series {
        series(|tx| async move {
            co! { loop { tx <- Ratio(1, 1); } }
        })
    }

    fn constant(value: Ratio) -> Series {
        series(move |tx| async move {
            co! {
                tx <- value;
                loop { tx <- Ratio(0, 1); }
            }
        })
    }

    fn add(a: Series, b: Series) -> Series {
        series(|tx| async move {
            co! { loop { tx <- (<-a).unwrap().plus((<-b).unwrap()); } }
        })
    }

    fn scale(by: Ratio, a: Series) -> Series {
        series(move |tx| async move {
            co! { for c in <-a { tx <- c.times(by); } }
        })
    }

    /// Both get all of it, the left one at most a coefficient ahead of the right one.
    fn split(a: Series) -> (Series, Series) {
        let (left_tx, left) = unbounded();
        let (right_tx, right) = bounded(0);
        chango::go(async move {
            co! {
                for c in <-a {
                    left_tx <- c;
                    right_tx <- c;
                }
            }
        });
        (left, right)
    }

    /// (a₀ + x·a')(b₀ + x·b') = a₀b₀ + x·(a₀b' + b₀a' + x·a'b')
    fn multiply(a: Series, b: Series) -> Series {
        series(|tx| async move {
            co! {
                let mut seen_a: Vec<Ratio> = Vec::new();
                let mut seen_b: Vec<Ratio> = Vec::new();
                loop {
                    let (Some(next_a), Some(next_b)) = (<-a, <-b) else { return };
                    seen_a.push(next_a);
                    seen_b.push(next_b);
                    let pairs = seen_a.iter().zip(seen_b.iter().rev());
                    let sum = pairs.fold(Ratio(0, 1), |sum, (a, b)| sum.plus(a.times(*b)));
                    tx <- sum;
                }
            }
        })
    }

    fn differentiate(a: Series) -> Series {
        series(|tx| async move {
            co! {
                let _ = <-a;
                let mut n = 0;
                for c in <-a { n += 1; tx <- c.times(Ratio(n, 1)); }
            }
        })
    }

    fn integrate(constant: Ratio, a: Series) -> Series {
        series(move |tx| async move {
            co! {
                tx <- constant;
                let mut n = 0;
                for c in <-a { n += 1; tx <- c.times(Ratio(1, n)); }
            }
        })
    }

    /// eˣ is its own integral: the series is fed back into itself.
    fn exponential() -> Series {
        let (loop_tx, loop_rx) = unbounded();
        let integral = integrate(Ratio(1, 1), loop_rx);
        series(move |tx| async move {
            co! {
                for c in <-integral {
                    loop_tx <- c;
                    tx <- c;
                }
            }
        })
    }

    async fn expect(what: &str, a: Series, expected: &[(i64, i64)]) {
        co! {
            for (i, (num, den)) in expected.iter().enumerate() {
                assert_eq!(<-a, Some(Ratio(*num, *den)), "{what}: coefficient {i}");
            }
        }
    }

    #[test]
    fn streams_of_coefficients_add_up() {
        on_workers(|| async {
            expect("1/(1-x)", ones(), &[(1, 1), (1, 1), (1, 1), (1, 1)]).await;
            expect("constant", constant(Ratio(3, 2)), &[(3, 2), (0, 1), (0, 1)]).await;
            expect(
                "sum",
                add(ones(), scale(Ratio(10, 1), ones())),
                &[(11, 1), (11, 1)],
            )
            .await;
            expect(
                "1/(1-x)²",
                differentiate(ones()),
                &[(1, 1), (2, 1), (3, 1), (4, 1)],
            )
            .await;
            let (a, b) = split(ones());
            expect(
                "1/(1-x)·1/(1-x)",
                multiply(a, b),
                &[(1, 1), (2, 1), (3, 1), (4, 1)],
            )
            .await;
            let logarithm = integrate(Ratio(0, 1), ones());
            expect(
                "-ln(1-x)",
                logarithm,
                &[(0, 1), (1, 1), (1, 2), (1, 3), (1, 4)],
            )
            .await;
            let exponents = [(1, 1), (1, 1), (1, 2), (1, 6), (1, 24), (1, 120), (1, 720)];
            expect("exp", exponential(), &exponents).await;
            let product = multiply(exponential(), integrate(Ratio(1, 1), constant(Ratio(0, 1))));
            expect("exp·1", product, &exponents).await;
            let (a, b) = split(exponential());
            let squares = [(1, 1), (2, 1), (2, 1), (4, 3), (2, 3), (4, 15)];
            expect("exp·exp", multiply(a, b), &squares).await;
            until("all series have ended", || runtime::num_goroutines() == 1).await;
        });
    }
}
