//! Select: the first ready arm commits, the others have neither taken nor sent anything.

use std::future::{pending, poll_fn, ready};
use std::task::Poll;
use std::thread;

use chango_chan::select::{self, Cons, Nil, Selected, Slot};
use chango_chan::{Receiver, Sender, TryRecvError, bounded, unbounded};
use futures_lite::future::block_on;

use crate::support::{Bell, Counted, arm, arms, poll, poll_with};

#[test]
fn the_arm_that_is_ready_commits_at_once() {
    let (tx, rx) = bounded(1);
    let (_other_tx, other_rx) = bounded::<i32>(1);
    tx.try_send(7).unwrap();
    let won = block_on(select::wait(arms![
        select::recv(&other_rx),
        select::recv(&rx)
    ]));
    assert!(matches!(won, arm!(1, Some(7))));
    assert!(rx.is_empty());
}

#[test]
fn a_losing_arm_has_taken_nothing() {
    for _ in 0..100 {
        let (tx1, rx1) = bounded(1);
        let (tx2, rx2) = bounded(1);
        tx1.try_send(1).unwrap();
        tx2.try_send(2).unwrap();
        match block_on(select::wait(arms![select::recv(&rx1), select::recv(&rx2)])) {
            arm!(0, one) => assert_eq!((one, rx2.try_recv()), (Some(1), Ok(2))),
            arm!(1, two) => assert_eq!((two, rx1.try_recv()), (Some(2), Ok(1))),
            _ => unreachable!(),
        }
    }
}

#[test]
fn a_select_that_waits_is_completed_by_a_plain_send_and_leaves_every_queue() {
    let (tx1, rx1) = bounded(0);
    let (tx2, rx2) = bounded(0);
    let bell = Bell::new();
    let mut select = Box::pin(select::wait(arms![
        select::recv(&rx1),
        select::recv(&rx2),
        select::send(&tx1, 9)
    ]));
    assert!(poll_with(&mut select, &bell).is_pending());
    tx2.try_send(5).unwrap();
    assert_eq!(bell.rung(), 1);
    // It is decided, so its other arms are not there for others any more.
    assert!(tx1.try_send(1).is_err());
    assert_eq!(rx1.try_recv(), Err(TryRecvError::Empty));
    assert!(matches!(poll(&mut select), Poll::Ready(arm!(1, Some(5)))));
}

#[test]
fn a_select_that_waits_is_completed_by_a_plain_receive() {
    let (tx, rx) = bounded(0);
    let (_other_tx, other_rx) = bounded::<i32>(0);
    let mut select = Box::pin(select::wait(arms![
        select::send(&tx, 9),
        select::recv(&other_rx)
    ]));
    assert!(poll(&mut select).is_pending());
    assert_eq!(rx.try_recv(), Ok(9));
    assert!(matches!(poll(&mut select), Poll::Ready(arm!(0, Ok(())))));
}

#[test]
fn a_send_arm_moves_in_when_there_is_room_again() {
    let (tx, rx) = bounded(1);
    tx.try_send(1).unwrap();
    let mut select = Box::pin(select::wait(arms![select::send(&tx, 2)]));
    assert!(poll(&mut select).is_pending());
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(rx.len(), 1);
    assert!(matches!(poll(&mut select), Poll::Ready(arm!(0, Ok(())))));
    assert_eq!(rx.try_recv(), Ok(2));
}

#[test]
fn a_select_dropped_after_it_was_handed_a_value_gives_it_back() {
    let (tx, rx) = bounded(0);
    let (_other_tx, other_rx) = bounded::<i32>(0);
    let mut select = Box::pin(select::wait(arms![
        select::recv(&rx),
        select::recv(&other_rx)
    ]));
    assert!(poll(&mut select).is_pending());
    tx.try_send(1).unwrap();
    drop(select);
    assert_eq!(rx.try_recv(), Ok(1));
}

