//! Section 6 of `ARCHITECTURE.md`: the dump that SIGQUIT asks for, and the one beside a panic.
//!
//! Each program here is a process of its own: this file runs itself with the name of a program. It says
//! when it is `ready`, and goes on until its standard input ends; its end is then its own, with status 0.

#![cfg(unix)]

#[path = "util/program.rs"]
mod program;

use std::io::Read;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use chango::prelude::*;
use chango::runtime::{Builder, Runtime};
use chango::task;

use self::program::{Program, wait_for_the_end_of_input};

// ---- the programs ----

const PROGRAMS: &[(&str, fn())] = &[
    ("idle", idle),
    ("all in blocking calls", all_in_blocking_calls),
    ("no thread left", no_thread_left),
    ("spinning", spinning),
    ("asleep without a word", asleep_without_a_word),
    ("several runtimes", several_runtimes),
    ("handlers of its own", handlers_of_its_own),
    ("panics", panics),
];

#[test]
fn program() {
    program::be(PROGRAMS);
}

/// Says that it is ready, and waits for the end of standard input.
fn until_told() {
    eprintln!("ready");
    wait_for_the_end_of_input();
}

/// True from the end of standard input on.
fn told() -> &'static AtomicBool {
    static TOLD: AtomicBool = AtomicBool::new(false);
    thread::spawn(|| {
        wait_for_the_end_of_input();
        TOLD.store(true, Ordering::Relaxed);
    });
    &TOLD
}

fn runtime(name: &str) -> Runtime {
    Builder::new().name(name).build().expect("a runtime")
}

fn idle() {
    run! {
        let (tx, rx) = bounded::<i32>(3);
        task::Builder::new().name("reader").spawn(async move {
            co! { <-rx }
        }).detach();
        let (end, ended) = bounded::<()>(0);
        thread::spawn(move || {
            until_told();
            end.send_blocking(())
        });
        <-ended;
        drop(tx);
    }
}

fn all_in_blocking_calls() {
    run! {
        let group = WaitGroup::new();
        for _ in 0..chango::runtime::max_procs() + 1 {
            let group = group.clone();
            group.add(1);
            go! {
                task::blocking(wait_for_the_end_of_input);
                group.done();
            }
        }
        task::blocking(until_told);
        group.wait().await;
    }
}

/// The only thread is in a blocking call, so nobody sleeps in the netpoller.
fn no_thread_left() {
    let runtime = Builder::new().workers(1).max_threads(1).build().unwrap();
    runtime.run(async { task::blocking(until_told) });
}

fn spinning() {
    run! {
        let told = told();
        let begun = Arc::new(AtomicUsize::new(0));
        let workers = chango::runtime::max_procs();
        let spins = move |begun: Arc<AtomicUsize>| async move {
            if begun.fetch_add(1, Ordering::Relaxed) + 1 == workers {
                eprintln!("ready");
            }
            while !told.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        };
        for _ in 1..workers {
            chango::go(spins(Arc::clone(&begun))).detach();
        }
        spins(begun).await;
    }
}

fn asleep_without_a_word() {
    run! {
        let told = told();
        let begun = Arc::new(AtomicUsize::new(0));
        let workers = chango::runtime::max_procs();
        let sleeps = move |begun: Arc<AtomicUsize>| async move {
            if begun.fetch_add(1, Ordering::Relaxed) + 1 == workers {
                eprintln!("ready");
            }
            while !told.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(50));
            }
        };
        for _ in 1..workers {
            chango::go(sleeps(Arc::clone(&begun))).detach();
        }
        sleeps(begun).await;
    }
}

/// It is told twice: between the two its last runtime ends.
fn several_runtimes() {
    let (first, second, gone) = (runtime("first"), runtime("second"), runtime("gone"));
    first.spawn(std::future::pending::<()>());
    gone.spawn(std::future::pending::<()>());
    drop(gone);
    eprintln!("ready");
    let mut byte = [0];
    second
        .block_on(async { task::blocking(|| std::io::stdin().read_exact(&mut byte)) })
        .unwrap();
    drop((first, second));
    eprintln!("no runtime is left");
    wait_for_the_end_of_input();
}

/// How often each of the handlers of [`handlers_of_its_own`] ran.
static CALLS: [AtomicUsize; 2] = [AtomicUsize::new(0), AtomicUsize::new(0)];

extern "C" fn of_the_system(_signal: i32) {
    CALLS[0].fetch_add(1, Ordering::Relaxed);
}

