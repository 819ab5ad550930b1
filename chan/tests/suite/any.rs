//! A receive from any of many: one of those that are ready, and the others have given nothing.

use std::task::Poll;
use std::thread;

use crate::fairness::chi_square;
use crate::support::{Bell, Counted, arm, arms, poll, poll_with};
use chango_chan::{
    Receiver, Sender, TryRecvError, TrySendError, bounded, never, recv_any, select, unbounded,
};
use chango_core::random::Random;
use chango_core::runtime::Builder;
use futures_lite::future::{block_on, poll_once, zip};

/// So many channels of one kind: their senders and their receivers.
fn channels<T>(count: usize, capacity: usize) -> (Vec<Sender<T>>, Vec<Receiver<T>>) {
    (0..count).map(|_| bounded(capacity)).unzip()
}

#[test]
fn the_one_that_is_ready_is_received_from_wherever_it_stands() {
    // As many as are ordered inline, and more, and more than 16 bits can count.
    for count in [1, 2, 3, 32, 33, 100, 70_000] {
        let (senders, receivers) = channels(count, 1);
        for at in [0, count / 2, count - 1] {
            senders[at].try_send(at).unwrap();
            assert_eq!(block_on(recv_any(&receivers)), (at, Some(at)));

            let bell = Bell::new();
            let mut any = Box::pin(recv_any(&receivers));
            assert!(poll_with(&mut any, &bell).is_pending());
            senders[at].try_send(at + 1).unwrap();
            assert_eq!(bell.rung(), 1);
            assert_eq!(poll(&mut any), Poll::Ready((at, Some(at + 1))));
        }
        assert!(receivers.iter().all(Receiver::is_empty));
    }
}

#[test]
fn those_that_were_not_chosen_have_given_nothing() {
    for capacity in [1, usize::MAX] {
        let (senders, receivers) = channels(5, capacity);
        let ready = [0, 2, 3];
        ready
            .iter()
            .for_each(|&at| senders[at].try_send(at).unwrap());
        let mut left = ready.to_vec();
        while !left.is_empty() {
            let (at, value) = block_on(recv_any(&receivers));
            assert_eq!(value, Some(at));
            left.retain(|&other| other != at);
            assert!(left.iter().all(|&at| receivers[at].len() == 1));
            assert_eq!(
                receivers.iter().map(Receiver::len).sum::<usize>(),
                left.len()
            );
        }
    }
}

#[test]
fn it_leaves_every_queue_when_it_is_done_and_when_it_is_dropped() {
    let (senders, receivers) = channels(5, 0);
    let mut any = Box::pin(recv_any(&receivers));
    assert!(poll(&mut any).is_pending());
    senders[3].try_send(3).unwrap();
    // It is decided before it is polled again.
    assert!(senders.iter().all(|tx| tx.try_send(0).is_err()));
    assert_eq!(poll(&mut any), Poll::Ready((3, Some(3))));
    assert!(senders.iter().all(|tx| tx.try_send(0).is_err()));

    let mut any = Box::pin(recv_any(&receivers));
    assert!(poll(&mut any).is_pending());
    drop(any);
    assert!(senders.iter().all(|tx| tx.try_send(0).is_err()));
}

#[test]
fn of_those_that_are_ready_each_is_equally_likely() {
    const TURNS: usize = 20_000;
    // With idle ones between them, beside a closed one, and with more than are ordered inline.
    for (count, closed) in [(4, false), (6, true), (50, true)] {
        let (senders, mut receivers) = channels(count, 1);
        if closed {
            receivers[0] = bounded(1).1;
        }
        let ready = [1, count - 2, count - 1];
        let mut counts = vec![0_u32; count];
        for _ in 0..TURNS {
            ready.iter().for_each(|&at| {
                let _ = senders[at].try_send(());
            });
            let (at, value) = block_on(recv_any(&receivers));
            assert_eq!(value.is_none(), closed && at == 0);
            counts[at] += 1;
        }
        let mut of_ready: Vec<u32> = ready.iter().map(|&at| counts[at]).collect();
        if closed {
            of_ready.push(counts[0]);
        }
        assert_eq!(of_ready.iter().sum::<u32>() as usize, TURNS);
        // For 3 degrees of freedom this is exceeded once in 10⁹ runs.
        assert!(chi_square(&of_ready) < 44.7, "{of_ready:?}");
    }
}

