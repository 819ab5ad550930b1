//! Channels and selects as Go measures them, under the names of its benchmarks (`runtime/chan_test.go`) in
//! our spelling, so that they can be laid side by side.
//!
//! One operation is what it is there: `uncontended` and `contended` send a hundred values and receive as
//! many, `select_nonblock` makes four selects. What Go's do with `GOMAXPROCS` goroutines is done with as
//! many as there are workers.

use std::sync::Arc;

use chango::prelude::*;
use chango::runtime::max_procs;

use crate::{Scenario, parallel, shares};

/// One operation is one of Go's.
pub fn scenarios() -> Vec<Scenario> {
    let alone = [
        Scenario::new("chan/make_chan", make_chan).counted(20_000),
        Scenario::new("chan/chan_creation", creation).counted(20_000),
        Scenario::new("chan/chan_close", close).counted(20_000),
        Scenario::new("chan/chan_closed", closed).counted(50_000),
    ];
    let shared = [
        Scenario::new("chan/chan_uncontended", uncontended).counted(500),
        Scenario::new("chan/chan_contended", contended).counted(500),
        Scenario::new("chan/chan_sync", sync).counted(20_000),
        Scenario::new("chan/chan_prod_cons_0", |n| prod_cons(0, n)).counted(20_000),
        Scenario::new("chan/chan_prod_cons_10", |n| prod_cons(10, n)).counted(20_000),
        Scenario::new("chan/chan_prod_cons_100", |n| prod_cons(100, n)).counted(20_000),
        Scenario::new("chan/chan_nonblocking", nonblocking).counted(50_000),
        Scenario::new("chan/chan_sem", sem).counted(20_000),
        Scenario::new("chan/select_uncontended", select_uncontended).counted(20_000),
        Scenario::new("chan/select_sync_contended", select_sync_contended).counted(20_000),
        Scenario::new("chan/select_async_contended", select_async_contended).counted(20_000),
        Scenario::new("chan/select_nonblock", select_nonblock).counted(20_000),
    ];
    let shared = shared.into_iter().map(Scenario::on_both);
    alone.into_iter().chain(shared).collect()
}

type Ends<T> = (Sender<T>, Receiver<T>);

/// `BenchmarkMakeChan`, of words with room for eight: the buffer is made by the first send, and there is none.
async fn make_chan(times: u64) -> Duration {
    let began = Instant::now();
    for _ in 0..times {
        std::hint::black_box(bounded::<u64>(8));
    }
    began.elapsed()
}

/// `BenchmarkChanCreation`: made, and a value sent and received.
async fn creation(times: u64) -> Duration {
    let began = Instant::now();
    for number in 0..times {
        let (tx, rx) = bounded(1);
        co! {
            tx <- number;
            assert_eq!(<-rx, Some(number));
        }
    }
    began.elapsed()
}

/// Not among Go's: made, closed, and found closed.
async fn close(times: u64) -> Duration {
    let began = Instant::now();
    for _ in 0..times {
        let (tx, rx) = bounded::<u64>(1);
        assert!(tx.close(), "nobody closed it before");
        assert_eq!(rx.recv().await, None);
    }
    began.elapsed()
}

/// `BenchmarkReceiveDataFromClosedChan`, when the data are gone.
async fn closed(times: u64) -> Duration {
    let (tx, rx) = bounded::<u64>(1);
    tx.close();
    let began = Instant::now();
    for _ in 0..times {
        assert_eq!(rx.recv().await, None);
    }
    began.elapsed()
}

/// How many values are sent and then received in one operation of the next two.
const FILL: u64 = 100;

/// `BenchmarkChanUncontended`: each goroutine fills and empties a channel of its own.
async fn uncontended(times: u64) -> Duration {
    let body = |share| fill_and_empty(bounded(FILL as usize), share);
    parallel(times, body).await
}

/// `BenchmarkChanContended`: all fill and empty the same one.
async fn contended(times: u64) -> Duration {
    let ends = bounded(FILL as usize * max_procs());
    parallel(times, |share| fill_and_empty(ends.clone(), share)).await
}

async fn fill_and_empty((tx, rx): Ends<u64>, times: u64) {
    co! {
        for _ in 0..times {
            for value in 0..FILL { tx <- value; }
            for _ in 0..FILL { assert!((<-rx).is_some()); }
        }
    }
}

/// `BenchmarkChanSync`: two goroutines on a rendezvous, and both send and receive in turn.
async fn sync(times: u64) -> Duration {
    let (tx, rx) = bounded::<u64>(0);
    // Each rendezvous is an operation of one of the two, so that they come to their ends together.
    let each = times.div_ceil(2);
    let began = Instant::now();
    let other = go! {
        clone tx, rx;
        for number in 0..each {
            assert_eq!(<-rx, Some(number));
            tx <- number;
        }
    };
    co! {
        for number in 0..each {
            tx <- number;
            assert_eq!(<-rx, Some(number));
        }
    }
    other.await.expect("the other goroutine panicked");
    began.elapsed()
}

