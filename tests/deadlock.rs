//! Section 6 of `ARCHITECTURE.md`: programs that can never go on say so, and no others do.
//!
//! Each program here is a process of its own, without a test harness, whose threads would make every
//! answer uncertain. So this file is its own harness: without arguments, or with parts of names, it
//! runs itself once for each program and looks at what that printed and how it ended.

use std::panic::{UnwindSafe, catch_unwind, resume_unwind};
use std::process::{Command, ExitCode, Stdio};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use chango::context;
use chango::net::{TcpListener, TcpStream};
use chango::prelude::*;
use chango::runtime::{Builder, Deadlock};
use chango::{sync, task};

/// Where this stands, it names the program to be.
const PROGRAM: &str = "CHANGO_TEST_PROGRAM";
const REPORT: &str = "all goroutines are asleep - deadlock!";
const PANICS: i32 = 101;

/// Longer than it takes until a program is called dead.
const LONG: Duration = Duration::from_millis(2000);
/// A program that was not called dead by then never will be.
const HANGS: Duration = Duration::from_secs(60);

fn two_goroutines_that_wait_for_each_other() {
    run! {
        let (to_main, from_other) = bounded::<i32>(0);
        let (to_other, from_main) = bounded::<i32>(0);
        go! {
            let one = <-from_main;
            to_main <- one.unwrap();
        }
        <-from_other;
        to_other <- 1;
    }
}

fn a_send_to_a_receiver_that_nobody_reads() {
    run! {
        let (tx, _rx) = bounded::<i32>(1);
        tx <- 1;
        tx <- 2;
    }
}

fn the_main_goroutine_alone() {
    run! { select! {} }
}

/// Its timeout is gone, so that nothing is left that could come.
fn a_wait_for_a_context_that_only_main_would_end() {
    run! {
        let (timeout, cancel) = context::with_timeout(&context::background(), LONG);
        cancel.cancel();
        <-timeout;
        let (ctx, cancel) = context::with_cancel(&context::background());
        let waiting = go! { clone ctx; <-ctx; };
        select! {
            _ = <-waiting => {}
            <-ctx.done() => {}
        }
        cancel.cancel();
    }
}

fn a_wait_for_the_background() {
    run! { <-context::background() }
}

fn one_that_waits_for_a_deadline() {
    run! {
        let (ctx, _cancel) = context::with_timeout(&context::background(), LONG / 4);
        let (child, _child) = context::with_cancel(&ctx);
        <-child;
    }
}

fn after_a_timer_a_socket_and_a_blocking_call_have_come_to_their_ends() {
    run! {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        let accepted = listener.accept().await.unwrap();
        sleep(Duration::from_millis(200)).await;
        let waits = go! { task::blocking(|| thread::sleep(Duration::from_millis(200))) };
        waits.await.unwrap();
        // The sockets are open, but nobody waits for them.
        chango::chan::never::<()>().recv().await;
        drop((stream, accepted));
    }
}

fn after_other_threads_have_ended() {
    run! {
        let (tx, rx) = bounded(0);
        let thread = thread::spawn(move || tx.send_blocking(1));
        assert_eq!(<-rx, Some(1));
        thread.join().unwrap().unwrap();
        <-chango::chan::never::<()>();
    }
}

fn two_goroutines_that_lock_two_mutexes_crosswise() {
    run! {
        let locks = Arc::new((sync::Mutex::new(()), sync::Mutex::new(()), sync::Barrier::new(2)));
        let theirs = Arc::clone(&locks);
        go! {
            let _second = theirs.1.lock().await;
            theirs.2.wait().await;
            let _first = theirs.0.lock().await;
        };
        let _first = locks.0.lock().await;
        locks.2.wait().await;
        let _second = locks.1.lock().await;
    }
}

fn a_guard_that_is_never_dropped() {
    run! {
        let semaphore = sync::Semaphore::new(1);
        std::mem::forget(semaphore.acquire(1).await);
        semaphore.acquire(1).await.forget();
    }
}