#[test]
fn a_select_dropped_while_it_waits_leaves_every_queue() {
    let value = Counted::new();
    let (tx, rx) = bounded(0);
    let mut select = Box::pin(select::wait(arms![
        select::send(&tx, value.clone()),
        select::recv(&rx),
    ]));
    assert!(poll(&mut select).is_pending());
    drop(select);
    assert_eq!(value.others(), 0);
    assert!(rx.try_recv().is_err());
    assert!(tx.try_send(value).is_err());
}

#[test]
fn a_select_that_is_polled_again_keeps_its_place() {
    let (tx, rx) = bounded(0);
    let (_other_tx, other_rx) = bounded::<i32>(0);
    let mut select = Box::pin(select::wait(arms![
        select::recv(&rx),
        select::recv(&other_rx)
    ]));
    let mut later = Box::pin(rx.recv());
    for _ in 0..3 {
        assert!(poll(&mut select).is_pending());
        assert!(poll(&mut later).is_pending());
    }
    tx.try_send(1).unwrap();
    assert!(poll(&mut later).is_pending());
    assert!(matches!(poll(&mut select), Poll::Ready(arm!(0, Some(1)))));
}

#[test]
fn a_select_wakes_the_waker_it_was_polled_with_last() {
    let (tx, rx) = bounded(0);
    let (old, new) = (Bell::new(), Bell::new());
    let mut select = Box::pin(select::wait(arms![select::recv(&rx)]));
    assert!(poll_with(&mut select, &old).is_pending());
    assert!(poll_with(&mut select, &new).is_pending());
    tx.try_send(1).unwrap();
    assert_eq!((old.rung(), new.rung()), (0, 1));
}

#[test]
fn two_selects_meet_on_a_rendezvous() {
    let (tx, rx) = bounded(0);
    let bell = Bell::new();
    let mut sender = Box::pin(select::wait(arms![select::send(&tx, 1)]));
    assert!(poll_with(&mut sender, &bell).is_pending());
    let received = block_on(select::wait(arms![select::recv(&rx)]));
    assert!(matches!(received, arm!(0, Some(1))));
    assert_eq!(bell.rung(), 1);
    assert!(matches!(poll(&mut sender), Poll::Ready(arm!(0, Ok(())))));
}

#[test]
fn a_select_on_both_ends_of_one_channel_never_meets_itself() {
    let (tx, rx) = bounded(0);
    let mut one = Box::pin(select::wait(arms![select::send(&tx, 1), select::recv(&rx)]));
    assert!(poll(&mut one).is_pending());
    assert!(poll(&mut one).is_pending());
    let mut two = Box::pin(select::wait(arms![select::send(&tx, 2), select::recv(&rx)]));
    match (poll(&mut two), poll(&mut one)) {
        (Poll::Ready(arm!(0, Ok(()))), Poll::Ready(arm!(1, Some(2)))) => {}
        (Poll::Ready(arm!(1, Some(1))), Poll::Ready(arm!(0, Ok(())))) => {}
        _ => panic!("one committed without the other"),
    }
}

#[test]
fn one_channel_in_several_arms_is_received_from_once() {
    let (tx, rx) = bounded(5);
    (0..5).for_each(|value| tx.try_send(value).unwrap());
    for value in 0..5 {
        match block_on(select::wait(arms![
            select::recv(&rx),
            select::recv(&rx),
            select::recv(&rx)
        ])) {
            arm!(0, got) | arm!(1, got) | arm!(2, got) => assert_eq!(got, Some(value)),
            _ => unreachable!(),
        }
    }
    let mut select = Box::pin(select::wait(arms![select::recv(&rx), select::recv(&rx)]));
    assert!(poll(&mut select).is_pending());
    tx.try_send(9).unwrap();
    assert!(matches!(
        poll(&mut select),
        Poll::Ready(arm!(0, Some(9)) | arm!(1, Some(9)))
    ));
}

