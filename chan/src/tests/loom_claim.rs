//! Models of select: exactly one arm commits, whoever meets whom.
//!
//! Modelled: selects with up to two arms against plain operations, against closing, and against
//! each other on rendezvous channels, with up to three threads. Left out: chance (a select looks in
//! source order here), budgets, timers and futures; and two threads that spin for the third, which
//! loom would let take turns for ever (`tests/storm.rs` has three selects that meet). Up to a minute
//! each:
//!
//! `RUSTFLAGS="--cfg loom" cargo test --release -p chango-chan --lib loom_claim`

use std::pin::pin;

use futures_lite::future::poll_once;
use loom::future::block_on;
use loom::thread;

use super::model;
use crate::select::{self, Cons, Nil, Selected, Won};
use crate::{Receiver, SendError, Sender, bounded, unbounded};

/// What a select of two arms did: which one won, and what it gave.
type Either<A, B> = Result<A, B>;

fn either<A, B, N>(selected: Selected<Won<A, Won<B, N>>>) -> Either<A, B> {
    match selected {
        Selected::Arm(Won::This(first)) => Ok(first),
        Selected::Arm(Won::Later(Won::This(second))) => Err(second),
        _ => unreachable!("one of two arms wins"),
    }
}

fn receive_either(one: &Receiver<i32>, two: &Receiver<i32>) -> Either<Option<i32>, Option<i32>> {
    either(block_on(select::wait(Cons::new(
        Some(select::recv(one)),
        Cons::new(Some(select::recv(two)), Nil),
    ))))
}

type Sent = Result<(), SendError<i32>>;

fn send_either(one: &Sender<i32>, two: &Sender<i32>) -> Either<Sent, Sent> {
    either(block_on(select::wait(Cons::new(
        Some(select::send(one, 1)),
        Cons::new(Some(select::send(two, 2)), Nil),
    ))))
}

fn send_or_receive(tx: &Sender<i32>, rx: &Receiver<i32>) -> Either<Sent, Option<i32>> {
    either(block_on(select::wait(Cons::new(
        Some(select::send(tx, 1)),
        Cons::new(Some(select::recv(rx)), Nil),
    ))))
}

fn receive_or_send(rx: &Receiver<i32>, tx: &Sender<i32>) -> Either<Option<i32>, Sent> {
    either(block_on(select::wait(Cons::new(
        Some(select::recv(rx)),
        Cons::new(Some(select::send(tx, 1)), Nil),
    ))))
}

#[test]
fn two_plain_sends_meet_one_select() {
    for capacity in [0, 1] {
        model(2, move || {
            let (tx1, rx1) = bounded(capacity);
            let (tx2, rx2) = bounded(capacity);
            let one = thread::spawn(move || block_on(tx1.send(1)));
            let two = thread::spawn(move || block_on(tx2.send(2)));
            // The loser has lost nothing: the other value is there for the next receive.
            match receive_either(&rx1, &rx2) {
                Ok(value) => assert_eq!((value, block_on(rx2.recv())), (Some(1), Some(2))),
                Err(value) => assert_eq!((value, block_on(rx1.recv())), (Some(2), Some(1))),
            }
            assert_eq!(one.join().unwrap(), Ok(()));
            assert_eq!(two.join().unwrap(), Ok(()));
        });
    }
}

#[test]
fn two_plain_receives_meet_one_select() {
    model(2, || {
        let (tx1, rx1) = bounded(0);
        let (tx2, rx2) = bounded(0);
        let one = thread::spawn(move || block_on(rx1.recv()));
        let two = thread::spawn(move || block_on(rx2.recv()));
        let won = send_either(&tx1, &tx2);
        drop((tx1, tx2));
        let received = (one.join().unwrap(), two.join().unwrap());
        match won {
            Ok(sent) => assert_eq!((sent, received), (Ok(()), (Some(1), None))),
            Err(sent) => assert_eq!((sent, received), (Ok(()), (None, Some(2)))),
        }
    });
}