#[cfg(unix)]
fn after_the_last_receiver_of_a_signal_was_dropped() {
    run! {
        let signals = chango::signal::notify(&[chango::signal::SIGUSR1]);
        let other = signals.clone();
        let waits = go! { select! { <-other => {} <-after(Duration::from_millis(200)) => {} } };
        waits.await.unwrap();
        drop(signals);
        <-chango::chan::never::<()>();
    }
}

#[cfg(unix)]
fn one_that_waits_for_a_signal() {
    run! {
        let signals = chango::signal::notify(&[chango::signal::SIGUSR1]);
        <-signals;
    }
}

#[cfg(unix)]
fn one_that_could_be_told_of_a_signal_and_waits_for_something_else() {
    run! {
        let _signals = chango::signal::notify(&[chango::signal::SIGUSR1]);
        <-chango::chan::never::<()>();
    }
}

fn when_the_last_worker_comes_back_from_a_long_poll_as_a_spare() {
    run! {
        let (_tx, rx) = bounded::<()>(0);
        let all: Vec<_> = (0..4)
            .map(|_| go! { clone rx;
                thread::sleep(Duration::from_millis(300));
                <-rx
            })
            .collect();
        for goroutine in all {
            goroutine.await.unwrap();
        }
    }
}

fn a_thread_in_block_on_that_nobody_wakes() {
    let runtime = Builder::new().deadlock(Deadlock::Panic).build().unwrap();
    let (_tx, rx) = bounded::<()>(0);
    runtime.block_on(async {
        // The workers have long been asleep when this thread begins to wait.
        thread::sleep(Duration::from_millis(500));
        rx.recv().await
    });
}

fn beside_a_goroutine_that_is_locked_to_its_thread() {
    run! {
        let (_tx, rx) = bounded::<()>(0);
        let locked = go! {
            let _lock = task::lock_os_thread().await;
            <-rx
        };
        locked.await.unwrap();
    }
}

fn when_all_goroutines_are_locked_to_their_threads() {
    run! {
        let (_tx, rx) = bounded::<()>(0);
        let _lock = task::lock_os_thread().await;
        for _ in 0..5 {
            go! { clone rx;
                let _lock = task::lock_os_thread().await;
                sleep(Duration::from_millis(50)).await;
                <-rx;
            }
        }
        <-rx;
    }
}

fn after_a_locked_goroutine_has_ended_and_its_thread_with_it() {
    run! {
        let ended = go! {
            std::mem::forget(task::lock_os_thread().await);
            sleep(Duration::from_millis(200)).await;
        };
        ended.await.unwrap();
        <-chango::chan::never::<()>();
    }
}

fn after_a_lock_has_been_taken_off_by_somebody_else() {
    run! {
        let (tx, rx) = bounded(0);
        let locked = go! {
            tx <- task::lock_os_thread().await;
            <-chango::chan::never::<()>()
        };
        let lock = <-rx;
        sleep(Duration::from_millis(300)).await;
        drop(lock);
        locked.await.unwrap();
    }
}

/// What waits there can be dropped on one thread only, and is, when the program is told that it is dead.
fn beside_local_goroutines() {
    static DROPPED: AtomicUsize = AtomicUsize::new(0);
    struct Stays(Rc<ThreadId>);
    impl Drop for Stays {
        fn drop(&mut self) {
            if *self.0 == thread::current().id() {
                DROPPED.fetch_add(1, Ordering::SeqCst);
            }
        }
    }
    fn wait() -> task::JoinHandle<()> {
        task::spawn_local(|| async {
            let _stays = Stays(Rc::new(thread::current().id()));
            let (_tx, rx) = bounded::<()>(0);
            sleep(Duration::from_millis(50)).await;
            co! { <-rx; }
        })
    }
    let dead = || {
        run! {
            let one = wait();
            wait();
            one.await.unwrap();
        }
    };
    // The program has had its time to end all of them.
    dies(dead, || DROPPED.load(Ordering::SeqCst) == 2);
}

