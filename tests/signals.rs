//! Signals as channels: who receives which, beside what, and what is left when nobody does any more.
//!
//! Most programs here are processes of their own, in the manner of `util/program.rs`.

#![cfg(unix)]

#[path = "util/program.rs"]
mod program;

use std::collections::HashSet;
use std::hint::black_box;
use std::net::UdpSocket;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use chango::chan::TryRecvError;
use chango::prelude::*;
use chango::runtime::{Builder, Runtime};
use chango::signal::*;
use chango::task;

use self::program::{Program, wait_for_the_end_of_input};

/// With the names that `kill` has for them.
const ALL: [(Signal, &str); 10] = [
    (SIGHUP, "HUP"),
    (SIGINT, "INT"),
    (SIGQUIT, "QUIT"),
    (SIGUSR1, "USR1"),
    (SIGUSR2, "USR2"),
    (SIGPIPE, "PIPE"),
    (SIGALRM, "ALRM"),
    (SIGTERM, "TERM"),
    (SIGCHLD, "CHLD"),
    (SIGWINCH, "WINCH"),
];

// ---- the programs ----

const PROGRAMS: &[(&str, fn())] = &[
    ("all in a select", all_in_a_select),
    ("waiting", waiting),
    ("spinning", spinning),
    ("no thread left", no_thread_left),
    ("unread", unread),
    ("several receivers", several_receivers),
    ("after the runtime", after_the_runtime),
    ("coming and going", coming_and_going),
    ("stopped", stopped),
];

#[test]
fn program() {
    program::be(PROGRAMS);
}

/// Gives one value when the input ends.
fn end_of_input() -> Receiver<()> {
    let (tx, rx) = bounded(1);
    thread::spawn(move || {
        wait_for_the_end_of_input();
        let _ = tx.send_blocking(());
    });
    rx
}

fn all_in_a_select() {
    run! {
        let signals = notify(&ALL.map(|named| named.0));
        let ended = end_of_input();
        let ticker = tick(Duration::from_millis(1));
        let mut ticks = 0;
        eprintln!("ready");
        loop {
            select! {
                Some(signal) = <-signals => eprintln!("got {signal}"),
                <-ticker => ticks += 1,
                <-ended => break,
            }
        }
        eprintln!("ticks: {}", ticks > 0);
    }
}

/// How many threads this process has; 0 where nobody says.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

/// A goroutine that waits for signals only, in a program that sleeps.
fn waiting() {
    run! {
        let ended = end_of_input();
        let before = threads();
        let signals = notify(&[SIGHUP]);
        let listener = task::Builder::new().name("listener").spawn(async move {
            co! { for signal in <-signals { eprintln!("got {signal}"); } }
        });
        assert_eq!(threads(), before);
        eprintln!("ready");
        <-ended;
        listener.abort();
    }
}

/// All workers compute until the input ends; a goroutine and a thread wait for signals.
fn spinning() {
    static TOLD: AtomicBool = AtomicBool::new(false);
    run! {
        let (signals, others) = (notify(&[SIGHUP]), notify(&[SIGHUP]));
        go! { for signal in <-signals { eprintln!("a goroutine got {signal}"); } };
        thread::spawn(move || for signal in others { eprintln!("a thread got {signal}"); });
        thread::spawn(|| {
            wait_for_the_end_of_input();
            TOLD.store(true, Ordering::Relaxed);
        });
        let spins = || async {
            while !TOLD.load(Ordering::Relaxed) {
                black_box(());
            }
        };
        let group = WaitGroup::new();
        for _ in 1..chango::runtime::max_procs() {
            group.go(spins());
        }
        eprintln!("ready");
        spins().await;
        group.wait().await;
    }
}