#[test]
fn default_is_not_taken_while_one_of_two_channels_is_always_ready() {
    model(3, || {
        let (tx1, rx1) = bounded(1);
        let (tx2, rx2) = bounded(1);
        tx1.try_send(1).unwrap();
        let (one, two) = (rx1.clone(), rx2.clone());
        let looking = thread::spawn(move || {
            let selected = block_on(select::poll_default(Cons::new(
                Some(select::recv(&two)),
                Cons::new(Some(select::recv(&one)), Nil),
            )));
            either(selected)
        });
        // The second channel becomes ready, and only then does the first one cease to be.
        tx2.try_send(2).unwrap();
        let first = rx1.try_recv().ok();
        match looking.join().unwrap() {
            Ok(second) => assert_eq!((first, second), (Some(1), Some(2))),
            Err(one) => assert_eq!((first, one, rx2.try_recv().ok()), (None, Some(1), Some(2))),
        }
    });
}

#[test]
fn two_selects_meet_on_one_rendezvous() {
    model(3, || {
        let (tx, rx) = bounded(0);
        let sender = thread::spawn(move || {
            let selected = block_on(select::wait(Cons::new(Some(select::send(&tx, 1)), Nil)));
            assert!(matches!(selected, Selected::Arm(Won::This(Ok(())))));
        });
        let selected = block_on(select::wait(Cons::new(Some(select::recv(&rx)), Nil)));
        assert!(matches!(selected, Selected::Arm(Won::This(Some(1)))));
        sender.join().unwrap();
    });
}

#[test]
fn two_selects_meet_crosswise_on_two_rendezvous() {
    model(2, || {
        let (tx1, rx1) = bounded(0);
        let (tx2, rx2) = bounded(0);
        let other = thread::spawn(move || send_or_receive(&tx2, &rx1));
        let here = send_or_receive(&tx1, &rx2);
        match (here, other.join().unwrap()) {
            (Ok(Ok(())), Err(Some(1))) | (Err(Some(1)), Ok(Ok(()))) => {}
            (here, there) => panic!("one committed without the other: {here:?}, {there:?}"),
        }
    });
}

#[test]
fn two_selects_meet_crosswise_and_look_at_the_same_channel_first() {
    model(2, || {
        let (tx1, rx1) = bounded(0);
        let (tx2, rx2) = bounded(0);
        let other = thread::spawn(move || receive_or_send(&rx1, &tx2));
        let here = send_or_receive(&tx1, &rx2);
        match (here, other.join().unwrap()) {
            (Ok(Ok(())), Ok(Some(1))) | (Err(Some(1)), Err(Ok(()))) => {}
            (here, there) => panic!("one committed without the other: {here:?}, {there:?}"),
        }
    });
}

#[test]
fn two_selects_that_name_both_directions_of_both_channels_meet_in_opposite_order() {
    model(2, || {
        let (tx1, rx1) = bounded(0);
        let (tx2, rx2) = bounded(0);
        let (their_tx1, their_tx2) = (tx1.clone(), tx2.clone());
        let other = thread::spawn(move || send_either(&their_tx2, &their_tx1));
        let here = receive_either(&rx1, &rx2);
        match (here, other.join().unwrap()) {
            (Ok(Some(2)), Err(Ok(()))) | (Err(Some(1)), Ok(Ok(()))) => {}
            (here, there) => panic!("one committed without the other: {here:?}, {there:?}"),
        }
        drop((tx1, tx2));
    });
}

