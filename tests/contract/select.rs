//! Section 2: `select!`, rule by rule.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chango::chan::SendError;
use chango::prelude::*;
use futures_lite::future::{block_on, pending, poll_once, ready};

use crate::workers::{on, on_workers};

const MS: Duration = Duration::from_millis(1);

fn filled<T>(values: impl IntoIterator<Item = T>) -> Receiver<T> {
    let (tx, rx) = unbounded();
    for v in values {
        assert!(tx.try_send(v).is_ok());
    }
    rx
}

/// A receiver on which nothing comes and which is not closed.
fn silent() -> Receiver<i32> {
    let (tx, rx) = bounded(0);
    std::mem::forget(tx);
    rx
}

fn closed() -> Receiver<i32> {
    bounded(0).1
}

mod arms {
    use super::*;

    #[test]
    fn every_kind_wins_when_only_it_is_ready() {
        on_workers(|| async {
            let nothing = silent();
            let (full_tx, _full) = bounded::<i32>(0);
            let (tx, rx) = bounded(4);
            let handle = go! { "joined" };
            let mut won = Vec::new();
            for only in 0..8 {
                let nothing = &nothing;
                won.push(match only {
                    0 => select! { <-nothing => "", v = <-filled(["v"]) => v.unwrap() },
                    1 => select! { full_tx <- 1 => "", Some(v) = <-filled(["some"]) => v },
                    2 => select! { full_tx <- 1 => "", <-closed() => "closed" },
                    3 => select! { <-nothing => "", tx <- 1 => "sent" },
                    4 => select! {
                        <-nothing => "",
                        sent = tx <- 1 => { assert!(sent.is_ok()); "result" }
                    },
                    5 => select! { <-nothing => "", _ = <-after(MS) => "timer" },
                    6 => select! { <-nothing => "", r = <-handle => r.unwrap() },
                    _ => select! { <-nothing => "", v = ready("future") => v },
                });
            }
            let expected = [
                "v", "some", "closed", "sent", "result", "timer", "joined", "future",
            ];
            assert_eq!(won, expected);
            assert_eq!(rx.len(), 2);
        });
    }

    #[test]
    fn a_future_arm_reads_from_what_it_borrows() {
        on_workers(|| async {
            let mut buffer = [0; 4];
            async fn fill(buffer: &mut [u8]) -> usize {
                chango::task::yield_now().await;
                buffer.fill(7);
                buffer.len()
            }
            let nothing = silent();
            let n = select! {
                n = fill(&mut buffer[1..]) => n,
                <-nothing => 0,
            };
            assert_eq!((n, buffer), (3, [0, 7, 7, 7]));
        });
    }

    #[test]
    fn it_is_an_expression_with_operators_in_its_bodies() {
        on_workers(|| async {
            let (tx, rx) = bounded(4);
            let text: String = select! {
                v = <-filled([20]) => {
                    tx <- v.unwrap();
                    tx <- 1;
                    format!("{:?}", (<-rx, <-rx))
                }
                default => unreachable!("one is ready"),
            };
            assert_eq!(text, "(Some(20), Some(1))");
            // A send statement as the whole body.
            select! { Some(v) = <-filled([3]) => tx <- v, }
            assert_eq!(rx.try_recv().ok(), Some(3));
        });
    }

    #[test]
    fn it_works_on_any_executor() {
        let v = block_on(async {
            let (tx, rx) = bounded(0);
            let other = std::thread::spawn(move || tx.send_blocking(5));
            let v = select! { v = <-rx => v };
            other.join().unwrap().unwrap();
            v
        });
        assert_eq!(v, Some(5));
    }

