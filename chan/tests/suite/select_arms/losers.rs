//! What the losing arms leave behind when the winner's body begins: nothing.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use chango_chan::select::{self, Slot};
use chango_chan::{Receiver, Sender, bounded};
use chango_core::random::Random;
use futures_lite::future::block_on;

use super::{alternating, winner};
use crate::support::{Counted, arm, arms, poll};

const MANY: usize = 64;

type Channels = Vec<(Sender<usize>, Receiver<usize>)>;

/// Arms on the channels of `order`, in that order: every second one receives, the others send their
/// place. Those beyond its length are switched off.
macro_rules! arms_on {
    ($channels:expr, $order:expr) => {{
        let (channels, order): (&Channels, &[usize]) = (&$channels, &$order);
        let receive = move |place: usize| {
            let at = order.get(place);
            at.map(|&at| select::recv(&channels[at].1))
        };
        let send = move |place: usize| {
            let at = order.get(place);
            at.map(|&at| select::send(&channels[at].0, place))
        };
        alternating!(receive, send)
    }};
}

fn channels(capacity: usize) -> Channels {
    (0..MANY).map(|_| bounded(capacity)).collect()
}

/// Completes arm `place`, on this channel, from the other side.
fn complete(place: usize, (tx, rx): &(Sender<usize>, Receiver<usize>)) {
    if place.is_multiple_of(2) {
        assert_eq!(tx.try_send(place), Ok(()));
    } else {
        assert_eq!(rx.try_recv(), Ok(place));
    }
}

/// Nobody waits on any of these rendezvous channels.
fn assert_alone(channels: &Channels) {
    for (tx, rx) in channels {
        assert!(tx.try_send(0).is_err(), "a receive is left");
        assert!(rx.try_recv().is_err(), "a send is left");
        assert_eq!(tx.len(), 0);
    }
}

#[test]
fn a_select_on_any_number_of_arms_that_wins_has_left_all_queues() {
    let mut random = Random::new(7);
    let channels = channels(0);
    for count in 1..=MANY {
        let mut order: Vec<_> = (0..MANY).collect();
        random.shuffle(&mut order);
        order.truncate(count);
        for place in [0, random.below(count), count - 1] {
            let mut select = pin!(select::wait(arms_on!(channels, order)));
            let mut polled = |times| {
                let mut ready = None;
                for _ in 0..times {
                    let waker = std::task::Waker::noop();
                    let mut cx = std::task::Context::from_waker(waker);
                    if let Poll::Ready(selected) = select.as_mut().poll(&mut cx) {
                        ready = winner(&selected);
                    }
                }
                ready
            };
            assert_eq!(polled(2), None);
            complete(place, &channels[order[place]]);
            // It is decided: nobody else can choose it, though its nodes are there still.
            assert_alone(&channels);
            assert_eq!(polled(1), Some(place));
            // The select itself is not dropped yet.
            assert_alone(&channels);
        }
    }
}

#[test]
fn a_select_that_finds_an_arm_ready_or_takes_its_default_has_entered_no_queue() {
    let channels = channels(0);
    let order: Vec<_> = (0..MANY).collect();
    let mut other = Box::pin(channels[40].0.send(1));
    assert!(poll(&mut other).is_pending());
    let selected = block_on(select::wait(arms_on!(channels, order)));
    assert_eq!(winner(&selected), Some(40));
    assert_alone(&channels);
    let selected = block_on(select::poll_default(arms_on!(channels, order)));
    assert_eq!(winner(&selected), None);
    assert_alone(&channels);
}

#[test]
fn two_selects_on_the_same_channels_in_any_order_commit_together_or_not_at_all() {
    let mut random = Random::new(11);
    let channels = channels(0);
    for _ in 0..300 {
        // Each channel has a place of another kind in the other one's order, or of the same.
        let [one, two] = [(); 2].map(|()| {
            let mut order: Vec<_> = (0..MANY).collect();
            random.shuffle(&mut order);
            order.truncate(1 + random.below(MANY));
            order
        });
        let mut first = Box::pin(select::wait(arms_on!(channels, one)));
        let mut second = Box::pin(select::wait(arms_on!(channels, two)));
        assert!(poll(&mut first).is_pending());
        let won = |polled| match polled {
            Poll::Ready(selected) => winner(&selected),
            Poll::Pending => None,
        };
        let at_second = won(poll(&mut second));
        let at_first = won(poll(&mut first));
        // One sends where the other one receives.
        let could_meet = one.iter().enumerate().any(|(at, channel)| {
            two.iter()
                .position(|other| other == channel)
                .is_some_and(|other| (at + other) % 2 == 1)
        });
        assert_eq!(at_second.is_some(), could_meet);
        match (at_first, at_second) {
            (Some(first), Some(second)) => {
                assert_eq!(one[first], two[second]);
                assert_eq!((first + second) % 2, 1);
            }
            (None, None) => {}
            _ => panic!("one committed without the other"),
        }
        drop((first, second));
        assert_alone(&channels);
    }
}