fn handlers_of_its_own() {
    unsafe extern "C" {
        fn signal(signal: i32, handler: extern "C" fn(i32)) -> usize;
    }
    const SIGQUIT: i32 = 3;
    // SAFETY: it only adds to an atomic.
    unsafe { signal(SIGQUIT, of_the_system) };
    let runtime = runtime("theirs too");
    let of_the_registry = || {
        CALLS[1].fetch_add(1, Ordering::Relaxed);
    };
    // SAFETY: as above.
    unsafe { signal_hook_registry::register(SIGQUIT, of_the_registry) }.unwrap();
    until_told();
    drop(runtime);
    eprintln!("called {CALLS:?} times");
}

fn panics() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("by its destructor");
        }
    }

    run! {
        let (tx, rx) = bounded::<i32>(0);
        task::Builder::new().name("beside it").spawn(async move {
            co! { <-rx }
        }).detach();
        let first = task::Builder::new().name("first").spawn(async { panic!("by itself") });
        first.await.unwrap_err();
        let second = task::Builder::new().name("second").spawn(async { let _bomb = Bomb; });
        second.await.unwrap_err();
        let bomb = Bomb;
        let third = task::Builder::new().name("third").spawn(async move {
            std::future::pending::<()>().await;
            drop(bomb);
        });
        third.abort();
        third.await.unwrap_err();
        drop(tx);
    }
    until_told();
}

// ---- what they print ----

impl Program {
    /// Asks for a dump, and waits until there are `dumps` of `runtime` with `count` goroutines each; the
    /// last.
    #[track_caller]
    fn dump(&self, runtime: &str, dumps: usize, count: usize) -> String {
        self.signal("QUIT");
        self.dumped("SIGQUIT", runtime, dumps, count)
    }

    #[track_caller]
    fn dumped(&self, why: &str, runtime: &str, dumps: usize, count: usize) -> String {
        let head = format!("{why}: runtime {runtime:?} has ");
        let mut last = String::new();
        self.until("the dump is there", |printed| {
            let parts: Vec<_> = printed.split(&head).skip(1).collect();
            let Some(part) = (parts.len() >= dumps).then(|| parts[dumps - 1]) else {
                return false;
            };
            let Some(dump) = whole(part, count) else {
                return false;
            };
            last = dump;
            true
        });
        last
    }
}

/// What stands below the head of a dump, if it is all there. `text` begins with how many goroutines it
/// should have, each of them in a paragraph or counted in one.
#[track_caller]
fn whole(text: &str, count: usize) -> Option<String> {
    let (head, paragraphs) = text.split_once("\n\n")?;
    assert!(head.starts_with(&format!("{count} goroutine")), "{text}");
    let mut dump = String::new();
    let mut seen = 0;
    let mut paragraphs = paragraphs.split_inclusive("\n\n");
    while seen < count {
        let paragraph = paragraphs.next().filter(|text| text.ends_with("\n\n"))?;
        let (first, _) = paragraph.split_once(' ')?;
        seen += first.parse::<usize>().unwrap_or(1);
        dump.push_str(paragraph);
    }
    Some(dump)
}

fn count(printed: &str, part: &str) -> usize {
    printed.matches(part).count()
}

const HEAD: &str = "SIGQUIT: runtime ";

#[test]
fn an_idle_program_says_what_all_wait_for_as_often_as_it_is_asked() {
    for workers in ["1", "3"] {
        let program = Program::start("idle", workers, "");
        for dumps in 1..=3 {
            if cfg!(target_os = "linux") {
                program.until_it_sleeps();
            }
            let dump = program.dump("chango", dumps, 2);
            assert_eq!(count(&dump, " [chan receive]:\n"), 2, "{dump}");
            assert_eq!(count(&dump, " \"reader\" [chan receive]:\n"), 1, "{dump}");
            assert_eq!(
                count(&dump, "\n    waiting at tests/sigquit.rs:"),
                2,
                "{dump}"
            );
            assert_eq!(
                count(&dump, "(bounded 3, 0 queued, 1 sender)\n"),
                1,
                "{dump}"
            );
            assert_eq!(
                count(&dump, "\n    spawned at tests/sigquit.rs:"),
                2,
                "{dump}"
            );
        }
        assert_eq!(count(&program.end(), HEAD), 3);
    }
}

#[test]
fn a_program_dumps_whose_goroutines_are_all_in_blocking_calls() {
    for workers in [1, 3] {
        let program = Program::start("all in blocking calls", &workers.to_string(), "");
        if cfg!(target_os = "linux") {
            program.until_it_sleeps();
        }
        for dumps in 1..=2 {
            let dump = program.dump("chango", dumps, workers + 2);
            assert_eq!(count(&dump, " [running]:\n"), 2, "{dump}");
        }
        assert_eq!(count(&program.end(), HEAD), 2);
    }
}