    #[test]
    fn return_and_question_mark_in_a_body_leave_the_function() {
        async fn first(rx: &Receiver<Result<i32, String>>) -> Result<i32, String> {
            select! {
                Some(v) = <-rx => { let v = v?; if v > 10 { return Ok(v * 2); } Ok(v) }
                else => Err("closed".into()),
            }
        }
        on(1, async {
            let rx = filled([Ok(1), Ok(11), Err("bad".into())]);
            assert_eq!(first(&rx).await, Ok(1));
            assert_eq!(first(&rx).await, Ok(22));
            assert_eq!(first(&rx).await, Err("bad".into()));
            assert_eq!(first(&rx).await, Err("closed".into()));
        });
    }

    #[test]
    fn many_arms() {
        on_workers(|| async {
            let rx: Vec<_> = (0..20).map(|_| silent()).collect();
            let (tx, last) = bounded(0);
            go! { tx <- 99; };
            let v = select! {
                v = <-rx[0] => v, v = <-rx[1] => v, v = <-rx[2] => v, v = <-rx[3] => v,
                v = <-rx[4] => v, v = <-rx[5] => v, v = <-rx[6] => v, v = <-rx[7] => v,
                v = <-rx[8] => v, v = <-rx[9] => v, v = <-rx[10] => v, v = <-rx[11] => v,
                v = <-rx[12] => v, v = <-rx[13] => v, v = <-rx[14] => v, v = <-rx[15] => v,
                v = <-rx[16] => v, v = <-rx[17] => v, v = <-rx[18] => v, v = <-rx[19] => v,
                v = <-last => v,
            };
            assert_eq!(v, Some(99));
        });
    }
}

mod pending_values {
    use super::*;

    #[test]
    fn the_value_is_back_before_the_body_of_another_arm() {
        on_workers(|| async {
            let (tx, rx) = bounded::<String>(0);
            let mut pending = String::from("mine");
            for round in 0..3 {
                select! {
                    tx <- mut pending => panic!("nobody receives"),
                    v = <-filled([round]) => pending.push_str(&v.unwrap().to_string()),
                }
            }
            select! {
                tx <- mut pending => panic!("nobody receives"),
                default => pending.push('d'),
            }
            select! {
                tx <- mut pending, if false => panic!("a disabled arm"),
                <-after(MS) => pending.push('t'),
            }
            assert_eq!(pending, "mine012dt");

            let receiver = go! { rx.recv().await };
            select! { tx <- mut pending => {} }
            assert_eq!(receiver.await.unwrap().unwrap(), "mine012dt");
        });
    }

    #[test]
    fn one_of_two_values_goes() {
        on_workers(|| async {
            for _ in 0..50 {
                let (tx, rx) = bounded(1);
                let (mut first, mut second) = (String::from("a"), String::from("b"));
                let kept = select! {
                    tx <- mut first => second,
                    tx <- mut second => first,
                };
                let mut all = [kept, rx.try_recv().unwrap()];
                all.sort();
                assert_eq!(all, ["a", "b"]);
            }
        });
    }
}

mod rule_1_evaluation {
    use super::*;

    #[test]
    fn guards_first_then_operands_values_and_futures_in_source_order() {
        block_on(async {
            let order = RefCell::new(Vec::new());
            let note = |what: &'static str| order.borrow_mut().push(what);
            let yes = |what| {
                note(what);
                true
            };
            let no = |what| !yes(what);
            let (tx, _rx) = bounded::<i32>(0);
            let sender = || {
                note("sender");
                tx.clone()
            };
            let value = || {
                note("value");
                1
            };
            let receiver = |what| {
                note(what);
                silent()
            };
            let future = || {
                note("future");
                pending::<()>()
            };
            select! {
                <-receiver("receiver 1"), if yes("guard 1") => {}
                sender() <- value(), if yes("guard 2") => {}
                <-receiver("receiver 2"), if no("guard 3") => {}
                _ = future(), if yes("guard 4") => {}
                default => {}
            }
            let expected = [
                "guard 1",
                "guard 2",
                "guard 3",
                "guard 4",
                "receiver 1",
                "sender",
                "value",
                "future",
            ];
            assert_eq!(*order.borrow(), expected);
        });
    }

