//! Section 1, "Operators": where an arrow is one, how tightly it binds, and what it does.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chango::chan::SendError;
use chango::prelude::*;
use chango::runtime::Builder;
use chango::task::JoinError;
use futures_lite::future::{block_on, poll_once};

use crate::workers::{on, on_workers};

/// What a panic said.
fn message(error: JoinError) -> String {
    text(error.into_panic())
}

fn text(panic: Box<dyn std::any::Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast_ref::<&str>().expect("a text")).to_owned(),
    }
}

/// `file:line:column` of the first arrow in a line of this file.
fn arrow_in(line: u32) -> String {
    let text = include_str!("operators.rs")
        .lines()
        .nth(line as usize - 1)
        .unwrap();
    format!(
        "{}:{line}:{}",
        file!(),
        text.find("<-").expect("an arrow") + 1
    )
}

#[test]
fn what_only_looks_like_an_arrow_is_left_alone() {
    fn negative<const N: i32>() -> i32 {
        N
    }
    struct Constant<const N: i32>;
    impl<const N: i32> Constant<N> {
        const VALUE: i32 = N;
    }
    on(1, async {
        co! {
            let (a, n) = (-2, 1);
            assert!(a < -1);
            assert_eq!((a < -n, a < -a - 5), (true, false));
            let shifted = 1_i64 <<-(-n);
            assert_eq!(shifted, 2);
            assert_eq!(negative::<-1>(), -1);
            assert_eq!(Constant::<-3>::VALUE, -3);
            let constant: Constant<-4> = Constant;
            let value = |_: &Constant<-4>| 4;
            assert_eq!(value(&constant), 4);
            let (tx, rx) = bounded(1);
            tx <-1;
            assert_eq!(<-rx, Some(1));
            tx<- -1;
            assert_eq!(<-rx, Some(-1));
        }
    });
}

mod receive {
    use super::*;

    struct Rooms {
        doors: Vec<Receiver<i32>>,
        calls: AtomicUsize,
    }

    impl Rooms {
        fn next(&self) -> &Receiver<i32> {
            &self.doors[self.calls.fetch_add(1, Ordering::Relaxed)]
        }
    }

    fn filled(values: &[i32]) -> Receiver<i32> {
        let (tx, rx) = unbounded();
        values.iter().for_each(|v| tx.try_send(*v).unwrap());
        rx
    }

    #[test]
    fn postfix_binds_tighter() {
        on(1, async {
            co! {
                let rooms = Rooms { doors: vec![filled(&[1]), filled(&[2, 3])], calls: 0.into() };
                assert_eq!(<-rooms.next(), Some(1));
                assert_eq!(<-rooms.next(), Some(2));
                assert_eq!(<-rooms.doors[1], Some(3));
                assert_eq!(rooms.calls.load(Ordering::Relaxed), 2);
                let make = async || filled(&[9]);
                assert_eq!(<-make().await, Some(9));
                let fallible = || Ok::<_, ()>(filled(&[8]));
                let inner: Result<Option<i32>, ()> = async { Ok(<-fallible()?) }.await;
                assert_eq!(inner, Ok(Some(8)));
            }
        });
    }

    #[test]
    fn other_operators_bind_less() {
        on(1, async {
            let rx = filled(&[2, 3, 4]);
            let flags = unbounded();
            flags.0.try_send(true).unwrap();
            co! {
                assert_eq!((<-rx).unwrap() * (<-rx).unwrap() + 1, 7);
                assert!(<-rx == Some(4));
                let flag = async { Some(!(<-flags.1)?) }.await;
                assert_eq!(flag, Some(false));
                assert!(<-rx != Some(4) && rx.is_closed());
            }
        });
    }

    #[test]
    fn its_type_is_that_of_what_it_receives_from() {
        on_workers(|| async {
            co! {
                let rx = filled(&[1]);
                let some: Option<i32> = <-rx;
                let none: Option<i32> = <-rx;
                assert_eq!((some, none), (Some(1), None));
                let start = Instant::now();
                let fired: Instant = <-after(Duration::from_millis(1));
                let ticked: Instant = <-tick(Duration::from_millis(1));
                assert!(fired > start && ticked > fired);
                let handle = go! { "done" };
                let done: Result<&str, JoinError> = <-handle;
                assert_eq!(done.unwrap(), "done");
                let (by_ref, by_mut) = (&filled(&[1]), &mut filled(&[2]));
                assert_eq!((<-by_ref, <-by_mut), (Some(1), Some(2)));
            }
        });
    }

