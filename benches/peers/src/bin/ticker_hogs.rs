//! A ticker of one millisecond beside goroutines that do not give way: by how much is it late?
//!
//!     ticker_hogs chango|tokio|smol [SECONDS]
//!
//! Two workers; four tasks that block their thread for 200 ms at a time, and four that compute for as
//! long, each with a `yield_now` between. Every millisecond from the start is a tick, those included
//! that have passed while the ticker was late, so a stall counts for as long as it lasts. Prints the
//! median, the 99th percentile and the greatest lateness in milliseconds. `go/main.go` has the same as
//! `ticker_hogs`.

use std::future::Future;
use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

const WORKERS: usize = 2;
const HOGS: usize = 4;
const STRETCH: Duration = Duration::from_millis(200);
const TICK: Duration = Duration::from_millis(1);

fn main() {
    let mut arguments = std::env::args().skip(1);
    let peer = arguments.next().unwrap_or_default();
    let seconds = arguments.next().and_then(|text| text.parse().ok());
    let length = Duration::from_secs(seconds.unwrap_or(3));
    let late = match peer.as_str() {
        "chango" => on_chango(length),
        "tokio" => on_tokio(length),
        "smol" => on_smol(length),
        _ => panic!("usage: ticker_hogs chango|tokio|smol [SECONDS]"),
    };
    report(late);
}

fn report(mut late: Vec<Duration>) {
    late.sort_unstable();
    let at = |share: f64| late[((late.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!("{:.2} {:.2} {:.2}", at(0.5), at(0.99), at(1.0));
}

/// Blocks its thread again and again.
async fn sleeps<F: Future<Output = ()>>(end: Instant, give_way: impl Fn() -> F) {
    while Instant::now() < end {
        thread::sleep(STRETCH);
        give_way().await;
    }
}

/// Computes again and again.
async fn computes<F: Future<Output = ()>>(end: Instant, give_way: impl Fn() -> F) {
    while Instant::now() < end {
        let until = Instant::now() + STRETCH;
        while Instant::now() < until {
            black_box(());
        }
        give_way().await;
    }
}

/// How late each tick was until `end`.
async fn ticker<F: Future>(end: Instant, sleep_until: impl Fn(Instant) -> F) -> Vec<Duration> {
    let mut late = Vec::new();
    let mut next = Instant::now() + TICK;
    while next < end {
        sleep_until(next).await;
        late.push(next.elapsed());
        next += TICK;
    }
    late
}

fn on_chango(length: Duration) -> Vec<Duration> {
    use chango::task::{spawn, yield_now};
    use chango::time::sleep_until;
    let runtime = chango::runtime::Builder::new().workers(WORKERS).build();
    runtime.expect("a runtime").run(async move {
        let end = Instant::now() + length;
        for _ in 0..HOGS {
            spawn(sleeps(end, yield_now)).detach();
            spawn(computes(end, yield_now)).detach();
        }
        spawn(ticker(end, sleep_until)).await.expect("no panic")
    })
}

fn on_tokio(length: Duration) -> Vec<Duration> {
    use tokio::task::yield_now;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_time()
        .build()
        .expect("a runtime");
    runtime.block_on(async move {
        let end = Instant::now() + length;
        for _ in 0..HOGS {
            tokio::spawn(sleeps(end, yield_now));
            tokio::spawn(computes(end, yield_now));
        }
        let sleep_until = |at| tokio::time::sleep_until(tokio::time::Instant::from_std(at));
        tokio::spawn(ticker(end, sleep_until))
            .await
            .expect("no panic")
    })
}

fn on_smol(length: Duration) -> Vec<Duration> {
    use smol::future::yield_now;
    let executor: &smol::Executor<'_> = Box::leak(Box::new(smol::Executor::new()));
    for _ in 0..WORKERS {
        thread::spawn(|| smol::block_on(executor.run(std::future::pending::<()>())));
    }
    let end = Instant::now() + length;
    for _ in 0..HOGS {
        executor.spawn(sleeps(end, yield_now)).detach();
        executor.spawn(computes(end, yield_now)).detach();
    }
    smol::block_on(executor.spawn(ticker(end, smol::Timer::at)))
}