    #[test]
    fn an_operand_that_is_a_place_is_used_in_place() {
        struct Holder {
            tx: Vec<Sender<i32>>,
            rx: Receiver<i32>,
            boxed: Box<Receiver<i32>>,
        }
        on(1, async {
            let (tx, rx) = bounded(1);
            let holder = Holder {
                tx: vec![tx],
                boxed: Box::new(rx.clone()),
                rx,
            };
            for i in 0..3 {
                select! { holder.tx[0] <- i => {} }
                let v = if i % 2 == 0 {
                    select! { v = <-holder.rx => v }
                } else {
                    select! { v = <-*holder.boxed => v }
                };
                assert_eq!(v, Some(i));
            }
            assert_eq!(holder.tx[0].receiver_count(), 2);
            assert_eq!(holder.rx.sender_count(), 1);
        });
    }

    #[test]
    fn any_other_operand_lives_until_the_select_ends() {
        on(1, async {
            let (tx, rx) = bounded::<i32>(0);
            let waiting = async {
                select! { v = <-rx.clone() => (v, rx.receiver_count()) }
            };
            let mut waiting = pin!(waiting);
            assert!(poll_once(waiting.as_mut()).await.is_none());
            assert_eq!(tx.receiver_count(), 2);
            tx.try_send(1).unwrap();
            // Dropped before the body ran.
            assert_eq!(waiting.await, (Some(1), 1));
        });
    }
}

mod rule_2_fairness {
    use super::*;

    /// Counts which of four ready arms win, and how far that is from equal: chi-square with three
    /// degrees of freedom is above 30 less than once in half a million.
    fn assert_uniform(counts: [u32; 4]) {
        let expected = f64::from(counts.iter().sum::<u32>()) / 4.0;
        let chi2: f64 = counts
            .iter()
            .map(|n| (f64::from(*n) - expected).powi(2) / expected)
            .sum();
        assert!(chi2 < 30.0, "{counts:?} has chi-square {chi2}");
    }

    #[test]
    fn every_ready_arm_is_equally_likely_whatever_its_kind() {
        on_workers(|| async {
            let (tx, rx) = unbounded::<i32>();
            let full = filled(0..8_000);
            let mut counts = [0; 4];
            for _ in 0..8_000 {
                let won = select! {
                    <-full => 0,
                    tx <- 1 => 1,
                    <-closed() => 2,
                    _ = ready(()) => 3,
                };
                counts[won] += 1;
            }
            assert_uniform(counts);
            drop(rx);
        });
    }

    #[test]
    fn arms_that_are_not_ready_do_not_shift_the_choice() {
        on_workers(|| async {
            let (nothing, all) = (silent(), closed());
            let nil = None::<Receiver<i32>>;
            let mut counts = [0; 4];
            for _ in 0..8_000 {
                let won = select! {
                    <-nothing => unreachable!("nothing comes"),
                    <-nil => unreachable!("nil"),
                    <-all => 0,
                    <-nothing => unreachable!("nothing comes"),
                    <-all => 1,
                    <-all, if false => unreachable!("disabled"),
                    <-all => 2,
                    _ = pending::<()>() => unreachable!("never ready"),
                    <-all => 3,
                };
                counts[won] += 1;
            }
            assert_uniform(counts);
        });
    }

    #[test]
    fn biased_takes_the_first_that_is_ready() {
        on_workers(|| async {
            let (nothing, rx) = (silent(), closed());
            for _ in 0..200 {
                let won = select! {
                    biased;
                    <-nothing => 0,
                    _ = pending::<()>() => 1,
                    <-rx => 2,
                    _ = ready(()) => 3,
                };
                assert_eq!(won, 2);
                let won = select! {
                    biased;
                    _ = ready(()) => 0,
                    <-rx => 1,
                    default => 2,
                };
                assert_eq!(won, 0);
            }
        });
    }
}

mod rule_3_waiting {
    use super::*;

