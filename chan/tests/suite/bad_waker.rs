//! Wakers that panic: when they are woken or dropped, the operation is done as if nothing had
//! happened; when they are cloned, the poll panics, and nothing is lost.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;
use std::time::Duration;

use chango_chan::sync::WaitGroup;
use chango_chan::{Receiver, Sender, TryRecvError, bounded, ops, recv_any, select};
use chango_core::runtime::Builder;

use crate::support::{Bell, Set, Trap, arm, arms, poll, poll_with};

/// Long enough to be over in no test.
const NEVER: Duration = Duration::from_secs(3_600);

type Receives = fn(&Receiver<i32>) -> Option<i32>;

/// All ways to receive one value at once.
fn receives() -> Vec<(&'static str, Receives)> {
    fn ready<O>(polled: Poll<O>) -> O {
        match polled {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("it waits"),
        }
    }
    vec![
        ("try_recv", |rx| rx.try_recv().ok()),
        ("recv", |rx| ready(poll(&mut Box::pin(rx.recv())))),
        ("<-", |rx| ready(ops::receive(rx).now())),
        ("<-, that was tried", |rx| {
            ready(poll(&mut Box::pin(ops::receive(rx).wait())))
        }),
        ("recv_any", |rx| {
            ready(poll(&mut Box::pin(recv_any(std::slice::from_ref(rx))))).1
        }),
        ("select", |rx| {
            let select = select::wait(arms![select::recv(rx)]);
            match ready(poll(&mut Box::pin(select))) {
                arm!(0, received) => received,
                _ => None,
            }
        }),
    ]
}

#[test]
fn a_receive_that_wakes_a_bad_sender_has_its_value() {
    for (name, receive) in receives() {
        // From the sender's hand, and from a buffer that takes the sender's value in.
        for capacity in [0, 1] {
            let (tx, rx) = bounded(capacity);
            for _ in 0..capacity {
                tx.try_send(7).unwrap();
            }
            let trap = Trap::new(Set::OnWake);
            let mut send = Box::pin(tx.send(7));
            assert!(trap.poll(&mut send).is_pending());
            assert_eq!(receive(&rx), Some(7), "{name}, capacity {capacity}");
            assert_eq!(trap.sprung(), 1, "{name}, capacity {capacity}");
            assert_eq!(poll(&mut send), Poll::Ready(Ok(())));
        }
    }
}

type Sends = fn(&Sender<i32>) -> bool;

/// All ways to send one value at once; whether it was sent.
fn sends() -> Vec<(&'static str, Sends)> {
    vec![
        ("try_send", |tx| tx.try_send(7).is_ok()),
        ("send", |tx| {
            poll(&mut Box::pin(tx.send(7))) == Poll::Ready(Ok(()))
        }),
        ("<-", |tx| {
            matches!(ops::send_to(tx).start(7), ops::Started::Sent)
        }),
        ("select", |tx| {
            let select = select::wait(arms![select::send(tx, 7)]);
            matches!(poll(&mut Box::pin(select)), Poll::Ready(arm!(0, Ok(()))))
        }),
    ]
}

#[test]
fn a_send_that_wakes_a_bad_receiver_is_done() {
    for (name, send) in sends() {
        let (tx, rx) = bounded(0);
        let trap = Trap::new(Set::OnWake);
        let mut receive = Box::pin(rx.recv());
        assert!(trap.poll(&mut receive).is_pending());
        assert!(send(&tx), "{name}");
        assert_eq!(trap.sprung(), 1, "{name}");
        assert_eq!(poll(&mut receive), Poll::Ready(Some(7)), "{name}");
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    }
}

#[test]
fn a_send_that_was_tried_and_wakes_a_bad_receiver_is_done() {
    let (tx, rx) = bounded(0);
    let ops::Started::Waiting(wait) = ops::send_to(&tx).start(7) else {
        panic!("nobody receives yet");
    };
    let trap = Trap::new(Set::OnWake);
    let mut receive = Box::pin(rx.recv());
    assert!(trap.poll(&mut receive).is_pending());
    assert_eq!(poll(&mut Box::pin(wait.value())), Poll::Ready(Ok(())));
    assert_eq!(trap.sprung(), 1);
    assert_eq!(poll(&mut receive), Poll::Ready(Some(7)));
}

#[test]
fn a_select_that_meets_a_bad_select_is_decided() {
    // On a rendezvous the second commits as it enters the queue, where the first waits.
    for receives_first in [false, true] {
        let (tx, rx) = bounded(0);
        let trap = Trap::new(Set::OnWake);
        let mut send = Box::pin(select::wait(arms![select::send(&tx, 7)]));
        let mut receive = Box::pin(select::wait(arms![select::recv(&rx)]));
        if receives_first {
            assert!(trap.poll(&mut receive).is_pending());
            assert!(matches!(poll(&mut send), Poll::Ready(arm!(0, Ok(())))));
            assert!(matches!(poll(&mut receive), Poll::Ready(arm!(0, Some(7)))));
        } else {
            assert!(trap.poll(&mut send).is_pending());
            assert!(matches!(poll(&mut receive), Poll::Ready(arm!(0, Some(7)))));
            assert!(matches!(poll(&mut send), Poll::Ready(arm!(0, Ok(())))));
        }
        assert_eq!(trap.sprung(), 1);
    }
}

