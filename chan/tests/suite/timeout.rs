//! Sends and receives with a time limit: at the limit, too, a value has one owner.

use std::time::{Duration, Instant};

use chango_chan::{RecvTimeoutError, SendTimeoutError, bounded, unbounded};
use chango_core::runtime::Runtime;
use chango_core::spawn::spawn;
use chango_core::time::sleep;
use futures_lite::future::block_on;

const MILLI: Duration = Duration::from_millis(1);

#[test]
fn what_is_possible_at_once_needs_no_time_and_no_runtime() {
    let (tx, rx) = bounded(1);
    assert_eq!(block_on(tx.send_timeout(1, Duration::ZERO)), Ok(()));
    assert_eq!(block_on(rx.recv_timeout(Duration::ZERO)), Ok(1));
    drop(tx);
    assert_eq!(
        block_on(rx.recv_timeout(Duration::ZERO)),
        Err(RecvTimeoutError::Closed)
    );
}

#[test]
fn at_the_limit_the_value_comes_back_and_nobody_is_left_in_the_queue() {
    Runtime::new().unwrap().run(async {
        let (tx, rx) = bounded(0);
        let begun = Instant::now();
        assert_eq!(
            tx.send_timeout(1, 2 * MILLI).await,
            Err(SendTimeoutError::Timeout(1))
        );
        assert_eq!(
            rx.recv_timeout(2 * MILLI).await,
            Err(RecvTimeoutError::Timeout)
        );
        assert!(begun.elapsed() >= 4 * MILLI);
        assert!(rx.try_recv().is_err());
        assert!(tx.try_send(2).is_err());
    });
}

#[test]
fn a_peer_that_comes_in_time_is_met() {
    Runtime::new().unwrap().run(async {
        let (tx, rx) = bounded(0);
        let (tx2, rx2) = (tx.clone(), rx.clone());
        let sender = spawn(async move {
            sleep(MILLI).await;
            tx2.send(1).await
        });
        assert_eq!(rx.recv_timeout(Duration::from_secs(60)).await, Ok(1));
        assert_eq!(sender.await.unwrap(), Ok(()));
        let receiver = spawn(async move {
            sleep(MILLI).await;
            rx2.recv().await
        });
        assert_eq!(tx.send_timeout(2, Duration::from_secs(60)).await, Ok(()));
        assert_eq!(receiver.await.unwrap(), Some(2));
    });
}

#[test]
fn a_close_while_it_waits_is_told_from_the_limit() {
    Runtime::new().unwrap().run(async {
        let (tx, rx) = bounded(0);
        let (tx2, rx2) = (tx.clone(), rx.clone());
        let sender = spawn(async move { tx2.send_timeout(1, Duration::from_secs(60)).await });
        sleep(MILLI).await;
        rx.close();
        assert_eq!(sender.await.unwrap(), Err(SendTimeoutError::Closed(1)));
        let receiver = rx2.recv_timeout(Duration::from_secs(60)).await;
        assert_eq!(receiver, Err(RecvTimeoutError::Closed));
        drop(tx);
    });
}

#[test]
fn a_limit_that_races_with_a_hand_over_loses_no_value_and_doubles_none() {
    const EACH: usize = 2_000;
    Runtime::new().unwrap().run(async {
        let (tx, rx) = bounded(0);
        let sender = spawn(async move {
            let mut sent = vec![];
            for value in 0..EACH {
                let limit = Duration::from_micros((value % 50) as u64);
                match tx.send_timeout(value, limit).await {
                    Ok(()) => sent.push(value),
                    Err(SendTimeoutError::Timeout(back)) => assert_eq!(back, value),
                    Err(SendTimeoutError::Closed(_)) => unreachable!("the receiver listens"),
                }
            }
            sent
        });
        let mut received = vec![];
        for turn in 0_u64.. {
            match rx.recv_timeout(Duration::from_micros(turn % 70)).await {
                Ok(value) => received.push(value),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Closed) => break,
            }
        }
        assert_eq!(received, sender.await.unwrap());
    });
}

#[test]
#[should_panic(expected = "a timer needs a runtime")]
fn waiting_with_a_limit_outside_every_runtime_panics() {
    let (_tx, rx) = unbounded::<i32>();
    let _ = block_on(rx.recv_timeout(MILLI));
}