    #[test]
    fn default_runs_when_no_arm_is_ready_and_only_then() {
        on_workers(|| async {
            let (tx, rx) = bounded(1);
            assert!(select! { <-rx => false, default => true });
            assert!(select! { tx <- 1 => true, default => false });
            assert!(select! { tx <- 1 => false, default => true });
            assert!(select! { <-rx => true, default => false });
            assert!(select! { _ = pending::<()>() => false, default => true });
            assert!(select! { default => true });
            // Also when all arms are disabled, by a guard or by their pattern.
            assert!(select! { <-rx, if false => false, default => true });
            assert!(select! { Some(_) = <-closed() => false, default => true });
        });
    }

    #[test]
    fn without_default_it_waits_on_all_arms_at_once() {
        on_workers(|| async {
            co! {
                for winner in 0..4 {
                    let (tx1, rx1) = bounded(0);
                    let (tx2, rx2) = bounded(0);
                    let (go_tx, go_rx) = bounded::<()>(0);
                    let selecting = go! { clone rx1, tx2;
                        let future = async { let _ = <-go_rx; };
                        select! {
                            v = <-rx1 => v.unwrap(),
                            tx2 <- 1 => 1,
                            _ = future => 2,
                            <-after(Duration::from_millis([3_600_000, 20][winner / 3])) => 3,
                        }
                    };
                    match winner {
                        0 => tx1 <- 0,
                        1 => { let _ = <-rx2; }
                        2 => { go_tx.close(); }
                        _ => {}
                    }
                    assert_eq!((<-selecting).unwrap(), winner);
                }
            }
        });
    }
}

mod rule_4_exactly_one {
    use super::*;

    #[test]
    fn a_losing_arm_has_received_nothing_and_sent_nothing() {
        on_workers(|| async {
            for _ in 0..200 {
                let (a, b) = (filled([1]), filled([2]));
                let (tx, rx) = bounded(1);
                let won = select! {
                    v = <-a => { assert_eq!(v, Some(1)); 0 }
                    v = <-b => { assert_eq!(v, Some(2)); 1 }
                    tx <- 3 => 2,
                };
                let left = [a.len(), b.len(), 1 - rx.len()];
                let mut expected = [1; 3];
                expected[won] = 0;
                assert_eq!(left, expected);
            }
        });
    }

    #[test]
    fn a_select_that_is_dropped_takes_nothing_with_it() {
        on(1, async {
            co! {
                let (tx, rx) = bounded(0);
                // Handed over, and dropped before it was polled again.
                for i in 0..10 {
                    let other = silent();
                    {
                        let mut select =
                            Box::pin(async { select! { v = <-rx => v, v = <-other => v } });
                        assert!(poll_once(select.as_mut()).await.is_none());
                        tx.try_send(i).unwrap();
                    }
                    assert_eq!(rx.try_recv(), Ok(i));
                    assert!(rx.is_empty());
                }
                // A send that was taken is gone, one that was not goes down with the select.
                let mut select = Box::pin(async { select! { tx <- 100 => {} } });
                assert!(poll_once(select.as_mut()).await.is_none());
                drop(select);
                assert!(rx.try_recv().is_err());
                let mut select = Box::pin(async { select! { tx <- 101 => {} } });
                assert!(poll_once(select.as_mut()).await.is_none());
                assert_eq!(rx.try_recv(), Ok(101));
                drop(select);
                assert!(rx.try_recv().is_err());
            }
        });
    }

    #[test]
    fn two_selects_on_a_rendezvous_commit_together() {
        on_workers(|| async {
            co! {
                for _ in 0..500 {
                    let (tx1, rx1) = bounded(0);
                    let (tx2, rx2) = bounded(0);
                    let sender = go! { select! { tx1 <- 1 => 1, tx2 <- 2 => 2 } };
                    let receiver = go! { select! { v = <-rx1 => v, v = <-rx2 => v } };
                    let (sent, received) = (<-sender, <-receiver);
                    assert_eq!(Some(sent.unwrap()), received.unwrap());
                }
            }
        });
    }