#[test]
fn what_only_seems_ready_does_not_spoil_the_choice() {
    // A select that waits for somebody else's send is passed over, so the first one seems ready to
    // receive from and is not.
    let (seems_tx, seems) = bounded::<()>(0);
    let (senders, mut receivers) = channels(2, 1);
    receivers.insert(0, seems.clone());
    let mut counts = [0; 2];
    for _ in 0..20_000 {
        let mut both = Box::pin(recv_any_or_send(&receivers, &seems_tx));
        senders.iter().for_each(|tx| {
            let _ = tx.try_send(());
        });
        match poll(&mut both) {
            Poll::Ready((at, Some(()))) => counts[at - 1] += 1,
            _ => panic!("two of them are ready"),
        }
    }
    // For 1 degree of freedom this is exceeded once in 10⁹ runs.
    assert!(chi_square(&counts) < 37.4, "{counts:?}");
    assert_eq!(seems.try_recv(), Err(TryRecvError::Empty));
}

/// A receive from any while a select of this very task stands in the first one's queue of senders,
/// chosen already and not polled since.
async fn recv_any_or_send(receivers: &[Receiver<()>], tx: &Sender<()>) -> (usize, Option<()>) {
    let (other_tx, other_rx) = bounded(0);
    let arms = arms![select::send(tx, ()), select::recv(&other_rx)];
    let mut decided = Box::pin(select::wait(arms));
    assert!(poll(&mut decided).is_pending());
    other_tx.try_send(()).unwrap();
    recv_any(receivers).await
}

#[test]
fn of_no_receivers_none_is_ever_ready() {
    let bell = Bell::new();
    let mut any = Box::pin(recv_any::<i32>(&[]));
    for _ in 0..3 {
        assert!(poll_with(&mut any, &bell).is_pending());
    }
    assert_eq!(bell.rung(), 0);
    let quiet = [never::<i32>(), never()];
    assert!(poll(&mut Box::pin(recv_any(&quiet))).is_pending());
}

#[test]
fn a_closed_channel_is_ready_once_it_is_drained() {
    let (mut senders, receivers) = channels(3, 2);
    senders[1].try_send(1).unwrap();
    drop(senders.remove(1));
    assert_eq!(block_on(recv_any(&receivers)), (1, Some(1)));
    assert_eq!(block_on(recv_any(&receivers)), (1, None));
    assert_eq!(block_on(recv_any(&receivers)), (1, None));

    let open = [receivers[0].clone(), receivers[2].clone()];
    let bell = Bell::new();
    let mut any = Box::pin(recv_any(&open));
    assert!(poll_with(&mut any, &bell).is_pending());
    senders[1].close();
    assert_eq!(bell.rung(), 1);
    assert_eq!(poll(&mut any), Poll::Ready((1, None)));
}

#[test]
fn the_same_receiver_may_stand_there_several_times() {
    let (tx, rx) = bounded(5);
    let (other_tx, other_rx) = bounded(5);
    let receivers = [rx.clone(), other_rx, rx.clone(), rx];
    for value in 0..5 {
        tx.try_send(value).unwrap();
        let (at, received) = block_on(recv_any(&receivers));
        assert!(at != 1);
        assert_eq!(received, Some(value));
    }
    let mut any = Box::pin(recv_any(&receivers));
    assert!(poll(&mut any).is_pending());
    tx.try_send(5).unwrap();
    tx.try_send(6).unwrap();
    let Poll::Ready((at, Some(5))) = poll(&mut any) else {
        panic!("it was handed the first one");
    };
    assert!(at != 1);
    // One value for one receive, and the next one stays.
    assert_eq!(receivers[0].len(), 1);
    let mut any = Box::pin(recv_any(&receivers[1..]));
    assert_eq!(poll(&mut any).map(|(_, value)| value), Poll::Ready(Some(6)));
    drop(any);

    let mut any = Box::pin(recv_any(&receivers));
    assert!(poll(&mut any).is_pending());
    other_tx.try_send(7).unwrap();
    assert_eq!(poll(&mut any), Poll::Ready((1, Some(7))));
    let mut any = Box::pin(recv_any(&receivers));
    assert!(poll(&mut any).is_pending());
    drop(any);
    drop(tx);
    assert!(matches!(block_on(recv_any(&receivers)), (0 | 2 | 3, None)));
}