fn after_a_blocking_call_during_which_another_thread_took_the_right() {
    let begun = Instant::now();
    let dead = || {
        run! {
            let blocked = go! {
                // All others have long been asleep when it comes back.
                task::blocking(|| thread::sleep(Duration::from_millis(700)));
                <-chango::chan::never::<()>()
            };
            blocked.await.unwrap();
        }
    };
    // Not only when its thread, for which nobody has a use, ends after ten seconds.
    dies(dead, || begun.elapsed() < Duration::from_secs(8));
}

fn after_a_blocking_call_of_a_locked_goroutine() {
    run! {
        let blocked = go! {
            let _lock = task::lock_os_thread().await;
            task::blocking(|| thread::sleep(Duration::from_millis(700)));
            <-chango::chan::never::<()>()
        };
        blocked.await.unwrap();
    }
}

/// Runs a program that is told that it is dead; what has to hold then.
fn dies(program: impl FnOnce() + UnwindSafe, holds: impl FnOnce() -> bool) {
    let panic = catch_unwind(program).unwrap_err();
    if !holds() {
        // Else it would end as one that is dead.
        std::process::exit(1);
    }
    resume_unwind(panic);
}

fn a_sleep() {
    run! {
        let (tx, rx) = bounded(0);
        go! { sleep(LONG).await; tx <- 1; }
        assert_eq!(<-rx, Some(1));
    }
}

fn a_blocking_call() {
    run! {
        let (tx, rx) = bounded(0);
        go! { task::blocking(|| thread::sleep(LONG)); tx <- 1; }
        assert_eq!(<-rx, Some(1));
    }
}

fn a_long_poll() {
    run! {
        let (tx, rx) = bounded(0);
        go! { thread::sleep(LONG); tx <- 1; }
        assert_eq!(<-rx, Some(1));
    }
}

fn a_locked_goroutine_in_a_blocking_call() {
    run! {
        let (tx, rx) = bounded(0);
        go! {
            let _lock = task::lock_os_thread().await;
            task::blocking(|| thread::sleep(LONG));
            tx <- 1;
        }
        assert_eq!(<-rx, Some(1));
    }
}

fn a_local_goroutine_that_sleeps() {
    run! {
        let (tx, rx) = bounded(0);
        task::spawn_local(move || async move {
            let one = Rc::new(1);
            sleep(LONG).await;
            co! { tx <- *one; }
        });
        assert_eq!(<-rx, Some(1));
    }
}

fn a_locked_goroutine_in_a_long_poll() {
    run! {
        let (tx, rx) = bounded(0);
        go! {
            let _lock = task::lock_os_thread().await;
            thread::sleep(LONG);
            tx <- 1;
        }
        assert_eq!(<-rx, Some(1));
    }
}

fn a_thread_of_somebody_elses() {
    run! {
        let (tx, rx) = bounded(0);
        thread::spawn(move || {
            thread::sleep(LONG);
            tx.send_blocking(1)
        });
        assert_eq!(<-rx, Some(1));
    }
}

fn a_thread_in_block_on_that_works() {
    let builder = Builder::new().deadlock(Deadlock::Panic);
    let (runtime, (tx, rx)) = (builder.build().unwrap(), bounded(0));
    thread::scope(|scope| {
        let waits = scope.spawn(|| runtime.block_on(rx.recv()));
        // Both threads are inside, and one of them is not asleep.
        runtime.block_on(async {
            thread::sleep(LONG);
            tx.send(1).await.unwrap();
        });
        assert_eq!(waits.join().unwrap(), Some(1));
    });
}

fn a_main_goroutine_that_ends_beside_those_that_wait() {
    run! {
        let (_tx, rx) = bounded::<i32>(0);
        go! { <-rx };
    }
    let runtime = Builder::new().deadlock(Deadlock::Panic).build().unwrap();
    runtime.spawn(std::future::pending::<()>());
    assert_eq!(runtime.run(async { 1 }), 1);
    // Nobody is inside.
    thread::sleep(LONG);
}