    #[test]
    fn the_operand_is_used_in_place_and_need_not_be_mut() {
        on(1, async {
            let rx = filled(&[1, 2]);
            co! {
                let (a, b) = (<-rx, <-rx);
                assert_eq!((a, b), (Some(1), Some(2)));
            }
            assert!(rx.is_closed());
        });
    }

    #[test]
    fn a_result_can_be_received_once() {
        on_workers(|| async {
            co! {
                let handle = go! { String::from("once") };
                assert_eq!((<-handle).unwrap(), "once");
                let twice = go! { let _ = <-handle; };
                assert!((<-twice).unwrap_err().is_panic());
            }
        });
    }

    #[test]
    fn from_a_closed_channel_of_channels_it_waits_for_ever() {
        on(1, async {
            co! {
                let (tx, rx) = bounded(1);
                tx <- filled(&[5]);
                assert_eq!(<-<-rx, Some(5));
                drop(tx);
                assert!(poll_once(async { <-<-rx }).await.is_none());
            }
        });
    }

    #[test]
    fn while_let_works_as_it_reads() {
        on_workers(|| async {
            co! {
                let (tx, rx) = bounded(1);
                go! { for i in 0..10 { tx <- i; } };
                let mut sum = 0;
                while let Some(v) = <-rx { sum += v; }
                assert_eq!(sum, 45);
                let Some(_) = <-filled(&[1]) else { panic!("it is there") };
                if let Some(v) = <-filled(&[7]) && v == 7 { sum += v; }
                assert_eq!(sum, 52);
            }
        });
    }
}

mod for_loops {
    use super::*;

    #[test]
    fn until_closed_and_drained() {
        on_workers(|| async {
            co! {
                for capacity in [0, 1, 100] {
                    let (tx, rx) = bounded(capacity);
                    go! { for i in 0..50 { tx <- (i, i * i); } };
                    let mut expected = 0;
                    for (i, square) in <-rx {
                        assert_eq!((i, square), (expected, expected * expected));
                        expected += 1;
                    }
                    assert_eq!(expected, 50);
                }
            }
        });
    }

    #[test]
    fn the_operand_is_evaluated_once() {
        on(1, async {
            co! {
                let calls = AtomicUsize::new(0);
                let (tx, rx) = bounded(3);
                for i in 0..3 { tx <- i; }
                drop(tx);
                let operand = || { calls.fetch_add(1, Ordering::Relaxed); rx.clone() };
                let mut received = 0;
                for _ in <-operand() { received += 1; }
                assert_eq!((calls.load(Ordering::Relaxed), received), (1, 3));
            }
        });
    }