/// The only thread is in a blocking call, so nobody sleeps in the netpoller.
fn no_thread_left() {
    let runtime = Builder::new().workers(1).max_threads(1).build().unwrap();
    runtime.run(async {
        let signals = notify(&[SIGHUP]);
        thread::spawn(move || {
            for signal in signals {
                eprintln!("got {signal}");
            }
        });
        eprintln!("ready");
        task::blocking(wait_for_the_end_of_input);
    });
}

/// Nobody receives before the last signal has come.
fn unread() {
    run! {
        let last = notify(&[SIGUSR2]);
        let signals = notify(&[SIGWINCH, SIGTERM]);
        eprintln!("ready");
        <-last;
        for round in 1..=2 {
            let got: HashSet<_> = [<-signals, <-signals].into_iter().collect();
            assert_eq!(got, HashSet::from([Some(SIGWINCH), Some(SIGTERM)]));
            assert_eq!(signals.try_recv(), Err(TryRecvError::Empty));
            eprintln!("round {round}");
            if round == 1 { <-last; }
        }
        task::blocking(wait_for_the_end_of_input);
    }
}

/// Two receivers, of which the input ends one after the other: with each signal on a third one.
fn several_receivers() {
    run! {
        let mut first = Some(notify(&[SIGUSR1, SIGHUP]));
        let mut second = Some(notify(&[SIGUSR1]));
        let next = notify(&[SIGUSR2]);
        eprintln!("ready");
        loop {
            select! {
                Some(signal) = <-first => eprintln!("first got {signal}"),
                Some(signal) = <-second => eprintln!("second got {signal}"),
                <-next => match first.take().or_else(|| second.take()) {
                    Some(receiver) => {
                        drop(receiver);
                        eprintln!("one less");
                    }
                    None => break,
                },
            }
        }
        drop(next);
        eprintln!("nobody listens");
        task::blocking(wait_for_the_end_of_input);
    }
}

/// Two runtimes hear of a signal, of which one ends.
fn after_the_runtime() {
    let runtime = || Builder::new().workers(1).build().expect("a runtime");
    let (first, second) = (runtime(), runtime());
    let signals = |runtime: &Runtime| runtime.block_on(async { notify(&[SIGHUP]) });
    let (of_first, of_second) = (signals(&first), signals(&second));
    // What is left of a runtime as long as somebody has a handle must not keep a receiver waiting.
    let _handles = [&first, &second].map(|runtime| runtime.handle().clone());
    eprintln!("ready");
    assert_eq!(of_first.recv_blocking(), Some(SIGHUP));
    assert_eq!(of_second.recv_blocking(), Some(SIGHUP));
    drop(first);
    assert_eq!(of_first.recv_blocking(), None);
    eprintln!("one less");
    assert_eq!(of_second.recv_blocking(), Some(SIGHUP));
    drop(second);
    assert_eq!(of_second.recv_blocking(), None);
    eprintln!("no runtime is left");
    wait_for_the_end_of_input();
}

/// Receivers are made and dropped while signals come.
fn coming_and_going() {
    run! {
        let ended = end_of_input();
        let all = notify(&[SIGUSR1]);
        eprintln!("ready");
        let group = WaitGroup::new();
        for _ in 0..4 {
            let ended = ended.clone();
            group.go(async move {
                let mut got = 0;
                while !ended.is_closed() {
                    let signals = notify(&[SIGUSR1, SIGHUP]);
                    got += usize::from(signals.try_recv().is_ok());
                    task::yield_now().await;
                    got += usize::from(signals.try_recv().is_ok());
                }
                got
            });
        }
        assert_eq!(<-all, Some(SIGUSR1));
        group.wait().await;
        eprintln!("at the end");
        <-all;
    }
}

/// A goroutine that waits for a socket, in a program that is stopped and goes on.
fn stopped() {
    run! {
        let socket = chango::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        eprintln!("echoes at {}", socket.local_addr().unwrap());
        let echo = go! {
            let mut message = [0; 16];
            loop {
                let (n, from) = socket.recv_from(&mut message).await.unwrap();
                socket.send_to(&message[..n], from).await.unwrap();
            }
        };
        let ended = end_of_input();
        eprintln!("ready");
        <-ended;
        echo.abort();
    }
}

