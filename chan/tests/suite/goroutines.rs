//! Channels and selects in goroutines: preemption, timers and handles in arms, the wait group.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use chango_chan::select::{self, Selected};
use chango_chan::sync::WaitGroup;
use chango_chan::{Receiver, Sender, bounded, ops, unbounded};
use chango_core::runtime::{Builder, Runtime};
use chango_core::spawn::{spawn, yield_now};
use chango_core::time::{after, sleep, tick};
use futures_lite::future::block_on;

use crate::support::{arm, arms, poll};

const LONG: Duration = Duration::from_secs(60);

fn one_worker() -> Runtime {
    Builder::new().workers(1).build().unwrap()
}

/// Runs `busy`, which never waits, on the only worker. Whoever is to stop it, once it has begun, gets
/// a turn only if it is preempted.
fn is_preempted<F: Future<Output = ()> + Send + 'static>(busy: impl FnOnce(Receiver<()>) -> F) {
    let (stop, stop_rx) = unbounded();
    let (begin, begun) = unbounded();
    let busy = busy(stop_rx);
    one_worker().run(async move {
        let busy = spawn(async move {
            begin.try_send(()).unwrap();
            busy.await;
        });
        assert_eq!(begun.recv().await, Some(()));
        stop.try_send(()).unwrap();
        busy.await.unwrap();
    });
}

#[test]
fn a_goroutine_that_always_finds_its_channel_ready_is_preempted() {
    is_preempted(|stop| async move {
        let (tx, rx) = bounded(1);
        while stop.try_recv().is_err() {
            tx.send(1).await.unwrap();
            assert_eq!(rx.recv().await, Some(1));
        }
    });
}

#[test]
fn a_goroutine_that_receives_from_a_closed_channel_for_ever_is_preempted() {
    is_preempted(|stop| async move {
        let rx = bounded::<i32>(1).1;
        while stop.try_recv().is_err() {
            assert_eq!(ops::receive(&rx).wait().await, None);
        }
    });
}

#[test]
fn a_goroutine_that_receives_what_is_stored_is_preempted_before_it_waits_at_all() {
    is_preempted(|stop| async move {
        let rx = bounded::<i32>(1).1;
        while stop.try_recv().is_err() {
            assert_eq!(rx.recv().await, None);
        }
    });
}

#[test]
fn a_goroutine_whose_receive_arms_are_always_ready_is_preempted() {
    is_preempted(|stop| async move {
        let rx = bounded::<i32>(1).1;
        while stop.try_recv().is_err() {
            let won = select::wait(arms![select::recv(&rx), select::recv(&rx)]).await;
            assert!(matches!(won, arm!(0, None) | arm!(1, None)));
        }
    });
}

#[test]
fn a_goroutine_whose_send_arms_are_always_ready_is_preempted() {
    is_preempted(|stop| async move {
        let (tx, _rx) = unbounded();
        while stop.try_recv().is_err() {
            let won = select::wait(arms![select::send(&tx, 1), select::send(&tx, 1)]).await;
            assert!(matches!(won, arm!(0, Ok(())) | arm!(1, Ok(()))));
        }
    });
}

#[test]
fn a_goroutine_that_sends_without_end_is_preempted() {
    is_preempted(|stop| async move {
        let (tx, _rx) = unbounded();
        while stop.try_recv().is_err() {
            tx.send(1).await.unwrap();
        }
    });
}

#[test]
fn a_goroutine_that_selects_with_a_default_for_ever_is_preempted() {
    is_preempted(|stop| async move {
        let (_tx, idle) = bounded::<i32>(1);
        loop {
            match select::poll_default(arms![select::recv(&stop), select::recv(&idle)]).await {
                arm!(0, _) => break,
                _ => continue,
            }
        }
    });
}

#[test]
fn a_goroutine_whose_select_is_always_ready_is_preempted() {
    is_preempted(|stop| async move {
        let (tx, rx) = bounded(1);
        while stop.try_recv().is_err() {
            match select::wait(arms![select::send(&tx, 1), select::recv(&rx)]).await {
                arm!(0, sent) => sent.unwrap(),
                arm!(1, received) => assert_eq!(received, Some(1)),
                _ => unreachable!(),
            }
        }
    });
}