    #[test]
    fn labels_work() {
        on(1, async {
            co! {
                let (tx, rx) = bounded(10);
                for i in 0..10 { tx <- i; }
                drop(tx);
                let mut seen = Vec::new();
                'messages: for v in <-rx {
                    for skipped in [1, 4] { if v == skipped { continue 'messages; } }
                    for left in [5, 6] { if v == left && v == 6 { break 'messages; } }
                    seen.push(v);
                }
                assert_eq!(seen, [0, 2, 3, 5]);
                // What was not received is still there.
                assert_eq!(<-rx, Some(7));
            }
        });
    }

    #[test]
    fn over_a_ticker_it_goes_on_for_ever() {
        on_workers(|| async {
            co! {
                let ticker = tick(Duration::from_millis(1));
                let mut moments: Vec<Instant> = Vec::new();
                for moment in <-ticker {
                    moments.push(moment);
                    if moments.len() == 5 { break; }
                }
                assert!(moments.is_sorted());
            }
        });
    }
}

mod send_values {
    use super::*;

    async fn ends(tx: &Sender<i32>) -> Result<(), SendError<i32>> {
        co! {
            (tx <- 1)?;
            let sent = tx <- 2;
            sent?;
            let broken = loop {
                if tx.len() == 2 { break tx <- 3; }
            };
            broken?;
            check(tx <- 4)?;
            if (tx <- 5).is_err() { unreachable!("there is room") }
            return tx <- 6;
        }
    }

    fn check(sent: Result<(), SendError<i32>>) -> Result<(), SendError<i32>> {
        sent
    }

    #[test]
    fn where_a_value_is_wanted_it_is_a_result() {
        on_workers(|| async {
            let (tx, rx) = unbounded();
            assert!(ends(&tx).await.is_ok());
            let received: Vec<_> = std::iter::from_fn(|| rx.try_recv().ok()).collect();
            assert_eq!(received, [1, 2, 3, 4, 5, 6]);
        });
    }

    #[test]
    fn it_neither_panics_nor_exits() {
        on_workers(|| async {
            co! {
                let (tx, _rx) = bounded(0);
                tx.close();
                let error = ends(&tx).await.unwrap_err();
                assert!(!error.is_disconnected());
                assert_eq!(error.into_inner(), 1);

                let (tx, rx) = bounded(0);
                drop(rx);
                let in_goroutine = go! { clone tx; (tx <- 9).unwrap_err().is_disconnected() };
                assert!((<-in_goroutine).unwrap());
                let sent = tx <- 7;
                let error = sent.unwrap_err();
                assert!(error.is_disconnected());
                assert_eq!(error.into_inner(), 7);
            }
        });
    }
}

mod send_statements {
    use super::*;

    #[test]
    fn elsewhere_it_is_of_type_unit() {
        on(1, async {
            co! {
                let (tx, rx) = unbounded();
                let unit: () = { tx <- 1 };
                let () = match unit { () => tx <- 2 };
                let () = if rx.len() == 2 { tx <- 3 } else { tx <- 4 };
                let closure = async || { tx <- 5 };
                let () = closure().await;
                select! { default => tx <- 6 };
                for expected in [1, 2, 3, 5, 6] { assert_eq!(<-rx, Some(expected)); }
            }
        });
    }

    #[test]
    fn the_value_is_coerced_as_an_argument_is() {
        on(1, async {
            co! {
                let (tx, rx) = bounded::<Box<dyn Fn() -> i32 + Send>>(2);
                tx <- Box::new(|| 1);
                let sent = tx <- Box::new(|| 2);
                sent.unwrap();
                assert_eq!((<-rx).unwrap()() + (<-rx).unwrap()(), 3);
                let owned = String::from("text");
                let (tx, rx) = bounded::<&str>(1);
                tx <- &owned;
                assert_eq!(<-rx, Some("text"));
                let (tx, rx) = bounded::<u64>(1);
                tx <- 1 << 40;
                assert_eq!(<-rx, Some(1 << 40));
            }
        });
    }

    #[test]
    fn on_a_channel_its_side_closed_it_panics_at_the_arrow() {
        struct Parcel;
        on_workers(|| async {
            co! {
                for capacity in [0, 1] {
                    let (tx, _rx) = bounded(capacity);
                    tx.close();
                    let sender = go! {
                        tx <- Parcel;
                    };
                    let line = line!() - 2;
                    let said = message((<-sender).unwrap_err());
                    assert!(said.contains("Parcel"), "no type in: {said}");
                    assert!(said.contains(&arrow_in(line)), "not {} in: {said}", arrow_in(line));
                }
            }
        });
    }

    #[test]
    fn closed_while_it_waits_it_panics_at_the_arrow_too() {
        on_workers(|| async {
            co! {
                let (tx, _rx) = bounded::<i32>(0);
                let (ready_tx, ready) = bounded(1);
                let sender = go! { clone tx;
                    ready_tx <- ();
                    tx <- 1;
                };
                let line = line!() - 2;
                assert_eq!(<-ready, Some(()));
                tx.close();
                let said = message((<-sender).unwrap_err());
                assert!(said.contains("i32") && said.contains(&arrow_in(line)), "{said}");
            }
        });
    }

    #[test]
    fn where_nobody_listens_the_goroutine_ends_quietly() {
        struct Deferred(Sender<&'static str>);
        impl Drop for Deferred {
            fn drop(&mut self) {
                self.0.try_send("dropped").unwrap();
            }
        }
        on_workers(|| async {
            co! {
                for (capacity, closes) in [(0, true), (0, false), (1, true), (1, false)] {
                    let (tx, rx) = bounded(capacity);
                    let (end_tx, end) = unbounded();
                    let sender = go! {
                        let _deferred = Deferred(end_tx);
                        loop { tx <- 1; }
                    };
                    assert_eq!(<-rx, Some(1));
                    if closes { rx.close(); } else { drop(rx); }
                    let error = (<-sender).unwrap_err();
                    assert!(error.is_exited() && !error.is_panic());
                    assert_eq!(<-end, Some("dropped"));
                }
            }
        });
    }

    #[test]
    fn in_the_main_goroutine_that_is_a_panic() {
        for workers in [1, 2] {
            let runtime = Builder::new().workers(workers).build().unwrap();
            let sent = catch_unwind(AssertUnwindSafe(|| {
                runtime.run(async {
                    let (tx, rx) = bounded::<i32>(1);
                    drop(rx);
                    co! { tx <- 1; }
                })
            }));
            let line = line!() - 3;
            let said = text(sent.unwrap_err());
            assert!(said.contains(&arrow_in(line)), "{said}");
        }
    }

    #[test]
    fn outside_a_goroutine_that_is_a_panic() {
        let sent = catch_unwind(|| {
            block_on(async {
                let (tx, rx) = bounded::<i32>(1);
                drop(rx);
                co! { tx <- 1; }
            })
        });
        let line = line!() - 3;
        let said = text(sent.unwrap_err());
        assert!(said.contains(&arrow_in(line)), "{said}");
    }
}

#[test]
fn operations_on_nil_channels_never_complete() {
    on(1, async {
        co! {
            let (nil_rx, nil_tx) = (None::<Receiver<i32>>, None::<Sender<i32>>);
            assert!(poll_once(async { <-nil_rx }).await.is_none());
            assert!(poll_once(async { nil_tx <- 1 }).await.is_none());
            assert!(poll_once(async { let sent = nil_tx <- 1; sent.is_ok() }).await.is_none());
            assert!(poll_once(async { for _ in <-nil_rx {} }).await.is_none());
            let (tx, rx) = bounded(1);
            let (tx, rx) = (Some(tx), Some(rx));
            tx <- 1;
            assert_eq!(<-rx, Some(1));
        }
    });
}

#[test]
fn every_operation_is_a_preemption_point() {
    // On one worker, the hog ends only if it lets the main goroutine run.
    for way in 0..5 {
        on(1, async move {
            co! {
                let over = Arc::new(AtomicUsize::new(0));
                let hog = go! { clone over;
                    let (tx, rx) = unbounded();
                    while over.load(Ordering::Relaxed) == 0 {
                        match way {
                            0 => { tx <- 1; let _ = <-rx; }
                            1 => { tx.send(1).await.unwrap(); rx.recv().await; }
                            2 => select! { tx <- 1 => {} },
                            3 => { tx.try_send(1).unwrap(); select! { <-rx => {} } }
                            _ => { let _ = <-after(Duration::ZERO); }
                        }
                    }
                };
                chango::task::yield_now().await;
                over.store(1, Ordering::Relaxed);
                (<-hog).unwrap();
            }
        });
    }
}

#[test]
fn invisible_groups_are_seen_through() {
    macro_rules! receive {
        ($rx:expr) => {
            co! { (<-$rx).unwrap() }
        };
    }
    macro_rules! send {
        ($tx:expr, $value:expr) => {
            co! { $tx <- $value; }
        };
    }
    struct Ends {
        tx: Sender<i32>,
        rx: Receiver<i32>,
    }
    on(1, async {
        let (tx, rx) = bounded(1);
        let ends = Ends { tx, rx };
        send!(ends.tx, 1 + 2);
        assert_eq!(receive!(ends.rx), 3);
        assert_eq!(
            receive!({
                send!(ends.tx, -4);
                &ends.rx
            }),
            -4
        );
    });
}