#[test]
fn a_program_dumps_that_has_no_thread_to_sleep_in_the_netpoller() {
    let program = Program::start("no thread left", "1", "");
    // Long enough for `sysmon` to park, if it did: there is no other sign of that.
    thread::sleep(Duration::from_millis(500));
    for dumps in 1..=2 {
        let dump = program.dump("chango", dumps, 1);
        assert_eq!(count(&dump, " [running]:\n"), 1, "{dump}");
    }
    assert_eq!(count(&program.end(), HEAD), 2);
}

#[test]
fn a_program_dumps_whose_workers_all_spin() {
    for workers in [1, 3] {
        let program = Program::start("spinning", &workers.to_string(), "");
        for dumps in 1..=2 {
            let dump = program.dump("chango", dumps, workers);
            assert!(dump.contains(" [running]:\n"), "{dump}");
        }
        assert_eq!(count(&program.end(), HEAD), 2);
    }
}

#[test]
fn a_program_dumps_whose_workers_all_sleep_without_a_word_to_the_runtime() {
    for workers in [1, 3] {
        let program = Program::start("asleep without a word", &workers.to_string(), "");
        for dumps in 1..=2 {
            let dump = program.dump("chango", dumps, workers);
            assert!(dump.contains(" [running]:\n"), "{dump}");
        }
        assert_eq!(count(&program.end(), HEAD), 2);
    }
}

#[test]
fn each_runtime_that_lives_dumps_and_after_the_last_one_the_signal_does_nothing() {
    let mut program = Program::start("several runtimes", "2", "");
    for dumps in 1..=2 {
        let first = program.dump("first", dumps, 1);
        assert!(first.contains(" [waiting]:\n"), "{first}");
        assert_eq!(program.dumped("SIGQUIT", "second", dumps, 0), "");
    }
    let input = program.process.stdin.as_mut().unwrap();
    std::io::Write::write_all(input, b"!").unwrap();
    program.until("no runtime is left", |printed| {
        printed.contains("no runtime is left\n")
    });
    program.signal("QUIT");
    let printed = program.end();
    assert_eq!(
        (count(&printed, HEAD), count(&printed, "gone")),
        (4, 0),
        "{printed}"
    );
}

#[test]
fn handlers_that_the_program_has_for_the_signal_are_called_too() {
    let program = Program::start("handlers of its own", "1", "");
    for dumps in 1..=2 {
        program.dump("theirs too", dumps, 0);
    }
    let printed = program.end();
    assert!(printed.contains("called [2, 2] times\n"), "{printed}");
}

#[test]
fn a_hundred_signals_at_once_end_nothing() {
    let program = Program::start("idle", "2", "");
    let id = program.process.id();
    let script = format!("i=0; while [ $i -lt 100 ]; do kill -QUIT {id}; i=$((i+1)); done");
    assert!(
        Command::new("sh")
            .args(["-c", &script])
            .status()
            .unwrap()
            .success()
    );
    program.dumped("SIGQUIT", "chango", 1, 2);
    let dumps = count(&program.end(), HEAD);
    assert!((1..=100).contains(&dumps), "{dumps}");
}

#[test]
fn each_panic_of_a_goroutine_is_followed_by_one_dump_if_that_was_asked_for() {
    let program = Program::start("panics", "2", "panicdump=1");
    let first = program.dumped("panicdump", "chango", 1, 3);
    assert_eq!(count(&first, " \"first\" [running]:\n"), 1, "{first}");
    assert_eq!(count(&first, " \"beside it\" ["), 1, "{first}");
    let second = program.dumped("panicdump", "chango", 2, 3);
    assert_eq!(count(&second, " \"second\" [running]:\n"), 1, "{second}");
    let third = program.dumped("panicdump", "chango", 3, 3);
    assert_eq!(count(&third, " \"third\" [running]:\n"), 1, "{third}");
    let printed = program.end();
    assert_eq!(count(&printed, "panicdump: "), 3, "{printed}");
    let message = printed.find("panicked: by itself\n").unwrap();
    assert!(message < printed.find("panicdump: ").unwrap(), "{printed}");
}

#[test]
fn a_panic_has_no_dump_if_that_was_not_asked_for() {
    for debug in ["", "panicdump=0"] {
        let printed = Program::start("panics", "2", debug).end();
        assert_eq!(count(&printed, ", panicked: by "), 3, "{printed}");
        assert!(!printed.contains("panicdump"), "{printed}");
    }
}