#[test]
fn the_fast_path_of_the_arrows_asks_as_well() {
    is_preempted(|stop| async move {
        let (tx, rx) = unbounded();
        while stop.try_recv().is_err() {
            match ops::send_to(&tx).start(1) {
                ops::Started::Sent => (),
                ops::Started::Waiting(waiting) => waiting.statement().await,
            }
        }
        assert_eq!(rx.recv().await, Some(1));
    });
    is_preempted(|stop| async move {
        let rx = bounded::<i32>(1).1;
        while stop.try_recv().is_err() {
            let receive = ops::receive(&rx);
            let received = match receive.now() {
                std::task::Poll::Ready(received) => received,
                std::task::Poll::Pending => receive.wait().await,
            };
            assert_eq!(received, None);
        }
    });
}

#[test]
fn a_timer_in_an_arm_fires_and_one_that_loses_can_still_be_received_from() {
    Runtime::new().unwrap().run(async {
        let (tx, rx) = bounded::<i32>(1);
        let timer = after(Duration::from_millis(2));
        let won = select::wait(arms![select::recv(&rx), select::recv(&timer)]).await;
        assert!(matches!(won, arm!(1, _)));
        assert_eq!(timer.try_fired(), None);

        let timer = after(Duration::from_millis(2));
        tx.try_send(1).unwrap();
        let won = select::wait_biased(arms![select::recv(&rx), select::recv(&timer)]).await;
        assert!(matches!(won, arm!(0, Some(1))));
        ops::receive(&timer).wait().await;

        let owned = select::recv_owned(after(Duration::from_millis(1)));
        let won = select::wait(arms![select::recv(&rx), owned]).await;
        assert!(matches!(won, arm!(1, _)));
        let nil = None::<chango_core::time::Timer>;
        let won = select::wait(arms![
            select::recv(&nil),
            select::recv_owned(Some(after(Duration::ZERO))),
        ]);
        assert!(matches!(won.await, arm!(1, _)));
    });
}

#[test]
fn a_fired_timer_that_loses_has_not_been_received() {
    Runtime::new().unwrap().run(async {
        let (tx, rx) = bounded(1);
        let timer = after(Duration::ZERO);
        tx.try_send(1).unwrap();
        let won = select::wait_biased(arms![select::recv(&rx), select::recv(&timer)]).await;
        assert!(matches!(won, arm!(0, Some(1))));
        assert!(timer.try_fired().is_some());
    });
}

#[test]
fn a_ticker_in_an_arm_ticks_beside_a_channel() {
    Runtime::new().unwrap().run(async {
        let ticker = tick(Duration::from_millis(1));
        let (tx, rx) = bounded(0);
        let sender = spawn(async move {
            for value in 0..20 {
                sleep(Duration::from_micros(700)).await;
                tx.send(value).await.unwrap();
            }
        });
        let (mut ticks, mut next) = (0, 0);
        loop {
            match select::wait(arms![select::recv(&rx), select::recv(&ticker)]).await {
                arm!(0, Some(value)) => {
                    assert_eq!(value, next);
                    next += 1;
                }
                arm!(0, None) => break,
                arm!(1, _) => ticks += 1,
                _ => unreachable!(),
            }
        }
        assert_eq!(next, 20);
        assert!(ticks > 0);
        sender.await.unwrap();
    });
}

#[test]
fn a_goroutine_in_an_arm_is_joined_once() {
    Runtime::new().unwrap().run(async {
        let (tx, rx) = bounded(0);
        let handle = spawn(async move {
            tx.send(1).await.unwrap();
            yield_now().await;
            "done"
        });
        let mut received = vec![];
        let result = loop {
            let arms = arms![select::recv_some(&rx), select::recv(&handle)];
            match select::wait(arms).await {
                arm!(0, value) => received.push(value),
                arm!(1, result) => break result,
                _ => unreachable!(),
            }
        };
        assert_eq!((received, result.unwrap()), (vec![1], "done"));

        let handle = spawn(async { 2 });
        let won = select::wait(arms![select::recv(&after(LONG)), select::recv(&handle)]).await;
        assert!(matches!(won, arm!(1, Ok(2))));
    });
}

#[test]
fn a_producer_is_stopped_through_a_done_channel() {
    Runtime::new().unwrap().run(async {
        let (done_tx, done) = bounded::<()>(0);
        let (tx, rx) = bounded(0);
        let producer = spawn(async move {
            let mut sent = 0_u64;
            loop {
                match select::wait(arms![select::send(&tx, sent), select::recv(&done)]).await {
                    arm!(0, result) => {
                        result.unwrap();
                        sent += 1;
                    }
                    arm!(1, end) => {
                        assert_eq!(end, None);
                        return sent;
                    }
                    _ => unreachable!(),
                }
            }
        });
        for value in 0..1_000 {
            assert_eq!(rx.recv().await, Some(value));
        }
        drop(done_tx);
        assert_eq!(producer.await.unwrap(), 1_000);
    });
}