#[test]
fn a_close_wakes_all_the_others() {
    type Closes = fn(Sender<i32>, &Receiver<i32>) -> bool;
    let closes: [Closes; 3] = [
        |tx, _| tx.close(),
        |_, rx| rx.close(),
        |tx, rx| {
            drop(tx);
            rx.is_closed()
        },
    ];
    for close in closes {
        let (tx, rx) = bounded::<i32>(0);
        let (trap, bell) = (Trap::new(Set::OnWake), Bell::new());
        let mut receives = [(); 7].map(|()| Box::pin(rx.recv()));
        for (at, receive) in receives.iter_mut().enumerate() {
            let polled = match at {
                2 | 5 => trap.poll(receive),
                _ => poll_with(receive, &bell),
            };
            assert!(polled.is_pending());
        }
        assert!(close(tx, &rx));
        assert_eq!((trap.sprung(), bell.rung()), (2, 5));
        assert!(
            receives
                .iter_mut()
                .all(|receive| poll(receive) == Poll::Ready(None))
        );
    }
}

#[test]
fn the_last_receiver_gives_all_senders_their_values_back() {
    let (tx, rx) = bounded(0);
    let trap = Trap::new(Set::OnWake);
    let mut sends: Vec<_> = (0..7).map(|value| Box::pin(tx.send(value))).collect();
    for send in &mut sends {
        assert!(trap.poll(send).is_pending());
    }
    drop(rx);
    assert_eq!(trap.sprung(), 7);
    for (value, send) in (0..).zip(&mut sends) {
        let Poll::Ready(Err(error)) = poll(send) else {
            panic!("the channel is closed");
        };
        assert!(error.is_disconnected());
        assert_eq!(error.into_inner(), value);
    }
}

#[test]
fn a_value_that_comes_back_goes_to_a_bad_receiver_as_to_any_other() {
    let (tx, rx) = bounded(0);
    let trap = Trap::new(Set::OnWake);
    let [mut first, mut second] = [(); 2].map(|()| Box::pin(rx.recv()));
    assert!(poll(&mut first).is_pending());
    assert!(trap.poll(&mut second).is_pending());
    tx.try_send(7).unwrap();
    drop(first);
    assert_eq!(trap.sprung(), 1);
    assert_eq!(poll(&mut second), Poll::Ready(Some(7)));
}

#[test]
fn a_wait_group_releases_all_who_wait() {
    let group = WaitGroup::new();
    let (trap, bell) = (Trap::new(Set::OnWake), Bell::new());
    let [mut bad, mut good] = [(); 2].map(|()| Box::pin(group.wait()));
    group.add(1);
    assert!(trap.poll(&mut bad).is_pending());
    assert!(poll_with(&mut good, &bell).is_pending());
    group.done();
    assert_eq!((trap.sprung(), bell.rung()), (1, 1));
    assert!(poll(&mut good).is_ready());
    assert!(poll(&mut bad).is_ready());
}

#[test]
fn what_was_received_outlives_the_drop_of_a_bad_waker() {
    let trap = Trap::new(Set::OnDrop);
    // The clone for waiting is not needed.
    let (tx, rx) = bounded(1);
    let mut receive = Box::pin(ops::receive(&rx).wait());
    tx.try_send(1).unwrap();
    assert_eq!(trap.poll(&mut receive), Poll::Ready(Some(1)));
    assert_eq!(trap.sprung(), 1);

    // The select keeps the clone it waited with until it goes.
    let (_other_tx, other) = bounded::<i32>(0);
    let mut select = Box::pin(select::wait(arms![select::recv(&rx), select::recv(&other)]));
    assert!(trap.poll(&mut select).is_pending());
    trap.set(Set::OnWake);
    tx.try_send(2).unwrap();
    trap.set(Set::OnDrop);
    assert!(matches!(
        trap.poll(&mut select),
        Poll::Ready(arm!(0, Some(2)))
    ));
    drop(select);

    // The same, found by itself: nobody took the clone out.
    let mut ready = false;
    let future = std::future::poll_fn(move |_| {
        if std::mem::replace(&mut ready, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    });
    let mut outer =
        Box::pin(async { select::wait(arms![select::recv(&rx), select::future(future)]).await });
    assert!(trap.poll(&mut outer).is_pending());
    let before = trap.sprung();
    assert!(matches!(trap.poll(&mut outer), Poll::Ready(arm!(1, ()))));
    assert_eq!(trap.sprung(), before + 1);

    // A timer that was not needed.
    let runtime = Builder::new().workers(1).build().unwrap();
    let handle = runtime.handle();
    let _inside = handle.enter();
    let mut receive = Box::pin(rx.recv_timeout(NEVER));
    assert!(trap.poll(&mut receive).is_pending());
    trap.set(Set::Nothing);
    tx.try_send(3).unwrap();
    trap.set(Set::OnDrop);
    let before = trap.sprung();
    assert_eq!(trap.poll(&mut receive), Poll::Ready(Ok(3)));
    assert_eq!(trap.sprung(), before + 1);
}

#[test]
fn what_was_sent_was_sent_though_a_bad_waker_is_dropped() {
    let trap = Trap::new(Set::OnDrop);
    let (tx, rx) = bounded(1);
    tx.try_send(1).unwrap();
    let ops::Started::Waiting(wait) = ops::send_to(&tx).start(2) else {
        panic!("it is full");
    };
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(trap.poll(&mut Box::pin(wait.value())), Poll::Ready(Ok(())));
    assert_eq!(trap.sprung(), 1);
    assert_eq!(rx.try_recv(), Ok(2));

    // And what was refused comes back.
    let mut send = Box::pin(waiting(&tx).value());
    rx.close();
    let Poll::Ready(Err(error)) = trap.poll(&mut send) else {
        panic!("the channel is closed");
    };
    assert_eq!(trap.sprung(), 2);
    assert_eq!(error.into_inner(), 4);
}

/// A send of 4 that was tried in vain.
fn waiting(tx: &Sender<i32>) -> ops::SendWait<'_, i32> {
    tx.try_send(3).unwrap();
    match ops::send_to(tx).start(4) {
        ops::Started::Waiting(wait) => wait,
        ops::Started::Sent => panic!("it is full"),
    }
}