// ---- what they do ----

fn count(printed: &str, line: &str) -> usize {
    printed.lines().filter(|&printed| printed == line).count()
}

impl Program {
    /// Waits until it has printed this line so often.
    #[track_caller]
    fn says(&self, line: &str, times: usize) {
        self.until(line, |printed| count(printed, line) >= times);
    }

    /// Sends a hundred of the signals at once.
    fn hundred(&self, name: &str) {
        let id = self.process.id();
        let script = format!("i=0; while [ $i -lt 100 ]; do kill -s {name} {id}; i=$((i+1)); done");
        let sent = Command::new("sh").args(["-c", &script]).status();
        assert!(sent.unwrap().success());
    }
}

#[test]
fn each_signal_comes_by_its_name_in_a_select_beside_a_ticker() {
    for workers in ["1", "3"] {
        let program = Program::start("all in a select", workers, "");
        for round in 1..=2 {
            for (signal, name) in ALL {
                program.signal(name);
                program.says(&format!("got {signal}"), round);
                assert_eq!(signal.to_string(), format!("SIG{name}"));
            }
        }
        let printed = program.end();
        for (signal, _) in ALL {
            assert_eq!(count(&printed, &format!("got {signal}")), 2, "{printed}");
        }
        assert_eq!(count(&printed, "ticks: true"), 1, "{printed}");
        // Whoever listens to SIGQUIT, it prints the dump.
        assert_eq!(printed.matches("SIGQUIT: runtime ").count(), 2, "{printed}");
    }
}

#[test]
fn a_goroutine_that_waits_for_signals_lets_its_program_sleep_and_is_woken() {
    for workers in ["1", "3"] {
        let program = Program::start("waiting", workers, "");
        for round in 1..=3 {
            if cfg!(target_os = "linux") {
                program.until_it_sleeps();
            }
            program.signal("HUP");
            program.says("got SIGHUP", round);
        }
        program.signal("QUIT");
        let dump = program.until("its dump is there", |printed| {
            printed.contains(" \"listener\" [chan receive]:\n") && printed.ends_with("\n\n")
        });
        assert!(
            dump.contains("\n    waiting at tests/signals.rs:"),
            "{dump}"
        );
        assert!(
            dump.contains("(bounded 64, 0 queued, 1 sender)\n"),
            "{dump}"
        );
        program.end();
    }
}

#[test]
fn signals_are_received_while_all_workers_compute() {
    for workers in ["1", "3"] {
        let program = Program::start("spinning", workers, "");
        for round in 1..=2 {
            program.signal("HUP");
            program.says("a goroutine got SIGHUP", round);
            program.says("a thread got SIGHUP", round);
        }
        program.end();
    }
}

#[test]
fn signals_are_received_where_no_thread_sleeps_in_the_netpoller() {
    let program = Program::start("no thread left", "1", "");
    // Long enough for `sysmon` to park, if it did: there is no other sign of that.
    thread::sleep(Duration::from_millis(500));
    for round in 1..=2 {
        program.signal("HUP");
        program.says("got SIGHUP", round);
    }
    program.end();
}

#[test]
fn what_nobody_has_received_is_there_once_and_crowds_nothing_out() {
    let program = Program::start("unread", "2", "");
    for round in 1..=2 {
        program.hundred("WINCH");
        program.signal("TERM");
        program.signal("USR2");
        program.says(&format!("round {round}"), 1);
    }
    program.end();
}