fn another_runtime_beside_it() {
    let other = Builder::new().workers(1).build().unwrap();
    let (tx, rx) = bounded(0);
    other.spawn(async move {
        sleep(LONG).await;
        let _ = tx.send(1).await;
    });
    assert_eq!(run! { <-rx }, Some(1));
}

fn many_short_rests() {
    run! {
        for pause in 0..25_u64 {
            let (tx, rx) = bounded(0);
            go! { sleep(Duration::from_millis(7 * pause)).await; tx <- 1; }
            assert_eq!(<-rx, Some(1));
            go! { task::blocking(move || thread::sleep(Duration::from_millis(7 * pause))) }
                .await
                .unwrap();
        }
    }
}

/// In a look between two of them there may be nobody in a queue.
fn locked_goroutines_that_are_passed_on_all_the_time() {
    run! {
        let _lock = task::lock_os_thread().await;
        let (tx, rx) = bounded(0);
        let (back, from_other) = bounded(0);
        let other = go! {
            let _lock = task::lock_os_thread().await;
            for value in <-rx { back <- value; }
        };
        let begun = Instant::now();
        for turn in 0_u64.. {
            if begun.elapsed() > LONG {
                break;
            }
            tx <- turn;
            assert_eq!(<-from_other, Some(turn));
            if turn % 1000 == 0 {
                sleep(Duration::from_millis(turn / 1000 % 90)).await;
            }
        }
        drop(tx);
        other.await.unwrap();
    }
}

/// Asked for by the environment, though its builder says no.
fn an_embedded_runtime() {
    let builder = Builder::new().workers(1).deadlock(Deadlock::Off);
    let runtime = builder.build().unwrap();
    runtime.run(std::future::pending())
}

/// Each of two reports ends one `run`.
fn a_runtime_that_is_used_again() {
    let runtime = Builder::new().deadlock(Deadlock::Panic).build().unwrap();
    let dead = || runtime.run(std::future::pending::<()>());
    for _ in 0..2 {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(dead));
        assert!(panic.is_err());
    }
    assert_eq!(runtime.run(async { 7 }), 7);
}

/// The server is a thread of the process that started this one.
fn a_client_of_another_process() {
    let address = std::env::var("CHANGO_TEST_SERVER").unwrap();
    run! {
        let stream = TcpStream::connect(address).await.unwrap();
        let mut byte = [0];
        assert_eq!(stream.read(&mut byte).await.unwrap(), 1);
    }
}

/// It waits for ever, and its end comes from outside: nobody may end it before.
fn one_that_waits_for_its_end() {
    run! { std::future::pending::<()>().await }
}