#[test]
fn a_nil_channel_is_enabled_and_never_ready() {
    let mut select = Box::pin(select::wait(arms![
        select::recv(&None::<Receiver<i32>>),
        select::send(&None::<Sender<i32>>, 1),
    ]));
    assert!(poll(&mut select).is_pending());
    drop(select);
    let selected = block_on(select::poll_default(arms![select::recv(
        &None::<Receiver<i32>>
    )]));
    assert!(matches!(selected, Selected::Default));
}

#[test]
fn the_default_is_taken_only_if_no_arm_is_ready() {
    let (tx, rx) = bounded(1);
    assert!(matches!(
        block_on(select::poll_default(arms![select::recv(&rx)])),
        Selected::Default
    ));
    tx.try_send(1).unwrap();
    assert!(matches!(
        block_on(select::poll_default(arms![select::recv(&rx)])),
        arm!(0, Some(1))
    ));
    // A default leaves nobody behind in the queue.
    assert!(matches!(
        block_on(select::poll_default(arms![select::recv(&rx)])),
        Selected::Default
    ));
    assert!(bounded::<i32>(0).0.try_send(1).is_err());
}

#[test]
fn a_default_meets_a_select_that_waits() {
    let (tx, rx) = bounded(0);
    let mut waits = Box::pin(select::wait(arms![select::recv(&rx)]));
    assert!(poll(&mut waits).is_pending());
    let sent = block_on(select::poll_default(arms![select::send(&tx, 1)]));
    assert!(matches!(sent, arm!(0, Ok(()))));
    assert!(matches!(poll(&mut waits), Poll::Ready(arm!(0, Some(1)))));
}

#[test]
fn a_closed_channel_is_ready_with_none() {
    let (tx, rx) = bounded::<i32>(1);
    let mut select = Box::pin(select::wait(arms![select::recv(&rx)]));
    assert!(poll(&mut select).is_pending());
    drop(tx);
    assert!(matches!(poll(&mut select), Poll::Ready(arm!(0, None))));
    assert!(matches!(
        block_on(select::wait(arms![select::recv(&rx)])),
        arm!(0, None)
    ));
}

#[test]
fn a_send_arm_on_a_closed_channel_gives_the_value_back_and_says_who_closed() {
    for from_sender in [true, false] {
        for waits in [true, false] {
            let (tx, rx) = bounded(0);
            let mut select = Box::pin(select::wait(arms![select::send(&tx, 5)]));
            assert!(!waits || poll(&mut select).is_pending());
            assert!(if from_sender { tx.close() } else { rx.close() });
            let Poll::Ready(arm!(0, Err(error))) = poll(&mut select) else {
                panic!("the channel is closed");
            };
            assert_eq!(error.is_disconnected(), !from_sender);
            assert_eq!(error.into_inner(), 5);
        }
    }
}

#[test]
fn an_arm_that_wants_some_goes_off_and_the_others_go_on() {
    let (tx1, rx1) = bounded::<i32>(1);
    let (tx2, rx2) = bounded::<i32>(1);
    let mut select = Box::pin(select::wait(arms![
        select::recv_some(&rx1),
        select::recv_some(&rx2)
    ]));
    assert!(poll(&mut select).is_pending());
    drop(tx1);
    assert!(poll(&mut select).is_pending());
    assert!(poll(&mut select).is_pending());
    tx2.try_send(2).unwrap();
    assert!(matches!(poll(&mut select), Poll::Ready(arm!(1, 2))));
}