    #[test]
    fn selects_that_cross_on_two_channels_commit_together() {
        on_workers(|| async {
            co! {
                for _ in 0..500 {
                    let (tx1, rx1) = bounded(0);
                    let (tx2, rx2) = bounded(0);
                    let one = go! { clone tx1, rx2;
                        select! { tx1 <- 'a' => None, v = <-rx2 => v }
                    };
                    let two = go! { clone tx2, rx1;
                        select! { tx2 <- 'b' => None, v = <-rx1 => v }
                    };
                    let both = ((<-one).unwrap(), (<-two).unwrap());
                    assert!(both == (None, Some('a')) || both == (Some('b'), None), "{both:?}");
                }
            }
        });
    }
}

mod rule_5_patterns {
    use super::*;

    #[test]
    fn some_skips_a_closed_channel() {
        on_workers(|| async {
            let (mut closed_won, rx) = (0, filled(0..100));
            let dead = closed();
            for i in 0..100 {
                select! {
                    Some(_) = <-dead => closed_won += 1,
                    Some(v) = <-rx => assert_eq!(v, i),
                }
            }
            assert_eq!(closed_won, 0);
        });
    }

    #[test]
    fn when_one_is_closed_the_others_are_waited_for() {
        on_workers(|| async {
            let (tx, rx) = bounded(0);
            let dead = closed();
            let selecting = go! {
                select! { Some(v) = <-dead => v, Some(v) = <-rx => v, else => 0 }
            };
            co! { tx <- 5; }
            assert_eq!(selecting.await.unwrap(), 5);
        });
    }

    #[test]
    fn irrefutable_patterns_take_the_message_apart() {
        struct Point {
            x: i32,
            y: i32,
        }
        on(1, async {
            let rx = filled([(1, Point { x: 2, y: 3 })]);
            let sum = select! { Some((a, Point { x, y })) = <-rx => a + x + y, else => 0 };
            assert_eq!(sum, 6);
            let mut v = select! { mut v = <-filled([1]) => { v = v.map(|n| n + 1); v } };
            v = v.map(|n| n + 1);
            assert_eq!(v, Some(3));
        });
    }

    #[test]
    fn else_runs_when_all_arms_are_disabled() {
        on_workers(|| async {
            let (tx, _rx) = bounded(1);
            assert!(select! { Some(_) = <-closed() => false, else => true });
            assert!(select! { tx <- 1, if tx.is_full() => false, else => true });
            let all = select! {
                Some(_) = <-closed() => false,
                Some(_) = <-closed(), if true => false,
                _ = ready(()), if false => false,
                else => true,
            };
            assert!(all);
            assert!(tx.is_empty());
            // Closed while it waits.
            let (tx, rx) = bounded::<i32>(0);
            let waiting = go! { select! { Some(_) = <-rx => false, else => true } };
            chango::task::yield_now().await;
            drop(tx);
            assert!(waiting.await.unwrap());
        });
    }

    #[test]
    fn without_else_it_panics_and_says_so() {
        let panic = catch_unwind(|| {
            block_on(async {
                select! { Some(_) = <-closed() => {} }
            });
        });
        let panic = panic.unwrap_err();
        let said = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap();
        assert!(
            said.contains("select") && said.contains("disabled"),
            "{said}"
        );
    }

    #[test]
    fn without_some_a_closed_channel_is_ready() {
        on(1, async {
            assert_eq!(select! { v = <-closed() => v, default => Some(1) }, None);
        });
    }
}

#[test]
fn rule_6_an_empty_select_waits_for_ever() {
    on(1, async {
        assert!(
            poll_once(async {
                select! {}
            })
            .await
            .is_none()
        );
        let blocked = go! { select! {} };
        chango::task::yield_now().await;
        assert!(!blocked.is_finished());
        blocked.abort();
        assert!(blocked.await.unwrap_err().is_aborted());
    });
}