/// What is expected of a program.
#[derive(Clone, Copy, PartialEq)]
enum Expected {
    /// One report, and a panic.
    Dead,
    /// It ends by itself, and nothing is said.
    Alive,
    /// So many reports that begin so, and it goes on until its end.
    Told(usize, &'static str),
    /// Nothing is said for a while; then it is ended.
    Silent,
}

type Program = (fn(), &'static str, Expected, &'static str);

const PROGRAMS: &[Program] = &[
    (
        two_goroutines_that_wait_for_each_other,
        "two_goroutines_that_wait_for_each_other",
        Expected::Dead,
        "",
    ),
    (
        a_send_to_a_receiver_that_nobody_reads,
        "a_send_to_a_receiver_that_nobody_reads",
        Expected::Dead,
        "",
    ),
    (
        the_main_goroutine_alone,
        "the_main_goroutine_alone",
        Expected::Dead,
        "",
    ),
    (
        a_wait_for_a_context_that_only_main_would_end,
        "a_wait_for_a_context_that_only_main_would_end",
        Expected::Dead,
        "",
    ),
    (
        a_wait_for_the_background,
        "a_wait_for_the_background",
        Expected::Dead,
        "",
    ),
    (
        one_that_waits_for_a_deadline,
        "one_that_waits_for_a_deadline",
        Expected::Alive,
        "",
    ),
    (
        after_a_timer_a_socket_and_a_blocking_call_have_come_to_their_ends,
        "after_a_timer_a_socket_and_a_blocking_call_have_come_to_their_ends",
        Expected::Dead,
        "",
    ),
    (
        after_other_threads_have_ended,
        "after_other_threads_have_ended",
        Expected::Dead,
        "",
    ),
    (
        two_goroutines_that_lock_two_mutexes_crosswise,
        "two_goroutines_that_lock_two_mutexes_crosswise",
        Expected::Dead,
        "",
    ),
    (
        a_guard_that_is_never_dropped,
        "a_guard_that_is_never_dropped",
        Expected::Dead,
        "",
    ),
    #[cfg(unix)]
    (
        after_the_last_receiver_of_a_signal_was_dropped,
        "after_the_last_receiver_of_a_signal_was_dropped",
        Expected::Dead,
        "",
    ),
    #[cfg(unix)]
    (
        one_that_waits_for_a_signal,
        "one_that_waits_for_a_signal",
        Expected::Silent,
        "",
    ),
    #[cfg(unix)]
    (
        one_that_could_be_told_of_a_signal_and_waits_for_something_else,
        "one_that_could_be_told_of_a_signal_and_waits_for_something_else",
        Expected::Silent,
        "warn",
    ),
    (
        when_the_last_worker_comes_back_from_a_long_poll_as_a_spare,
        "when_the_last_worker_comes_back_from_a_long_poll_as_a_spare",
        Expected::Dead,
        "",
    ),
    (
        a_thread_in_block_on_that_nobody_wakes,
        "a_thread_in_block_on_that_nobody_wakes",
        Expected::Dead,
        "",
    ),
    (
        beside_a_goroutine_that_is_locked_to_its_thread,
        "beside_a_goroutine_that_is_locked_to_its_thread",
        Expected::Dead,
        "",
    ),
    (
        when_all_goroutines_are_locked_to_their_threads,
        "when_all_goroutines_are_locked_to_their_threads",
        Expected::Dead,
        "",
    ),
    (
        after_a_locked_goroutine_has_ended_and_its_thread_with_it,
        "after_a_locked_goroutine_has_ended_and_its_thread_with_it",
        Expected::Dead,
        "",
    ),
    (
        after_a_lock_has_been_taken_off_by_somebody_else,
        "after_a_lock_has_been_taken_off_by_somebody_else",
        Expected::Dead,
        "",
    ),
    (
        after_a_blocking_call_during_which_another_thread_took_the_right,
        "after_a_blocking_call_during_which_another_thread_took_the_right",
        Expected::Dead,
        "",
    ),
    (
        after_a_blocking_call_of_a_locked_goroutine,
        "after_a_blocking_call_of_a_locked_goroutine",
        Expected::Dead,
        "",
    ),
    (
        beside_local_goroutines,
        "beside_local_goroutines",
        Expected::Dead,
        "",
    ),
    (
        an_embedded_runtime,
        "an_embedded_runtime",
        Expected::Dead,
        "panic",
    ),
    (
        a_runtime_that_is_used_again,
        "a_runtime_that_is_used_again",
        Expected::Told(2, "fatal: "),
        "",
    ),
    (a_sleep, "a_sleep", Expected::Alive, ""),
    (a_blocking_call, "a_blocking_call", Expected::Alive, ""),
    (a_long_poll, "a_long_poll", Expected::Alive, ""),
    (
        a_locked_goroutine_in_a_blocking_call,
        "a_locked_goroutine_in_a_blocking_call",
        Expected::Alive,
        "",
    ),
    (
        a_locked_goroutine_in_a_long_poll,
        "a_locked_goroutine_in_a_long_poll",
        Expected::Alive,
        "",
    ),
    (
        locked_goroutines_that_are_passed_on_all_the_time,
        "locked_goroutines_that_are_passed_on_all_the_time",
        Expected::Alive,
        "",
    ),
    (
        a_local_goroutine_that_sleeps,
        "a_local_goroutine_that_sleeps",
        Expected::Alive,
        "",
    ),
    (
        a_thread_of_somebody_elses,
        "a_thread_of_somebody_elses",
        Expected::Alive,
        "",
    ),
    (
        a_thread_in_block_on_that_works,
        "a_thread_in_block_on_that_works",
        Expected::Alive,
        "",
    ),
    (
        a_main_goroutine_that_ends_beside_those_that_wait,
        "a_main_goroutine_that_ends_beside_those_that_wait",
        Expected::Alive,
        "",
    ),
    (
        another_runtime_beside_it,
        "another_runtime_beside_it",
        Expected::Alive,
        "",
    ),
    (many_short_rests, "many_short_rests", Expected::Alive, ""),
    (
        a_client_of_another_process,
        "a_client_of_another_process",
        Expected::Alive,
        "",
    ),
    (
        one_that_waits_for_its_end,
        "one_that_waits_for_its_end",
        Expected::Silent,
        "off",
    ),
    (
        a_thread_of_somebody_elses,
        "a_thread_of_somebody_elses",
        Expected::Told(1, "warning: "),
        "warn",
    ),
];

fn main() -> ExitCode {
    if let Ok(name) = std::env::var(PROGRAM) {
        let program = PROGRAMS.iter().find(|program| program.1 == name);
        program.expect("a program of this name").0();
        return ExitCode::SUCCESS;
    }
    let mut wanted: Vec<String> = std::env::args().skip(1).collect();
    wanted.retain(|argument| !argument.starts_with('-'));
    let is_wanted = |program: &&Program| {
        wanted.is_empty() || wanted.iter().any(|part| program.1.contains(part))
    };
    let left: Vec<_> = PROGRAMS.iter().filter(is_wanted).collect();
    let left = Mutex::new(left);
    let failed = Mutex::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let Some(program) = left.lock().unwrap().pop() else {
                        return;
                    };
                    for workers in ["1", "3"] {
                        let said = check(program, workers);
                        let verdict = if said.is_ok() { "ok" } else { "FAILED" };
                        println!("program {} on {workers}: {verdict}", program.1);
                        if let Err(said) = said {
                            println!("{said}");
                            *failed.lock().unwrap() += 1;
                        }
                    }
                }
            });
        }
    });
    ExitCode::from(u8::from(*failed.lock().unwrap() > 0))
}