/// A value in a slot, and every way in which its arm can lose.
#[test]
fn the_value_of_a_slot_is_back_whatever_it_lost_to() {
    let counted = Counted::new();
    let value = || Slot::new(counted.clone());
    let (full, open) = bounded::<Counted>(0);
    let (tx, rx) = bounded(1);
    let closed = bounded::<()>(0).1;
    let idle = chango_chan::never::<()>();
    let alone = |slot: &mut Slot<Counted>| {
        // It is there, and nobody else has it.
        assert_eq!(counted.others(), 1);
        assert!(open.try_recv().is_err());
        drop(slot.take());
        assert_eq!(counted.others(), 0);
    };

    // Another arm that is ready at once.
    let mut slot = value();
    tx.try_send(()).unwrap();
    let arms = arms![select::send_slot(&full, &mut slot), select::recv(&rx)];
    assert!(matches!(block_on(select::wait(arms)), arm!(1, Some(()))));
    alone(&mut slot);

    // Another arm that comes later, while the slot's is in its queue.
    let mut slot = value();
    {
        let arms = arms![select::send_slot(&full, &mut slot), select::recv(&rx)];
        let mut select = Box::pin(select::wait(arms));
        assert!(poll(&mut select).is_pending());
        tx.try_send(()).unwrap();
        assert!(matches!(poll(&mut select), Poll::Ready(arm!(1, Some(())))));
        // As in the body, where the select is still there.
        assert!(open.try_recv().is_err());
        assert_eq!(counted.others(), 1);
    }
    alone(&mut slot);

    // A default, on one arm and on two.
    let mut slot = value();
    let arms = arms![select::send_slot(&full, &mut slot)];
    assert_eq!(winner(&block_on(select::poll_default(arms))), None);
    alone(&mut slot);
    let mut slot = value();
    let arms = arms![select::send_slot(&full, &mut slot), select::recv(&idle)];
    assert_eq!(winner(&block_on(select::poll_default(arms))), None);
    alone(&mut slot);

    // A future, and a closed channel; a `Some` arm that goes off beside the one that wins.
    let mut slot = value();
    let arms = arms![
        select::send_slot(&full, &mut slot),
        select::recv_some(&closed),
        select::future(std::future::ready(())),
    ];
    assert!(matches!(block_on(select::wait(arms)), arm!(2, ())));
    alone(&mut slot);
    let mut slot = value();
    let arms = arms![
        select::send_slot_owned(full.clone(), &mut slot),
        select::recv(&closed)
    ];
    assert!(matches!(block_on(select::wait(arms)), arm!(1, None)));
    alone(&mut slot);

    // The whole select is dropped while it waits.
    let mut slot = value();
    let mut select = Box::pin(select::wait(arms![select::send_slot(&full, &mut slot)]));
    assert!(poll(&mut select).is_pending());
    drop(select);
    alone(&mut slot);

    // It wins: the value is with the receiver, and not in the slot.
    let mut slot = value();
    {
        let mut select = Box::pin(select::wait(arms![select::send_slot(&full, &mut slot)]));
        assert!(poll(&mut select).is_pending());
        let received = open.try_recv();
        assert!(received.is_ok() && counted.others() == 1);
        assert!(matches!(poll(&mut select), Poll::Ready(arm!(0, Ok(())))));
    }
    assert_eq!(counted.others(), 0);

    // It wins on a closed channel: the value is in the error, once.
    let mut slot = value();
    full.close();
    let selected = block_on(select::wait(arms![select::send_slot(&full, &mut slot)]));
    assert_eq!(counted.others(), 1);
    drop(selected);
    assert_eq!(counted.others(), 0);
}

#[test]
fn the_futures_of_the_losers_are_gone_when_the_select_is_done() {
    let alive = Arc::new(());
    let held = |alive: &Arc<()>| {
        let alive = Arc::clone(alive);
        async move {
            let _alive = alive;
            std::future::pending::<()>().await;
        }
    };
    let (tx, rx) = bounded(0);
    let arms = arms![
        select::future(held(&alive)),
        select::recv(&rx),
        select::future(held(&alive)),
    ];
    let mut select = Box::pin(select::wait(arms));
    assert!(poll(&mut select).is_pending());
    assert_eq!(Arc::strong_count(&alive), 3);
    tx.try_send(()).unwrap();
    assert!(poll(&mut select).is_ready());
    assert_eq!(Arc::strong_count(&alive), 1);
}