#[test]
fn a_value_handed_to_one_that_is_dropped_comes_back_before_what_is_stored() {
    for capacity in [0, 2] {
        for at in 0..3 {
            let (senders, receivers) = channels(3, capacity);
            let mut any = Box::pin(recv_any(&receivers));
            assert!(poll(&mut any).is_pending());
            (0..=capacity).for_each(|value| senders[at].try_send(value).unwrap());
            drop(any);
            assert_eq!(receivers[at].len(), 1 + capacity);
            for value in 0..=capacity {
                assert_eq!(block_on(recv_any(&receivers)), (at, Some(value)));
            }
            assert!(receivers.iter().all(Receiver::is_empty));
        }
    }
}

#[test]
fn a_value_handed_to_one_that_is_dropped_goes_to_the_next_that_waits() {
    let (senders, receivers) = channels(3, 0);
    let bell = Bell::new();
    let mut any = Box::pin(recv_any(&receivers));
    let mut next = Box::pin(recv_any(&receivers));
    assert!(poll(&mut any).is_pending());
    assert!(poll_with(&mut next, &bell).is_pending());
    senders[2].try_send(1).unwrap();
    assert_eq!(bell.rung(), 0);
    drop(any);
    assert_eq!(bell.rung(), 1);
    assert_eq!(poll(&mut next), Poll::Ready((2, Some(1))));
}

#[test]
fn values_handed_to_several_that_are_dropped_keep_their_order() {
    for backwards in [false, true] {
        let (senders, receivers) = channels(2, 0);
        let mut all: Vec<_> = (0..5).map(|_| Box::pin(recv_any(&receivers))).collect();
        all.iter_mut()
            .for_each(|any| assert!(poll(any).is_pending()));
        (0..5).for_each(|value| senders[1].try_send(value).unwrap());
        if backwards {
            all.reverse();
        }
        all.into_iter().for_each(drop);
        let received: Vec<_> = std::iter::from_fn(|| receivers[1].try_recv().ok()).collect();
        assert_eq!(received, [0, 1, 2, 3, 4]);
    }
}

#[test]
fn the_last_receivers_take_what_one_that_is_dropped_was_handed_with_them() {
    let value = Counted::new();
    let (senders, receivers) = channels(2, 0);
    let mut any = Box::pin(async move { recv_any(&receivers).await });
    assert!(poll(&mut any).is_pending());
    assert!(senders[0].try_send(value.clone()).is_ok());
    drop(any);
    assert_eq!(value.others(), 0);
    assert!(senders.iter().all(Sender::is_closed));
}

#[test]
fn one_that_is_polled_again_keeps_its_place_and_wakes_the_last_waker() {
    let (senders, receivers) = channels(2, 0);
    let (old, new) = (Bell::new(), Bell::new());
    let mut any = Box::pin(recv_any(&receivers));
    assert!(poll_with(&mut any, &old).is_pending());
    let mut later = Box::pin(receivers[1].recv());
    assert!(poll(&mut later).is_pending());
    assert!(poll_with(&mut any, &new).is_pending());
    senders[1].try_send(1).unwrap();
    assert_eq!((old.rung(), new.rung()), (0, 1));
    assert!(poll(&mut later).is_pending());
    assert_eq!(poll(&mut any), Poll::Ready((1, Some(1))));
}