#[test]
fn each_receiver_has_each_signal_and_after_the_last_one_is_gone_the_program_lives_on() {
    for workers in ["1", "3"] {
        let program = Program::start("several receivers", workers, "");
        program.signal("USR1");
        program.says("first got SIGUSR1", 1);
        program.says("second got SIGUSR1", 1);
        program.signal("HUP");
        program.says("first got SIGHUP", 1);
        program.signal("USR2");
        program.says("one less", 1);
        program.signal("USR1");
        program.says("second got SIGUSR1", 2);
        program.signal("USR2");
        program.says("one less", 2);
        program.signal("USR2");
        program.says("nobody listens", 1);
        for name in ["USR1", "HUP", "USR2", "USR1"] {
            program.signal(name);
        }
        let printed = program.end();
        let got = [
            "first got SIGUSR1",
            "first got SIGHUP",
            "second got SIGUSR1",
        ];
        assert_eq!(
            got.map(|line| count(&printed, line)),
            [1, 1, 2],
            "{printed}"
        );
    }
}

#[test]
fn each_runtime_tells_its_own_receivers_and_closes_them_at_its_end() {
    let program = Program::start("after the runtime", "1", "");
    program.signal("HUP");
    program.says("one less", 1);
    program.signal("HUP");
    program.says("no runtime is left", 1);
    program.signal("HUP");
    program.end();
}

#[test]
fn receivers_come_and_go_while_signals_come() {
    for workers in ["1", "3"] {
        let mut program = Program::start("coming and going", workers, "");
        for _ in 0..5 {
            program.hundred("USR1");
        }
        drop(program.process.stdin.take());
        program.says("at the end", 1);
        program.signal("USR1");
        program.end();
    }
}

#[test]
fn a_program_that_is_stopped_and_goes_on_hears_of_its_sockets() {
    for workers in ["1", "3"] {
        let program = Program::start("stopped", workers, "");
        let printed = program.until("it says where", |printed| printed.contains("ready"));
        let address = printed.split("echoes at ").nth(1).unwrap();
        let address = address.lines().next().unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        for round in 0..10 {
            // On Linux this interrupts the call in which a worker waits for files, and no handler does
            // that by itself.
            program.signal("STOP");
            program.signal("CONT");
            socket.send_to(&[round], address).unwrap();
            let mut message = [0; 16];
            assert_eq!(socket.recv(&mut message).unwrap(), 1);
            assert_eq!(message[0], round);
        }
        program.end();
    }
}

// ---- without a process of their own ----

/// What a panic of `f` says.
#[track_caller]
fn message(f: impl FnOnce() -> Receiver<Signal>) -> String {
    let panic = catch_unwind(AssertUnwindSafe(f)).expect_err("a panic");
    *panic.downcast::<String>().expect("a text")
}

#[chango::test]
async fn a_signal_that_may_not_be_caught_or_is_none_panics_with_its_name() {
    for number in [9, 4, 8, 11, 0, -1, 65, i32::MAX] {
        let signal = Signal::from_raw(number);
        let said = message(|| notify(&[SIGUSR1, signal]));
        let begin = format!("the signals [SIGUSR1, signal {number}] cannot be received: ");
        assert!(said.starts_with(&begin), "{said}");
    }
}

#[test]
fn outside_every_runtime_nobody_could_tell_of_signals() {
    let said = message(|| notify(&[SIGUSR1]));
    assert!(
        said.starts_with("listening to signals needs a runtime"),
        "{said}"
    );
}

#[chango::test]
async fn of_an_empty_list_nothing_comes() {
    let signals = notify(&[]);
    assert_eq!(signals.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn signals_are_their_numbers_and_say_their_names() {
    let numbers: HashSet<_> = ALL.iter().map(|named| named.0.as_raw()).collect();
    assert_eq!(numbers.len(), ALL.len());
    for (signal, name) in ALL {
        assert_eq!(Signal::from_raw(signal.as_raw()), signal);
        assert_eq!(format!("{signal:?}"), format!("SIG{name}"));
        assert_eq!(
            format!("[{signal:>10}]"),
            format!("[{:>10}]", format!("SIG{name}"))
        );
    }
    assert_eq!(Signal::from_raw(44).to_string(), "signal 44");
}