/// `BenchmarkChanProdCons0` and its kin: as many producers, and as many consumers, as there are workers.
async fn prod_cons(capacity: usize, values: u64) -> Duration {
    let (tx, rx) = bounded::<u64>(capacity);
    let procs = max_procs() as u64;
    let began = Instant::now();
    let consumers = Vec::from_iter((0..procs).map(|_| {
        go! {
            clone rx;
            let mut sum = 0;
            for value in <-rx { sum += value; }
            sum
        }
    }));
    for share in shares(values, procs) {
        go! {
            clone tx;
            for _ in 0..share { tx <- 1; }
        };
    }
    drop((tx, rx));
    let mut sum = 0;
    for consumer in consumers {
        sum += consumer.await.expect("a consumer panicked");
    }
    let spent = began.elapsed();
    assert_eq!(sum, values, "a value was lost or doubled");
    spent
}

/// `BenchmarkChanNonblocking`: a receive that gives up at once.
async fn nonblocking(times: u64) -> Duration {
    let (tx, rx) = bounded::<u64>(0);
    let spent = parallel(times, |share| {
        let rx = rx.clone();
        async move {
            for _ in 0..share {
                assert!(rx.try_recv().is_err());
            }
        }
    });
    let spent = spent.await;
    drop(tx);
    spent
}

/// `BenchmarkChanSem`: a channel that is a semaphore.
async fn sem(times: u64) -> Duration {
    let ends = bounded::<()>(max_procs());
    parallel(times, |share| {
        let (acquire, release) = ends.clone();
        async move {
            co! {
                for _ in 0..share {
                    acquire <- ();
                    assert!((<-release).is_some());
                }
            }
        }
    })
    .await
}

/// `BenchmarkSelectUncontended`: the value goes from one of two channels to the other.
async fn select_uncontended(times: u64) -> Duration {
    parallel(times, |share| {
        let ends = Arc::new([bounded(1), bounded(1)]);
        async move { to_and_fro(&ends, share).await }
    })
    .await
}

/// `BenchmarkSelectAsyncContended`: the same, by all goroutines on the same two.
async fn select_async_contended(times: u64) -> Duration {
    let procs = max_procs();
    let ends = Arc::new([bounded(procs), bounded(procs)]);
    parallel(times, |share| {
        let ends = Arc::clone(&ends);
        async move { to_and_fro(&ends, share).await }
    })
    .await
}

async fn to_and_fro(ends: &[Ends<u64>; 2], times: u64) {
    let [(tx0, rx0), (tx1, rx1)] = ends;
    co! {
        tx0 <- 0;
        for _ in 0..times {
            select! {
                <-rx0 => tx1 <- 0,
                <-rx1 => tx0 <- 0,
            }
        }
    }
}

/// `BenchmarkSelectSyncContended`: a select over three receives meets one over three sends.
async fn select_sync_contended(times: u64) -> Duration {
    let ends = Arc::new([bounded::<u64>(0), bounded(0), bounded(0)]);
    let (done, ended) = bounded::<()>(0);
    let spent = parallel(times, |share| {
        let (ends, ended) = (Arc::clone(&ends), ended.clone());
        async move {
            go!(sends_until(Arc::clone(&ends), ended));
            let [(_, rx0), (_, rx1), (_, rx2)] = &*ends;
            for _ in 0..share {
                select! {
                    <-rx0 => {}
                    <-rx1 => {}
                    <-rx2 => {}
                }
            }
        }
    });
    let spent = spent.await;
    drop(done);
    spent
}

async fn sends_until(ends: Arc<[Ends<u64>; 3]>, done: Receiver<()>) {
    let [(tx0, _), (tx1, _), (tx2, _)] = &*ends;
    loop {
        select! {
            tx0 <- 0 => {}
            tx1 <- 0 => {}
            tx2 <- 0 => {}
            <-done => break,
        }
    }
}

/// `BenchmarkSelectNonblock`: four selects with a default, on two rendezvous and two channels of one.
async fn select_nonblock(times: u64) -> Duration {
    let ends = Arc::new([bounded::<u64>(0), bounded(0), bounded(1), bounded(1)]);
    parallel(times, |share| {
        let ends = Arc::clone(&ends);
        async move {
            let [(_, rx0), (tx1, _), (_, rx2), (tx3, _)] = &*ends;
            for _ in 0..share {
                select! { <-rx0 => {} default => {} }
                select! { tx1 <- 0 => {} default => {} }
                select! { <-rx2 => {} default => {} }
                select! { tx3 <- 0 => {} default => {} }
            }
        }
    })
    .await
}