#[test]
fn aborting_goroutines_at_random_loses_and_doubles_nothing() {
    const EACH: usize = 3_000;
    Runtime::new().unwrap().run(async {
        let (tx, rx) = bounded(2);
        let sender = spawn(async move {
            for value in 0..EACH {
                tx.send(value).await.unwrap();
            }
        });
        let (got_tx, got_rx) = unbounded();
        let aborter = spawn(async move {
            loop {
                let (rx, got) = (rx.clone(), got_tx.clone());
                let (nobody_tx, nobody) = bounded::<usize>(0);
                let reader = spawn(async move {
                    loop {
                        let arms = arms![select::recv(&rx), select::recv(&nobody)];
                        match select::wait(arms).await {
                            arm!(0, Some(value)) => got.try_send(value).unwrap(),
                            _ => break,
                        }
                    }
                });
                sleep(Duration::from_micros(200)).await;
                reader.abort();
                let ended = reader.await.is_ok();
                drop(nobody_tx);
                if ended {
                    break;
                }
            }
        });
        let mut received = vec![];
        while let Some(value) = got_rx.recv().await {
            received.push(value);
        }
        assert!(
            received.iter().copied().eq(0..EACH),
            "{} of {EACH}",
            received.len()
        );
        sender.await.unwrap();
        aborter.await.unwrap();
    });
}

#[test]
fn a_wait_group_waits_for_all_however_they_end() {
    let runtime = Runtime::new().unwrap();
    runtime.run(async {
        let group = WaitGroup::new();
        let (tx, rx) = unbounded();
        for value in 0..100 {
            let tx = tx.clone();
            group.go(async move {
                yield_now().await;
                tx.try_send(value).unwrap();
            });
        }
        let panics = group.go(async { panic!("on purpose") });
        let aborted = group.go(std::future::pending::<()>());
        aborted.abort();
        group.wait().await;
        assert_eq!(rx.len(), 100);
        assert!(panics.await.unwrap_err().is_panic());
        // It can be used again.
        group.add(2);
        let other = group.clone();
        let waits = spawn(async move { other.wait().await });
        group.done();
        assert!(!waits.is_finished());
        group.done();
        waits.await.unwrap();
    });
}

#[test]
fn all_who_wait_for_a_group_are_released_also_if_it_grows_again() {
    let group = WaitGroup::new();
    group.add(1);
    let mut waits = [(); 3].map(|()| Box::pin(group.wait()));
    assert!(waits.iter_mut().all(|wait| poll(wait).is_pending()));
    let [first, ..] = &mut waits;
    *first = Box::pin(group.wait());
    assert!(poll(first).is_pending());
    group.done();
    group.add(1);
    assert!(waits.iter_mut().all(|wait| poll(wait).is_ready()));
    assert!(poll(&mut Box::pin(group.wait())).is_pending());
}

#[test]
fn a_wait_group_that_waits_for_nobody_cannot_be_done() {
    let group = WaitGroup::new();
    assert!(catch_unwind(AssertUnwindSafe(|| group.done())).is_err());
    group.add(usize::MAX);
    assert!(catch_unwind(AssertUnwindSafe(|| group.add(1))).is_err());
    let group = WaitGroup::default();
    block_on(group.wait());
}

#[test]
fn ends_and_futures_can_be_sent_and_shared_where_their_values_can_be_sent() {
    fn both<T: Send + Sync>(_: &T) {}
    // A cell can be sent and not shared.
    let (tx, rx): (Sender<std::cell::Cell<i32>>, Receiver<_>) = bounded(1);
    both(&tx);
    both(&rx);
    both(&rx.recv());
    both(&tx.send(std::cell::Cell::new(1)));
    both(&ops::receive(&rx).wait());
    both(&WaitGroup::new().wait());
    let select = select::wait(arms![
        select::recv(&rx),
        select::send(&tx, std::cell::Cell::new(1)),
        select::recv_owned(after(LONG)),
    ]);
    fn send<T: Send>(_: &T) {}
    send(&select);
    drop(select);
    assert!(matches!(
        block_on(select::poll_default(arms![select::recv(&rx)])),
        Selected::Default
    ));
}