#[test]
fn a_future_with_a_bad_waker_can_be_dropped_while_it_waits() {
    let trap = Trap::new(Set::OnDrop);
    let (tx, rx) = bounded(0);
    let mut receive = Box::pin(rx.recv());
    assert!(trap.poll(&mut receive).is_pending());
    drop(receive);
    let mut send = Box::pin(tx.send(1));
    assert!(trap.poll(&mut send).is_pending());
    drop(send);
    let mut select = Box::pin(select::wait(arms![select::send(&tx, 1), select::recv(&rx)]));
    assert!(trap.poll(&mut select).is_pending());
    drop(select);
    let group = WaitGroup::new();
    group.add(1);
    let mut wait = Box::pin(group.wait());
    assert!(trap.poll(&mut wait).is_pending());
    drop(wait);
    assert_eq!(trap.sprung(), 4);

    // Replaced by another one, the operation waits on.
    let bell = Bell::new();
    let mut receive = Box::pin(rx.recv());
    assert!(trap.poll(&mut receive).is_pending());
    assert!(poll_with(&mut receive, &bell).is_pending());
    assert_eq!(trap.sprung(), 5);
    tx.try_send(2).unwrap();
    assert_eq!(bell.rung(), 1);
    assert_eq!(poll(&mut receive), Poll::Ready(Some(2)));
}

fn panics<R>(f: impl FnOnce() -> R) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}

#[test]
fn a_waker_that_cannot_be_cloned_takes_nothing_down() {
    let trap = Trap::new(Set::OnClone);
    let (tx, rx) = bounded(0);
    let mut receive = Box::pin(rx.recv());
    assert!(panics(|| trap.poll(&mut receive)));
    let mut send = Box::pin(tx.send(1));
    assert!(panics(|| trap.poll(&mut send)));
    // Both go on: neither stands in a queue, and the send has its value.
    assert!(poll(&mut send).is_pending());
    assert_eq!(poll(&mut receive), Poll::Ready(Some(1)));
    assert_eq!(poll(&mut send), Poll::Ready(Ok(())));

    // A place in the queue is kept, and what was handed over with it.
    let mut receive = Box::pin(rx.recv());
    assert!(poll(&mut receive).is_pending());
    assert!(panics(|| trap.poll(&mut receive)));
    assert_eq!(tx.try_send(2), Ok(()));
    drop(receive);
    assert_eq!(rx.try_recv(), Ok(2));

    // A select that did not come to wait can be dropped, and polled again.
    for again in [false, true] {
        let mut select = Box::pin(select::wait(arms![select::send(&tx, 3), select::recv(&rx)]));
        assert!(panics(|| trap.poll(&mut select)));
        if again {
            assert!(poll(&mut select).is_pending());
            assert_eq!(rx.try_recv(), Ok(3));
            assert!(poll(&mut select).is_ready());
        }
    }
    // And one that waited already, with another waker.
    for again in [false, true] {
        let mut select = Box::pin(select::wait(arms![select::send(&tx, 4), select::recv(&rx)]));
        assert!(poll(&mut select).is_pending());
        assert!(panics(|| trap.poll(&mut select)));
        if again {
            assert!(poll(&mut select).is_pending());
            assert_eq!(rx.try_recv(), Ok(4));
            assert!(poll(&mut select).is_ready());
        }
    }
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    assert!(tx.try_send(5).is_err());
}