#[test]
fn when_all_arms_are_off_the_select_is_disabled() {
    let (tx1, rx1) = bounded::<i32>(1);
    drop(tx1);
    let closed = block_on(select::wait(arms![select::recv_some(&rx1)]));
    assert!(matches!(closed, Selected::Disabled));

    let (tx2, rx2) = bounded::<i32>(1);
    let mut select = Box::pin(select::wait(arms![
        select::recv_some(&rx1),
        select::recv_some(&rx2),
        select::future_some(ready(None::<i32>)),
    ]));
    assert!(poll(&mut select).is_pending());
    drop(tx2);
    assert!(matches!(poll(&mut select), Poll::Ready(Selected::Disabled)));

    let off = Cons::new(None::<select::RecvArm<&Receiver<i32>>>, Nil);
    assert!(matches!(block_on(select::wait(off)), Selected::Disabled));
    assert!(matches!(block_on(select::wait(Nil)), Selected::Disabled));
    assert!(matches!(
        block_on(select::poll_default(Nil)),
        Selected::Default
    ));
}

#[test]
fn a_future_arm_is_polled_until_it_is_ready_and_dropped_when_it_loses() {
    let value = Counted::new();
    let (tx, rx) = bounded(0);
    let mut left = 3;
    let counted = value.clone();
    let future = poll_fn(move |_| {
        let _ = &counted;
        left -= 1;
        if left == 0 {
            Poll::Ready("done")
        } else {
            Poll::Pending
        }
    });
    let mut select = Box::pin(select::wait(arms![
        select::recv(&rx),
        select::future(future)
    ]));
    assert!(poll(&mut select).is_pending());
    assert!(poll(&mut select).is_pending());
    assert!(matches!(poll(&mut select), Poll::Ready(arm!(1, "done"))));
    assert_eq!(value.others(), 0);

    let counted = value.clone();
    let future = async move {
        let _counted = counted;
        pending::<()>().await;
    };
    let mut select = Box::pin(select::wait(arms![
        select::recv(&rx),
        select::future(future)
    ]));
    assert!(poll(&mut select).is_pending());
    tx.try_send(1).unwrap();
    assert!(matches!(poll(&mut select), Poll::Ready(arm!(0, Some(1)))));
    // It is gone when the select is done, not when the select is dropped.
    assert_eq!(value.others(), 0);
}

#[test]
fn a_ready_future_is_not_polled_once_an_arm_was_chosen() {
    let (tx, rx) = bounded(0);
    let mut polls = 0;
    let future = poll_fn(move |_| {
        polls += 1;
        assert!(polls == 1, "polled although the select was decided");
        Poll::<()>::Pending
    });
    let mut select = Box::pin(select::wait(arms![
        select::future(future),
        select::recv(&rx)
    ]));
    assert!(poll(&mut select).is_pending());
    tx.try_send(1).unwrap();
    assert!(matches!(poll(&mut select), Poll::Ready(arm!(1, Some(1)))));
}

#[test]
fn biased_looks_in_source_order() {
    let (tx1, rx1) = unbounded();
    let (tx2, rx2) = unbounded();
    for value in 0..100 {
        tx1.try_send(value).unwrap();
        tx2.try_send(value).unwrap();
    }
    for value in 0..100 {
        let arms = arms![select::recv(&rx1), select::recv(&rx2)];
        assert!(matches!(block_on(select::wait_biased(arms)), arm!(0, Some(v)) if v == value));
    }
    let arms = arms![select::recv(&rx1), select::recv(&rx2)];
    assert!(matches!(
        block_on(select::poll_default_biased(arms)),
        arm!(1, Some(0))
    ));
}

#[test]
fn operands_that_are_owned_live_in_the_select() {
    let (tx, rx) = bounded(0);
    let (tx2, rx2) = bounded(0);
    let mut select = Box::pin(select::wait(arms![
        select::recv_owned(rx),
        select::send_owned(tx2, 2)
    ]));
    assert!(poll(&mut select).is_pending());
    assert!(!tx.is_closed());
    tx.try_send(1).unwrap();
    assert!(matches!(poll(&mut select), Poll::Ready(arm!(0, Some(1)))));
    assert!(tx.is_closed() && rx2.is_closed());
}