#[test]
fn rule_7_losers_are_gone_before_the_body_runs() {
    struct OnDrop(Arc<AtomicUsize>);
    impl Drop for OnDrop {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    on_workers(|| async {
        let dropped = Arc::new(AtomicUsize::new(0));
        let held = OnDrop(dropped.clone());
        let future = async move {
            let _held = held;
            pending::<()>().await;
        };
        let (tx, rx) = bounded::<i32>(0);
        let won = filled([1]);
        select! {
            _ = future => unreachable!("it is never ready"),
            <-rx => unreachable!("nothing was sent"),
            <-won => {
                assert_eq!(dropped.load(Ordering::Relaxed), 1);
                // Nobody waits on the other channel any more.
                assert!(tx.try_send(1).is_err());
            }
        }
        // The value of a losing send is dropped as well.
        let (_keep, full) = (bounded::<OnDrop>(0), bounded::<OnDrop>(0));
        select! {
            full.0 <- OnDrop(dropped.clone()) => unreachable!("nobody receives"),
            _ = ready(()) => assert_eq!(dropped.load(Ordering::Relaxed), 2),
        }
    });
}

#[test]
fn rule_8_cfg_on_an_arm() {
    on(1, async {
        let rx = filled([1]);
        let v = select! {
            #[cfg(any())]
            v = <-there_is_no_such_channel => v,
            #[cfg(all())]
            v = <-rx => v,
            #[cfg(any())]
            default => None,
        };
        assert_eq!(v, Some(1));
    });
}

mod send_arms {
    use super::*;

    #[test]
    fn on_a_channel_its_side_closed_they_panic_as_the_statement_does() {
        on_workers(|| async {
            let (tx, _rx) = bounded::<i32>(0);
            tx.close();
            let selecting = go! { select! { tx <- 1 => unreachable!("the body does not run") } };
            let panic = selecting.await.unwrap_err().into_panic();
            let said = panic.downcast_ref::<String>().unwrap();
            assert!(said.contains("i32") && said.contains(file!()), "{said}");
        });
    }

    #[test]
    fn where_nobody_listens_they_end_the_goroutine() {
        on_workers(|| async {
            for pending_value in [false, true] {
                let (tx, rx) = bounded(0);
                let mut bodies = 0;
                let selecting = go! {
                    let mut value = String::from("the value goes with it");
                    if pending_value {
                        select! {
                            tx <- mut value => bodies += 1,
                            <-after(Duration::MAX) => drop(value),
                        }
                    } else {
                        select! { tx <- value => bodies += 1 }
                    }
                    bodies
                };
                chango::task::yield_now().await;
                drop(rx);
                assert!(selecting.await.unwrap_err().is_exited());
            }
        });
    }

    #[test]
    fn with_a_binding_they_give_the_result() {
        on_workers(|| async {
            let (tx, rx) = bounded(1);
            let sent: Result<(), SendError<i32>> = select! { sent = tx <- 1 => sent };
            assert!(sent.is_ok());
            drop(rx);
            let error = select! { sent = tx <- 2 => sent }.unwrap_err();
            assert!(error.is_disconnected());
            assert_eq!(error.into_inner(), 2);
        });
    }
}

#[test]
fn a_goroutine_in_a_nil_select_is_still_aborted() {
    on_workers(|| async {
        let nil = None::<Receiver<i32>>;
        let waiting = go! { select! { v = <-nil => v } };
        chango::task::yield_now().await;
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_aborted());
    });
}

#[test]
fn a_panic_in_a_body_leaves_the_channels_usable() {
    on_workers(|| async {
        let rx = filled([1, 2]);
        let panicking = {
            let rx = rx.clone();
            go! { select! { v = <-rx => panic!("with {v:?}") } }
        };
        assert!(panicking.await.unwrap_err().is_panic());
        assert_eq!(rx.recv().await, Some(2));
        let caught = catch_unwind(AssertUnwindSafe(|| {
            block_on(async {
                select! { _ = async { panic!("in a future arm") } => {} }
            })
        }));
        assert!(caught.is_err());
    });
}
