//! Section 6 of `ARCHITECTURE.md`: what a dump says.

use chango::net::TcpListener;
use chango::prelude::*;
use chango::runtime::{Builder, Dump, Goroutine, GoroutineState, Reason, Runtime};
use chango::task;

fn runtime(workers: usize) -> Runtime {
    Builder::new().workers(workers).build().expect("a runtime")
}

/// Waits until all goroutines of `runtime` wait; the dump of that.
fn when_all_wait(runtime: &Runtime) -> Dump {
    let handle = runtime.handle();
    let waits = |goroutine: &Goroutine| goroutine.state() == GoroutineState::Waiting;
    let begun = Instant::now();
    loop {
        let dump = handle.dump();
        if dump.goroutines().iter().all(waits) {
            return dump;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{dump}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Where the line is that calls this, `up` lines further up.
#[track_caller]
fn line(up: u32) -> String {
    let here = std::panic::Location::caller();
    format!("{}:{}:", here.file(), here.line() - up)
}

#[test]
fn a_receive_says_where_and_on_which_channel() {
    let runtime = runtime(1);
    let (tx, rx) = bounded::<i32>(10);
    let made = line(1);
    let _second = tx.clone();
    let handle = runtime.handle();
    let _entered = handle.enter();
    let named = task::Builder::new().name("reader");
    let waits = async move {
        co! { <-rx }
    };
    let waits_at = line(2);
    let reader = named.spawn(waits);
    let (id, spawned) = (reader.id(), line(1));
    let dump = when_all_wait(&runtime).to_string();
    let mut lines = dump.lines();
    let mut next = || lines.next().unwrap();
    assert_eq!(next(), format!("goroutine {id} \"reader\" [chan receive]:"));
    let waiting = next();
    assert!(
        waiting.starts_with(&format!("    waiting at {waits_at}")),
        "{dump}"
    );
    assert!(
        waiting.contains(&format!(" on the channel made at {made}")),
        "{dump}"
    );
    assert!(
        waiting.ends_with("(bounded 10, 0 queued, 2 senders)"),
        "{dump}"
    );
    assert!(
        next().starts_with(&format!("    spawned at {spawned}")),
        "{dump}"
    );
    assert_eq!(lines.next(), None);
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

#[test]
fn each_way_to_wait_has_its_reason_and_its_place() {
    let runtime = runtime(2);
    let (tx, rx) = bounded::<i32>(1);
    tx.try_send(0).unwrap();
    let (_never_tx, never) = unbounded::<i32>();
    let (_second_rx, never_2) = (rx.clone(), never.clone());
    let (tx_2, tx_3) = (tx.clone(), tx.clone());
    let joined = runtime.spawn(std::future::pending::<()>());
    let group = WaitGroup::new();
    group.add(1);
    let long = Duration::from_secs(3600);
    let endless = chango::chan::never::<i32>();
    let mut expected = Vec::new();
    /// A goroutine that waits on this line.
    macro_rules! waits {
        ($reason:ident, $place:expr, { $($body:tt)* }) => {
            let handle = runtime.spawn(async move { $($body)* });
            expected.push((handle.id(), Reason::$reason, $place.then(|| line!())));
        };
    }
    waits! { ChanSend, true, { co! { tx <- 1; } } }
    waits! { ChanSend, true, { tx_2.send(1).await.unwrap(); } }
    waits! { ChanSend, true, { co! { (tx_3 <- 1).unwrap(); } } }
    waits! { ChanReceive, true, { never.recv().await.unwrap(); } }
    waits! { ChanReceive, true, { co! { for _ in <-never_2 {} } } }
    waits! { SelectWait, true, { select! { _ = <-endless => (), _ = std::future::pending::<()>() => () } } }
    waits! { SleepWait, false, { sleep(long).await } }
    waits! { SleepWait, false, { co! { <-after(long); } } }
    waits! { JoinWait, false, { joined.await.unwrap(); } }
    waits! { WaitGroupWait, false, { group.wait().await } }
    waits! { IoWait, false, { listener().await.accept().await.unwrap(); } }
    waits! { Unknown, false, { std::future::pending::<()>().await } }
    let dump = when_all_wait(&runtime);
    for (id, reason, line) in expected {
        let goroutine = dump
            .goroutines()
            .iter()
            .find(|goroutine| goroutine.id() == id);
        let wait = goroutine.unwrap().wait().unwrap();
        assert_eq!(wait.reason(), reason, "{dump}");
        let at = wait.at().map(|at| (at.file(), at.line()));
        assert_eq!(at, line.map(|line| (file!(), line)), "{reason:?}");
    }
    let text = dump.to_string();
    assert!(
        text.contains("(bounded 1, 1 queued, 2 receivers)"),
        "{text}"
    );
    assert!(text.contains("(unbounded, 0 queued, 1 sender)"), "{text}");
}

#[test]
fn a_wait_that_is_over_is_not_shown_for_the_next_one() {
    let runtime = runtime(1);
    let (tx, rx) = bounded::<i32>(0);
    runtime.spawn(async move {
        rx.recv().await;
        std::future::pending::<()>().await;
    });
    assert_eq!(
        when_all_wait(&runtime).goroutines()[0]
            .wait()
            .unwrap()
            .reason(),
        Reason::ChanReceive
    );
    tx.send_blocking(1).unwrap();
    let dump = when_all_wait(&runtime);
    let wait = dump.goroutines()[0].wait().unwrap();
    assert_eq!(
        (wait.reason(), wait.at(), wait.channel_made_at()),
        (Reason::Unknown, None, None)
    );
    assert!(
        dump.to_string().contains("[waiting]:\n    spawned at "),
        "{dump}"
    );
}

#[test]
fn a_wait_grows_older_while_the_runtime_sleeps() {
    let runtime = runtime(1);
    let (_tx, rx) = bounded::<i32>(0);
    runtime.spawn(async move { rx.recv().await });
    let age = || {
        when_all_wait(&runtime).goroutines()[0]
            .wait()
            .unwrap()
            .elapsed()
    };
    let young = age();
    std::thread::sleep(Duration::from_millis(600));
    let first = age();
    assert!(
        first >= young + Duration::from_millis(500),
        "{young:?}, then {first:?}"
    );
    // One that begins to wait after a long rest is young.
    let (_tx, rx) = bounded::<i32>(0);
    let second = runtime.spawn(async move { rx.recv().await }).id();
    let dump = when_all_wait(&runtime);
    let second = dump
        .goroutines()
        .iter()
        .find(|goroutine| goroutine.id() == second);
    let second = second.unwrap().wait().unwrap().elapsed();
    assert!(
        second + Duration::from_millis(300) < first,
        "{second:?} of {first:?}"
    );
}

#[test]
fn a_hundred_thousand_that_wait_alike_are_one_paragraph() {
    let runtime = runtime(2);
    let (tx, rx) = bounded::<i32>(0);
    for _ in 0..100_000 {
        let rx = rx.clone();
        runtime.spawn(async move {
            co! { <-rx }
        });
    }
    let (_other_tx, other) = bounded::<i32>(0);
    runtime.spawn(async move { other.recv().await });
    let dump = when_all_wait(&runtime);
    assert_eq!(dump.goroutines().len(), 100_001);
    let ids = dump.goroutines().iter().map(Goroutine::id);
    assert!(ids.is_sorted());
    let text = dump.to_string();
    assert_eq!(text.matches(" [chan receive]:\n").count(), 2, "{text}");
    assert!(text.starts_with("100000 goroutines ("), "{text}");
    drop(tx);
}

#[test]
fn those_that_run_and_those_that_could_are_told_apart() {
    let runtime = runtime(1);
    let handle = runtime.handle();
    let dump = runtime.run(async move {
        go! { task::yield_now().await };
        handle.dump()
    });
    let states: Vec<_> = dump.goroutines().iter().map(Goroutine::state).collect();
    assert_eq!(states, [GoroutineState::Running, GoroutineState::Runnable]);
    assert!(dump.to_string().contains(" [running]:\n"), "{dump}");
    assert!(dump.to_string().contains(" [runnable]:\n"), "{dump}");
    assert!(runtime.handle().dump().goroutines().len() <= 1);
}

#[test]
fn it_can_be_taken_while_goroutines_come_wait_and_go() {
    let runtime = runtime(2);
    let (tx, rx) = bounded::<usize>(1);
    for number in 0..4 {
        let (tx, rx) = (tx.clone(), rx.clone());
        runtime.spawn(async move {
            for turn in 0..2_000 {
                tx.send(turn + number).await.unwrap();
                let rx = rx.clone();
                go! { <-rx }.await.unwrap();
            }
        });
    }
    drop((tx, rx));
    while !runtime.handle().dump().goroutines().is_empty() {
        let _ = runtime.handle().dump().to_string();
    }
}