#[test]
fn an_owned_operand_that_was_handed_the_last_value_goes_with_it() {
    let value = Counted::new();
    let (tx, rx) = bounded(0);
    let mut select = Box::pin(select::wait(arms![select::recv_owned(rx)]));
    assert!(poll(&mut select).is_pending());
    assert!(tx.try_send(value.clone()).is_ok());
    drop(select);
    assert_eq!(value.others(), 0);
    assert!(tx.is_closed());
}

#[test]
fn the_value_of_a_slot_comes_back_if_another_arm_wins() {
    let (tx, rx) = bounded(0);
    let (other_tx, other_rx) = bounded(1);
    other_tx.try_send(1).unwrap();
    let mut slot = Slot::new("pending".to_string());
    let won = block_on(select::wait_biased(arms![
        select::send_slot(&tx, &mut slot),
        select::recv(&other_rx),
    ]));
    assert!(matches!(won, arm!(1, Some(1))));
    assert_eq!(slot.take(), "pending");

    let mut slot = Slot::new("default".to_string());
    let won = block_on(select::poll_default(arms![select::send_slot(
        &tx, &mut slot
    )]));
    assert!(matches!(won, Selected::Default));
    assert_eq!(slot.take(), "default");

    let mut slot = Slot::new("sent".to_string());
    let mut select = Box::pin(select::wait(arms![select::send_slot(&tx, &mut slot)]));
    assert!(poll(&mut select).is_pending());
    assert_eq!(rx.try_recv().as_deref(), Ok("sent"));
    assert!(matches!(poll(&mut select), Poll::Ready(arm!(0, Ok(())))));
}

#[test]
fn a_select_of_many_arms_needs_no_limit() {
    type Arms = Vec<Receiver<usize>>;
    let (senders, receivers): (Vec<_>, Arms) = (0..40).map(|_| unbounded()).unzip();
    macro_rules! many {
        ($($n:literal)*) => { arms![$(select::recv(&receivers[$n])),*] };
    }
    for last in [0, 20, 39] {
        let mut select = Box::pin(select::wait(many!(
            0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32
            33 34 35 36 37 38 39
        )));
        assert!(poll(&mut select).is_pending());
        senders[last].try_send(last).unwrap();
        assert!(poll(&mut select).is_ready());
        assert!(receivers.iter().all(Receiver::is_empty));
    }
}

#[test]
#[should_panic(expected = "a select was polled after it was done")]
fn a_select_polled_after_it_was_done_panics() {
    let mut select = Box::pin(select::wait(Nil));
    assert!(poll(&mut select).is_ready());
    let _ = poll(&mut select);
}

#[test]
fn selects_on_threads_pass_everything_on_once() {
    const EACH: usize = 20_000;
    let (tx, rx) = bounded(0);
    let (tx2, rx2) = bounded(1);
    let senders: Vec<_> = (0..2)
        .map(|id| {
            let (tx, tx2) = (tx.clone(), tx2.clone());
            thread::spawn(move || {
                block_on(async {
                    for value in 0..EACH {
                        let value = id * EACH + value;
                        let arms = arms![select::send(&tx, value), select::send(&tx2, value)];
                        let sent = select::wait(arms).await;
                        assert!(matches!(sent, arm!(0, Ok(())) | arm!(1, Ok(()))));
                    }
                });
            })
        })
        .collect();
    drop((tx, tx2));
    let mut seen = vec![false; 2 * EACH];
    block_on(async {
        loop {
            let arms = arms![select::recv_some(&rx), select::recv_some(&rx2)];
            match select::wait(arms).await {
                arm!(0, value) | arm!(1, value) => {
                    assert!(
                        !std::mem::replace(&mut seen[value], true),
                        "{value} came twice"
                    );
                }
                Selected::Disabled => break,
                _ => unreachable!(),
            }
        }
    });
    assert!(seen.iter().all(|&seen| seen));
    senders
        .into_iter()
        .for_each(|sender| sender.join().unwrap());
}
