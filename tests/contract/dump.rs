//! Section 6 of `ARCHITECTURE.md`: what a dump says.

use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;

use chango::net::{TcpListener, TcpStream, UdpSocket};
use chango::prelude::*;
use chango::runtime::{Builder, Dump, Goroutine, GoroutineState, Reason, Runtime};
use chango::sync::{Barrier, Cond, Mutex, Once, RwLock, Semaphore};
use chango::task::{self, TaskId};
use futures_lite::{AsyncReadExt, StreamExt, future};

fn runtime(workers: usize) -> Runtime {
    Builder::new().workers(workers).build().expect("a runtime")
}

/// Waits until the dump of `runtime` is as it is wanted; that dump.
fn when(runtime: &Runtime, wanted: impl Fn(&Dump) -> bool) -> Dump {
    let handle = runtime.handle();
    let begun = Instant::now();
    loop {
        let dump = handle.dump();
        if wanted(&dump) {
            return dump;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{dump}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Waits until all goroutines of `runtime` wait; the dump of that.
fn when_all_wait(runtime: &Runtime) -> Dump {
    let waits = |goroutine: &Goroutine| goroutine.state() == GoroutineState::Waiting;
    when(runtime, |dump| dump.goroutines().iter().all(waits))
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

/// What a dump is to say of a goroutine: its number, its reason, and the line where it waits.
type Expected = (TaskId, Reason, Option<u32>);

/// A goroutine that waits on this line, said to a dump or (`-`) unknown to it.
macro_rules! waits {
    ($runtime:ident, $expected:ident, $reason:ident, { $($body:tt)* }) => {
        let handle = $runtime.spawn(async move { $($body)* });
        $expected.push((handle.id(), Reason::$reason, Some(line!())));
    };
    ($runtime:ident, $expected:ident, $reason:ident, -, { $($body:tt)* }) => {
        let handle = $runtime.spawn(async move { $($body)* });
        $expected.push((handle.id(), Reason::$reason, None));
    };
}

/// Go's words.
fn words(reason: Reason) -> &'static str {
    match reason {
        Reason::ChanReceive => "chan receive",
        Reason::ChanReceiveNilChan => "chan receive (nil chan)",
        Reason::ChanSend => "chan send",
        Reason::ChanSendNilChan => "chan send (nil chan)",
        Reason::SelectWait => "select",
        Reason::SelectNoCases => "select (no cases)",
        Reason::SleepWait => "sleep",
        Reason::JoinWait => "join",
        Reason::IoWait => "IO wait",
        Reason::WaitGroupWait => "sync.WaitGroup.Wait",
        Reason::MutexLock => "sync.Mutex.Lock",
        Reason::RwLockRead => "sync.RWMutex.RLock",
        Reason::RwLockWrite => "sync.RWMutex.Lock",
        Reason::CondWait => "sync.Cond.Wait",
        Reason::SemaphoreAcquire => "semacquire",
        Reason::OnceCall => "sync.Once.Do",
        Reason::BarrierWait => "sync.Barrier.Wait",
        _ => "waiting",
    }
}

/// When all wait, the dump says of each what is expected, by its values and by its text.
fn expect(runtime: &Runtime, expected: &[Expected]) -> String {
    let dump = when_all_wait(runtime);
    let text = dump.to_string();
    for &(id, reason, line) in expected {
        let goroutines = dump.goroutines();
        let goroutine = goroutines.iter().find(|goroutine| goroutine.id() == id);
        let wait = goroutine.unwrap().wait().unwrap();
        let at = wait.at().map(|at| (at.file(), at.line()));
        let expected = line.map(|line| (file!(), line));
        assert_eq!((wait.reason(), at), (reason, expected), "{id} of {text}");
        let head = format!("goroutine {id} [{}]:\n    waiting at ", words(reason));
        let place = line.map(|line| format!("{head}{}:{line}:", file!()));
        assert_eq!(text.contains(&head), line.is_some(), "{head}, of {text}");
        assert!(text.contains(&place.unwrap_or_default()), "{head}, {text}");
    }
    text
}

const LONG: Duration = Duration::from_secs(3600);

#[test]
fn whoever_waits_on_channels_says_why_and_where() {
    let (runtime, mut expected) = (runtime(2), Vec::new());
    let (tx, rx) = bounded::<i32>(1);
    tx.try_send(0).unwrap();
    let (_never_tx, never) = unbounded::<i32>();
    let (_second_rx, never_2, never_3) = (rx.clone(), never.clone(), never.clone());
    let (tx_2, tx_3, tx_4) = (tx.clone(), tx.clone(), tx.clone());
    let (never_4, never_5, mut never_6) = (never.clone(), never.clone(), never.clone());
    let endless = chango::chan::never::<i32>();
    let (nil_tx, nil_rx) = (None::<Sender<i32>>, None::<Receiver<i32>>);
    let mut values = Vec::new();
    waits! { runtime, expected, ChanSend, { co! { tx <- 1; } } }
    waits! { runtime, expected, ChanSend, { tx_2.send(1).await.unwrap(); } }
    waits! { runtime, expected, ChanSend, { co! { (tx_3 <- 1).unwrap(); } } }
    waits! { runtime, expected, ChanSend, { tx_4.send_timeout(1, LONG).await.unwrap(); } }
    waits! { runtime, expected, ChanSendNilChan, { co! { nil_tx <- 1; } } }
    waits! { runtime, expected, ChanReceive, { never.recv().await; } }
    waits! { runtime, expected, ChanReceive, { co! { for _ in <-never_2 {} } } }
    waits! { runtime, expected, ChanReceive, { never_3.recv_many(&mut values, 3).await; } }
    waits! { runtime, expected, ChanReceive, { let _ = never_4.recv_timeout(LONG).await; } }
    waits! { runtime, expected, ChanReceive, -, { never_6.next().await; } }
    waits! { runtime, expected, ChanReceiveNilChan, { co! { <-&nil_rx; } } }
    waits! { runtime, expected, SelectWait, { select! { _ = <-endless => (), _ = pending::<()>() => () } } }
    waits! { runtime, expected, SelectWait, { chango::chan::recv_any(&[never_5]).await; } }
    waits! { runtime, expected, SelectNoCases, { chango::chan::recv_any::<i32>(&[]).await; } }
    waits! { runtime, expected, Unknown, -, { pending::<()>().await } }
    // A stream says where its channel was made, and no more.
    let (stream, ..) = expected.remove(9);
    let text = expect(&runtime, &expected);
    let stream = format!("goroutine {stream} [chan receive]:\n    waiting on the channel made at ");
    assert!(text.contains(&stream), "{text}");
    assert!(
        text.contains("(bounded 1, 1 queued, 2 receivers)"),
        "{text}"
    );
    assert!(text.contains("(unbounded, 0 queued, 1 sender)"), "{text}");
}

#[test]
fn whoever_waits_for_a_moment_says_where() {
    let (runtime, mut expected) = (runtime(1), Vec::new());
    let (timer, ticker, rx) = (after(LONG), tick(LONG), chango::chan::never::<i32>());
    let ticker_2 = tick(LONG);
    let far = Instant::now() + LONG;
    waits! { runtime, expected, SleepWait, { sleep(LONG).await } }
    waits! { runtime, expected, SleepWait, { chango::time::sleep_until(far).await } }
    waits! { runtime, expected, SleepWait, { timer.fired().await; } }
    waits! { runtime, expected, SleepWait, { ticker.fired().await; } }
    waits! { runtime, expected, SleepWait, { co! { <-after(LONG); } } }
    waits! { runtime, expected, SleepWait, { co! { for _ in <-ticker_2 {} } } }
    // What stands under a deadline says what it waits for; otherwise it is the deadline.
    waits! { runtime, expected, SleepWait, { timeout(LONG, pending::<()>()).await.unwrap(); } }
    waits! { runtime, expected, ChanReceive, { timeout(LONG, rx.recv()).await.unwrap(); } }
    expect(&runtime, &expected);
}

#[test]
fn whoever_waits_for_goroutines_says_where_it_awaits_them() {
    let (runtime, mut expected) = (runtime(1), Vec::new());
    let endless = || runtime.spawn(pending::<()>());
    let (joined, received, in_time, by_hand) = (endless(), endless(), endless(), endless());
    let (mut borrowed, boxed, combined, spawned) = (endless(), endless(), endless(), endless());
    let group = WaitGroup::new();
    group.add(1);
    waits! { runtime, expected, JoinWait, { joined.await.unwrap(); } }
    waits! { runtime, expected, JoinWait, { co! { (<-received).unwrap(); } } }
    waits! { runtime, expected, JoinWait, { timeout(LONG, in_time).await.unwrap().unwrap(); } }
    waits! { runtime, expected, JoinWait, { poll_fn(|cx| by_hand.poll_join(cx)).await.unwrap(); } }
    waits! { runtime, expected, WaitGroupWait, { group.wait().await } }
    // Polled by the standard library, by a crate of somebody else's, and by the worker.
    waits! { runtime, expected, JoinWait, -, { (&mut borrowed).await.unwrap(); } }
    waits! { runtime, expected, JoinWait, -, { Box::pin(boxed).await.unwrap(); } }
    waits! { runtime, expected, JoinWait, -, { future::or(combined, pending()).await.unwrap(); } }
    expected.push((runtime.spawn(spawned).id(), Reason::JoinWait, None));
    expect(&runtime, &expected);
}

#[test]
fn whoever_waits_for_a_lock_says_where() {
    let (runtime, mut expected) = (runtime(2), Vec::new());
    let mutex = Arc::new(Mutex::new(()));
    let (owned, semaphore) = (Arc::clone(&mutex), Semaphore::new(1));
    let (read, written) = (Arc::new(RwLock::new(())), Arc::new(RwLock::new(())));
    let (reads, writes) = (Arc::clone(&written), Arc::clone(&read));
    let (cond, barrier, once) = (Cond::new(), Barrier::new(2), Arc::new(Once::new()));
    let (own, runs) = (Mutex::new(()), Arc::clone(&once));
    let _held = (mutex.try_lock(), read.try_read(), written.try_write());
    runtime.spawn(async move { runs.call_once(pending).await });
    when_all_wait(&runtime);
    let mutex = Arc::clone(&owned);
    waits! { runtime, expected, MutexLock, { let _ = mutex.lock().await; } }
    waits! { runtime, expected, MutexLock, { let _ = owned.lock_owned().await; } }
    waits! { runtime, expected, RwLockRead, { let _ = reads.read().await; } }
    waits! { runtime, expected, RwLockWrite, { let _ = writes.write().await; } }
    waits! { runtime, expected, CondWait, { let _ = cond.wait(own.lock().await).await; } }
    waits! { runtime, expected, SemaphoreAcquire, { let _ = semaphore.acquire(2).await; } }
    waits! { runtime, expected, OnceCall, { once.call_once(async || ()).await; } }
    waits! { runtime, expected, BarrierWait, { barrier.wait().await; } }
    expect(&runtime, &expected);
}

/// Two ends of a connection.
async fn connection() -> (TcpStream, TcpStream) {
    let listener = listener().await;
    let ours = TcpStream::connect(listener.local_addr().unwrap());
    let (ours, theirs) = (ours.await.unwrap(), listener.accept().await.unwrap().0);
    (ours, theirs)
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

#[test]
fn whoever_waits_for_a_socket_says_where() {
    let (runtime, mut expected) = (runtime(2), Vec::new());
    let connect = || runtime.run(connection());
    let (accepts, incoming) = runtime.run(async { (listener().await, listener().await) });
    let (reads, peeks, exact, to_end) = (connect(), connect(), connect(), connect());
    let (writes, all, mut by_trait) = (connect(), connect(), connect());
    let much = || vec![0_u8; 64 << 20];
    waits! { runtime, expected, IoWait, { accepts.accept().await.unwrap(); } }
    waits! { runtime, expected, IoWait, { pin!(incoming.incoming()).next().await; } }
    waits! { runtime, expected, IoWait, { reads.0.read(&mut [0]).await.unwrap(); } }
    waits! { runtime, expected, IoWait, { peeks.0.peek(&mut [0]).await.unwrap(); } }
    waits! { runtime, expected, IoWait, { exact.0.read_exact(&mut [0]).await.unwrap(); } }
    waits! { runtime, expected, IoWait, { to_end.0.read_to_end(&mut Vec::new()).await.unwrap(); } }
    waits! { runtime, expected, IoWait, { loop { writes.0.write(&much()).await.unwrap(); } } }
    waits! { runtime, expected, IoWait, { all.0.write_all(&much()).await.unwrap(); } }
    waits! { runtime, expected, IoWait, -, { AsyncReadExt::read(&mut by_trait.0, &mut [0]).await.unwrap(); } }
    expect(&runtime, &expected);
}

#[test]
fn whoever_waits_for_a_message_says_where() {
    let (runtime, mut expected) = (runtime(2), Vec::new());
    let bind = || runtime.run(UdpSocket::bind("127.0.0.1:0")).unwrap();
    let (from, peeks_from, receives, peeks) = (bind(), bind(), bind(), bind());
    let late = bind();
    late.set_read_deadline(Some(Instant::now() + LONG));
    waits! { runtime, expected, IoWait, { from.recv_from(&mut [0]).await.unwrap(); } }
    waits! { runtime, expected, IoWait, { peeks_from.peek_from(&mut [0]).await.unwrap(); } }
    waits! { runtime, expected, IoWait, { receives.recv(&mut [0]).await.unwrap(); } }
    waits! { runtime, expected, IoWait, { peeks.peek(&mut [0]).await.unwrap(); } }
    waits! { runtime, expected, IoWait, { late.recv(&mut [0]).await.unwrap(); } }
    expect(&runtime, &expected);
}

#[cfg(unix)]
#[test]
fn whoever_waits_for_a_unix_socket_says_where() {
    use chango::net::{UnixDatagram, UnixListener, UnixStream};

    let (runtime, mut expected) = (runtime(2), Vec::new());
    let streams = || runtime.run(async { UnixStream::pair() }).unwrap();
    let messengers = || runtime.run(async { UnixDatagram::pair() }).unwrap();
    let dir = std::env::temp_dir().join(format!("chango-dump-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let (here, there) = (dir.join("listener"), dir.join("full"));
    let listener = runtime
        .run(async move { UnixListener::bind(here) })
        .unwrap();
    let full = std::os::unix::net::UnixDatagram::bind(&there).unwrap();
    let unbound = runtime.run(async { UnixDatagram::unbound() }).unwrap();
    let (reads, writes, sends, receives) = (streams(), streams(), messengers(), messengers());
    let much = || vec![0_u8; 64 << 20];
    waits! { runtime, expected, IoWait, { listener.accept().await.unwrap(); } }
    waits! { runtime, expected, IoWait, { reads.0.read(&mut [0]).await.unwrap(); } }
    waits! { runtime, expected, IoWait, { writes.0.write_all(&much()).await.unwrap(); } }
    waits! { runtime, expected, IoWait, { receives.0.recv(&mut [0]).await.unwrap(); } }
    waits! { runtime, expected, IoWait, { loop { sends.0.send(&[0; 99]).await.unwrap(); } } }
    waits! { runtime, expected, IoWait, { loop { unbound.send_to(&[0; 99], &there).await.unwrap(); } } }
    expect(&runtime, &expected);
    drop(full);
    std::fs::remove_dir_all(dir).unwrap();
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
fn an_operation_that_gave_up_is_not_shown_for_the_next_one() {
    let (runtime, mut expected) = (runtime(1), Vec::new());
    let (tx, rx) = bounded::<i32>(0);
    let (moment, late) = (Duration::from_millis(1), bounded::<i32>(0));
    let (rx_2, rx_3) = (chango::chan::never::<i32>(), chango::chan::never::<i32>());
    waits! { runtime, expected, Unknown, -, { rx.recv_blocking(); pending::<()>().await } }
    waits! { runtime, expected, Unknown, -, { timeout(moment, rx_2.recv()).await.unwrap_err(); pending::<()>().await } }
    waits! { runtime, expected, Unknown, -, { rx_3.recv_timeout(moment).await.unwrap_err(); pending::<()>().await } }
    waits! { runtime, expected, Unknown, -, { late.0.send_timeout(1, moment).await.unwrap_err(); pending::<()>().await } }
    // It succeeds only beside one that has begun to wait.
    while tx.try_send(1).is_err() {
        std::thread::yield_now();
    }
    // Those whose time is not up yet wait as well.
    // Those whose time is not up yet wait as well, and say so.
    when(&runtime, |dump| {
        let waits = dump.goroutines().iter().filter_map(Goroutine::wait);
        waits
            .filter(|wait| wait.reason() == Reason::Unknown)
            .count()
            == 4
    });
    expect(&runtime, &expected);
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