#[test]
fn a_select_and_a_plain_receive_compete_for_the_send_of_a_select() {
    model(2, || {
        let (tx, rx) = bounded(0);
        let their_rx = rx.clone();
        let select = thread::spawn(move || {
            match block_on(select::wait(Cons::new(Some(select::recv(&rx)), Nil))) {
                Selected::Arm(Won::This(received)) => received,
                _ => unreachable!("there is one arm, and it is on"),
            }
        });
        let plain = thread::spawn(move || block_on(their_rx.recv()));
        let sent = block_on(select::wait(Cons::new(Some(select::send(&tx, 1)), Nil)));
        assert!(matches!(sent, Selected::Arm(Won::This(Ok(())))));
        drop(tx);
        match (select.join().unwrap(), plain.join().unwrap()) {
            (Some(1), None) | (None, Some(1)) => {}
            received => panic!("one message for two: {received:?}"),
        }
    });
}

// Polled by hand, since with parked threads it takes minutes. The receiving select is made first, so
// that of two claims its own is the one to be held while the other is won.

#[test]
fn a_select_that_meets_another_is_not_chosen_by_a_third() {
    model(2, || {
        let (tx1, rx1) = bounded(0);
        let (tx2, rx2) = bounded(0);
        let their_tx1 = tx1.clone();
        let mut receive = pin!(select::wait(Cons::new(
            Some(select::recv(&rx1)),
            Cons::new(Some(select::recv(&rx2)), Nil),
        )));
        let select = thread::spawn(move || {
            let mut send = Box::pin(select::wait(Cons::new(
                Some(select::send_owned(tx2, 1)),
                Nil,
            )));
            (block_on(poll_once(&mut send)), send)
        });
        let plain = thread::spawn(move || their_tx1.try_send(2).is_ok());
        // One poll each, and another one when all three are done.
        let mut received = block_on(poll_once(receive.as_mut()));
        let (mut sent, mut send) = select.join().unwrap();
        let plain = plain.join().unwrap();
        if received.is_none() {
            received = block_on(poll_once(receive.as_mut()));
        }
        if sent.is_none() {
            sent = block_on(poll_once(&mut send));
        }
        match (received.map(either), sent, plain) {
            (Some(Ok(Some(2))), None, true) | (Some(Err(Some(1))), Some(_), false) => {}
            (received, _, plain) => panic!("not exactly one: {received:?}, {plain}"),
        }
        drop(tx1);
    });
}

#[test]
fn a_select_never_meets_itself() {
    model(2, || {
        let (tx, rx) = bounded(0);
        let (their_tx, their_rx) = (tx.clone(), rx.clone());
        let other = thread::spawn(move || send_or_receive(&their_tx, &their_rx));
        let here = send_or_receive(&tx, &rx);
        match (here, other.join().unwrap()) {
            (Ok(Ok(())), Err(Some(1))) | (Err(Some(1)), Ok(Ok(()))) => {}
            (here, there) => panic!("one committed without the other: {here:?}, {there:?}"),
        }
    });
}

#[test]
fn a_select_that_waits_sees_the_closing_of_one_channel() {
    model(2, || {
        let (tx1, rx1) = bounded::<i32>(0);
        let (tx2, rx2) = bounded(0);
        let closer = thread::spawn(move || drop(tx1));
        let sender = thread::spawn(move || block_on(tx2.send(2)).is_ok());
        let selected = receive_either(&rx1, &rx2);
        drop((rx1, rx2));
        let sent = sender.join().unwrap();
        assert_eq!((selected == Err(Some(2))), sent);
        assert!(selected == Ok(None) || sent);
        closer.join().unwrap();
    });
}

#[test]
fn an_arm_that_wants_some_goes_off_and_the_other_goes_on() {
    model(2, || {
        let (tx1, rx1) = bounded::<i32>(0);
        let (tx2, rx2) = bounded(0);
        let closer = thread::spawn(move || drop(tx1));
        let sender = thread::spawn(move || block_on(tx2.send(2)));
        let selected = block_on(select::wait(Cons::new(
            Some(select::recv_some(&rx1)),
            Cons::new(Some(select::recv_some(&rx2)), Nil),
        )));
        assert_eq!(either(selected), Err(2));
        assert_eq!(sender.join().unwrap(), Ok(()));
        closer.join().unwrap();
    });
}