/// Runs a program; what was wrong with it.
fn check(&(_, name, expected, deadlock): &Program, workers: &str) -> Result<(), String> {
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .env(PROGRAM, name)
        .env(
            "CHANGO_TEST_SERVER",
            server.local_addr().unwrap().to_string(),
        )
        .env("CHANGO_MAXPROCS", workers)
        .env_remove("CHANGO_DEADLOCK")
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    if !deadlock.is_empty() {
        command.env("CHANGO_DEADLOCK", deadlock);
    }
    let mut child = command.spawn().unwrap();
    if name == "a_client_of_another_process" {
        let (mut stream, _) = server.accept().unwrap();
        thread::sleep(LONG);
        std::io::Write::write_all(&mut stream, b"!").unwrap();
    }
    let begun = Instant::now();
    let patience = if expected == Expected::Silent {
        LONG
    } else {
        HANGS
    };
    while child.try_wait().unwrap().is_none() && begun.elapsed() < patience {
        thread::sleep(Duration::from_millis(5));
    }
    let ended = child.try_wait().unwrap().is_some();
    let _ = child.kill();
    let output = child.wait_with_output().unwrap();
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    let reports = |from: &str| printed.matches(&format!("{from}{REPORT}\n")).count();
    // The dump has a paragraph at least, unless nobody is there but the thread that waits.
    let dumped =
        printed.contains("\ngoroutine ") || name == "a_thread_in_block_on_that_nobody_wakes";
    let right = match expected {
        Expected::Dead => output.status.code() == Some(PANICS) && reports("fatal: ") == 1 && dumped,
        Expected::Alive => output.status.success() && reports("") == 0,
        Expected::Told(count, from) => output.status.success() && reports(from) == count,
        Expected::Silent => !ended && reports("") == 0,
    };
    right
        .then_some(())
        .ok_or_else(|| format!("{}: {printed}", output.status))
}