#[test]
fn it_meets_sends_that_wait_and_selects() {
    let (senders, receivers) = channels(3, 0);
    let mut send = Box::pin(senders[1].send(1));
    assert!(poll(&mut send).is_pending());
    assert_eq!(block_on(recv_any(&receivers)), (1, Some(1)));
    assert_eq!(poll(&mut send), Poll::Ready(Ok(())));

    let both = || arms![select::send(&senders[0], 0), select::send(&senders[2], 2)];
    let mut first = Box::pin(select::wait(both()));
    assert!(poll(&mut first).is_pending());
    let (at, value) = block_on(recv_any(&receivers));
    match poll(&mut first) {
        Poll::Ready(arm!(0, Ok(()))) => assert_eq!((at, value), (0, Some(0))),
        Poll::Ready(arm!(1, Ok(()))) => assert_eq!((at, value), (2, Some(2))),
        _ => panic!("one committed without the other"),
    }
    let mut any = Box::pin(recv_any(&receivers));
    assert!(poll(&mut any).is_pending());
    match block_on(select::wait(both())) {
        arm!(0, Ok(())) => assert_eq!(poll(&mut any), Poll::Ready((0, Some(0)))),
        arm!(1, Ok(())) => assert_eq!(poll(&mut any), Poll::Ready((2, Some(2)))),
        _ => panic!("there is one who waits"),
    }
    let met = block_on(zip(recv_any(&receivers), senders[1].send(5)));
    assert_eq!(met, ((1, Some(5)), Ok(())));
}

#[test]
fn a_loop_of_them_lets_other_goroutines_run() {
    // No spare can be had, which might have the other one in hand while its thread waits for a processor.
    let runtime = Builder::new().workers(1).max_threads(1).build().unwrap();
    runtime.run(async {
        let (tx, rx) = unbounded();
        (0..10_000).for_each(|value| tx.try_send(value).unwrap());
        let receivers = [never(), rx];
        let other = chango_core::spawn::spawn(async {});
        let mut turns = 0;
        while !other.is_finished() {
            assert_eq!(recv_any(&receivers).await, (1, Some(turns)));
            turns += 1;
            // If its right was taken meanwhile, the other one stands in the global queue, to which the worker
            // comes once in 61 slices of 128 operations.
            assert!(turns <= 9_000);
        }
    });
}

#[test]
fn the_future_is_send_and_borrows_what_it_may() {
    fn send<F: Future + Send>(future: F) -> F {
        future
    }
    let text = String::from("borrowed");
    let (tx, rx) = bounded::<&str>(1);
    tx.try_send(&text).unwrap();
    let receivers = [rx];
    assert_eq!(block_on(send(recv_any(&receivers))), (0, Some("borrowed")));
}

/// Producers that send to any of many channels, consumers that receive from any of those that are
/// open, and drop half of their receives after one poll: every value comes once.
#[test]
fn a_storm_over_many_channels_loses_nothing_and_doubles_nothing() {
    const EACH: usize = 5_000;
    for (count, capacity) in [(3, 0), (40, 0), (40, 1), (5, usize::MAX)] {
        let (senders, receivers) = channels::<(usize, usize)>(count, capacity);
        let producers: Vec<_> = (0..2)
            .map(|id| {
                let senders = senders.clone();
                let mut random = Random::new(id as u64);
                thread::spawn(move || {
                    for value in 0..EACH {
                        let tx = &senders[random.below(senders.len())];
                        match tx.try_send((id, value)) {
                            Ok(()) => {}
                            Err(TrySendError::Full(value)) => tx.send_blocking(value).unwrap(),
                            Err(TrySendError::Closed(_)) => unreachable!("nobody closes"),
                        }
                    }
                })
            })
            .collect();
        drop(senders);
        let consumers: Vec<_> = (0..2)
            .map(|id| {
                let mut receivers = receivers.clone();
                let mut random = Random::new(100 + id);
                thread::spawn(move || {
                    let mut values = vec![];
                    while !receivers.is_empty() {
                        let received = if random.below(2) == 0 {
                            block_on(poll_once(recv_any(&receivers)))
                        } else {
                            Some(block_on(recv_any(&receivers)))
                        };
                        match received {
                            Some((_, Some(value))) => values.push(value),
                            Some((at, None)) => drop(receivers.swap_remove(at)),
                            None => {}
                        }
                    }
                    values
                })
            })
            .collect();
        drop(receivers);
        producers
            .into_iter()
            .for_each(|producer| producer.join().unwrap());
        let mut all: Vec<_> = consumers
            .into_iter()
            .flat_map(|consumer| consumer.join().unwrap())
            .collect();
        all.sort_unstable();
        assert!(
            all.into_iter()
                .eq((0..2).flat_map(|id| (0..EACH).map(move |value| (id, value))))
        );
    }
}