// A select that is polled again takes its claim back for a moment, and others pass its nodes over.
// What they do meanwhile must not be overtaken when it is open again and has not looked yet.

#[test]
fn a_value_stored_beside_a_select_that_looks_is_not_overtaken_by_the_next() {
    model(3, || {
        let (tx, rx) = unbounded();
        let sender = thread::spawn(move || (1..=2).for_each(|value| tx.try_send(value).unwrap()));
        let received = block_on(async {
            let mut select = pin!(select::wait(Cons::new(Some(select::recv(&rx)), Nil)));
            match poll_once(select.as_mut()).await {
                Some(selected) => selected,
                None => select.await,
            }
        });
        assert!(matches!(received, Selected::Arm(Won::This(Some(1)))));
        assert_eq!(block_on(rx.recv()), Some(2));
        sender.join().unwrap();
    });
}

#[test]
fn a_value_that_came_back_beside_a_select_that_looks_is_not_overtaken_by_the_next() {
    model(3, || {
        let (tx, rx) = unbounded();
        let (one_rx, two_rx) = (rx.clone(), rx.clone());
        let (mut one, mut two) = (
            Box::pin(async move { one_rx.recv().await }),
            Box::pin(async move { two_rx.recv().await }),
        );
        assert!(block_on(poll_once(&mut one)).is_none());
        assert!(block_on(poll_once(&mut two)).is_none());
        (1..=2).for_each(|value| tx.try_send(value).unwrap());
        let dropper = thread::spawn(move || {
            drop(one);
            drop(two);
        });
        let received = block_on(async {
            let mut select = pin!(select::wait(Cons::new(Some(select::recv(&rx)), Nil)));
            match poll_once(select.as_mut()).await {
                Some(selected) => selected,
                None => select.await,
            }
        });
        assert!(matches!(received, Selected::Arm(Won::This(Some(1)))));
        assert_eq!(block_on(rx.recv()), Some(2));
        dropper.join().unwrap();
    });
}

#[test]
fn a_send_that_waits_beside_a_select_that_looks_is_not_overtaken_by_the_next() {
    model(3, || {
        let (tx, rx) = bounded(0);
        let sender = thread::spawn(move || {
            block_on(async {
                let mut first = pin!(tx.send(1));
                let waits = poll_once(first.as_mut()).await.is_none();
                let overtaken = tx.try_send(2).is_ok();
                if waits {
                    first.await.unwrap();
                }
                overtaken
            })
        });
        let received = block_on(async {
            let mut select = pin!(select::wait(Cons::new(Some(select::recv(&rx)), Nil)));
            match poll_once(select.as_mut()).await {
                Some(selected) => selected,
                None => select.await,
            }
        });
        assert!(matches!(received, Selected::Arm(Won::This(Some(1)))));
        drop(rx);
        assert!(!sender.join().unwrap());
    });
}

#[test]
fn a_receive_that_waits_beside_a_select_that_looks_is_not_overtaken_by_the_next() {
    model(3, || {
        let (tx, rx) = bounded(0);
        let receiver = thread::spawn(move || {
            block_on(async {
                let mut first = pin!(rx.recv());
                let received = match poll_once(first.as_mut()).await {
                    Some(received) => received,
                    None => {
                        assert_eq!(rx.try_recv().ok(), None);
                        first.await
                    }
                };
                assert_eq!(received, Some(1));
            });
        });
        let sent = block_on(async {
            let mut select = pin!(select::wait(Cons::new(Some(select::send(&tx, 1)), Nil)));
            match poll_once(select.as_mut()).await {
                Some(selected) => selected,
                None => select.await,
            }
        });
        assert!(matches!(sent, Selected::Arm(Won::This(Ok(())))));
        receiver.join().unwrap();
    });
}
