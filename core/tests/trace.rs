//! What `CHANGO_DEBUG` has a program print. The programs are this file again, as child processes.

use std::collections::BTreeMap;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use chango_core::runtime::{Builder, Runtime};
use chango_core::spawn::{self, blocking, spawn, yield_now};
use chango_core::time::sleep;

/// Which program a child runs.
const PROGRAM: &str = "CHANGO_TEST_PROGRAM";

fn runtime(workers: usize) -> Runtime {
    Builder::new().workers(workers).build().expect("a runtime")
}

/// Keeps the worker for so long that `sysmon` takes its right. (Something else has to be there to do.)
fn hog() {
    thread::sleep(Duration::from_millis(100));
}

/// The programs.
#[test]
fn child() {
    match std::env::var(PROGRAM).as_deref() {
        Err(_) => {}
        Ok("busy") => {
            let runtime = runtime(2);
            runtime.run(async {
                let end = std::time::Instant::now() + Duration::from_millis(700);
                let parked = spawn(std::future::pending::<()>());
                while std::time::Instant::now() < end {
                    for child in [(); 64].map(|()| spawn(yield_now())) {
                        child.await.unwrap();
                    }
                    blocking(|| {});
                    yield_now().await;
                }
                parked.abort();
            });
        }
        Ok("idle") => {
            let runtime = runtime(2);
            runtime.spawn(std::future::pending::<()>()).detach();
            thread::sleep(Duration::from_millis(1_500));
        }
        // Its worker keeps its right, since there is nothing else to do.
        Ok("alone") => runtime(1).run(async { thread::sleep(Duration::from_millis(500)) }),
        Ok("stuck") => {
            // One is in a long poll, one in a blocking call, one waits, and one cannot run.
            let runtime = Builder::new().workers(1).max_threads(2).build().unwrap();
            let (end_tx, end) = mpsc::channel::<()>();
            runtime.spawn(std::future::pending::<()>()).detach();
            let calls = spawn_named(&runtime, "calls", async {
                blocking(|| thread::sleep(Duration::from_millis(1_000)))
            });
            let computes = spawn_named(&runtime, "computes", async {
                thread::sleep(Duration::from_millis(1_000))
            });
            thread::sleep(Duration::from_millis(50));
            let waits = runtime.spawn(async move { drop(end_tx) });
            assert!(end.recv().is_err());
            for handle in [calls, computes, waits] {
                runtime.block_on(handle).unwrap();
            }
        }
        Ok("hogs") => {
            let runtime = runtime(1);
            runtime.run(async {
                for turn in 0..3 {
                    // Both are spawned in one place three times.
                    let named = spawn::Builder::new().name("reader").spawn(async { hog() });
                    let other = spawn(async move {
                        hog();
                        // It gives its right up, and keeps its worker again after that.
                        blocking(hog);
                        turn
                    });
                    let beside = spawn(sleep(Duration::from_millis(1)));
                    named.await.unwrap();
                    other.await.unwrap();
                    beside.await.unwrap();
                }
            });
        }
        Ok("polite") => {
            let runtime = runtime(1);
            runtime.run(async {
                let others = Arc::new(AtomicUsize::new(0));
                let seen = Arc::clone(&others);
                let beside = spawn(async move {
                    for _ in 0..20 {
                        seen.fetch_add(1, Ordering::Relaxed);
                        sleep(Duration::from_millis(1)).await;
                    }
                });
                blocking(hog);
                while others.load(Ordering::Relaxed) < 20 {
                    yield_now().await;
                }
                beside.await.unwrap();
            });
        }
        Ok("twice") => {
            runtime(1).run(async {});
            runtime(1).run(async {});
        }
        Ok(other) => panic!("no program is called {other}"),
    }
}

fn spawn_named(
    runtime: &Runtime,
    name: &str,
    future: impl Future<Output = ()> + Send + 'static,
) -> chango_core::task::JoinHandle<()> {
    let handle = runtime.handle();
    let _entered = handle.enter();
    spawn::Builder::new().name(name).spawn(future)
}

/// Runs a program with `CHANGO_DEBUG` set; what it printed on standard error.
fn run(program: &str, debug: &str) -> String {
    let output = output(program, debug);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{errors}");
    errors
}

fn output(program: &str, debug: &str) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(PROGRAM, program)
        .env("CHANGO_DEBUG", debug)
        .env_remove("RUST_BACKTRACE")
        .output()
        .unwrap()
}

/// A line of the trace: when, the numbers, and the queues.
struct Line {
    millis: u64,
    numbers: BTreeMap<String, String>,
    queues: Vec<usize>,
}

impl Line {
    fn parse(line: &str) -> Self {
        let (millis, rest) = line
            .strip_prefix("SCHED ")
            .unwrap()
            .split_once("ms: ")
            .unwrap();
        let (queues, rest) = match rest.split_once(" [") {
            Some((before, after)) => {
                let (queues, after) = after.split_once(']').unwrap();
                (queues, format!("{before}{after}"))
            }
            None => ("", rest.to_string()),
        };
        let pair = |pair: &str| {
            let (key, value) = pair.split_once('=').expect("key=value");
            (key.to_string(), value.to_string())
        };
        Self {
            millis: millis.parse().unwrap(),
            numbers: rest.split_whitespace().map(pair).collect(),
            queues: queues
                .split_whitespace()
                .map(|len| len.parse().unwrap())
                .collect(),
        }
    }

    fn number(&self, key: &str) -> u64 {
        self.numbers[key].parse().unwrap()
    }

    /// In microseconds; none if nothing was measured.
    fn micros(&self, key: &str) -> Option<f64> {
        let value = self.numbers[key].as_str();
        (value != "-").then(|| value.strip_suffix("us").unwrap().parse().unwrap())
    }
}

fn lines(errors: &str) -> Vec<Line> {
    let lines = errors.lines().filter(|line| line.starts_with("SCHED "));
    lines.map(Line::parse).collect()
}

#[test]
fn a_line_has_what_go_has_and_our_numbers_at_its_end() {
    let errors = run("busy", "schedtrace=100");
    let keys = errors.lines().next().unwrap().split_whitespace().skip(2);
    let keys: Vec<_> = keys.map(|pair| pair.split('=').next().unwrap()).collect();
    let before = [
        "gomaxprocs",
        "idleprocs",
        "threads",
        "spinningthreads",
        "needspinning",
        "idlethreads",
    ];
    assert_eq!(keys[..6], before);
    assert_eq!(keys[6], "runqueue");
    assert!(keys[7].starts_with('['));
    assert_eq!(
        keys[keys.len() - 5..],
        ["steals", "handoffs", "away", "p50", "p99"]
    );

    let lines = lines(&errors);
    assert!(lines.len() >= 2, "{errors}");
    // At the last one the runtime may be about to end.
    for line in &lines[..lines.len() - 1] {
        assert_eq!(line.number("gomaxprocs"), 2);
        assert!(line.number("idleprocs") <= 2);
        assert!(line.number("threads") >= 2);
        assert!(line.queues.len() as u64 <= line.number("threads") + 1);
    }
    assert!(lines.iter().any(|line| line.queues.len() == 2), "{errors}");
    // The main goroutine makes one blocking call a round, and all of them are timed now and then.
    assert!(
        lines
            .iter()
            .map(|line| line.number("handoffs"))
            .sum::<u64>()
            > 0
    );
    let (p50, p99) = lines
        .iter()
        .find_map(|line| line.micros("p50").zip(line.micros("p99")))
        .unwrap();
    assert!(0.0 < p50 && p50 <= p99);
}

#[test]
fn a_line_comes_each_interval_while_nothing_happens() {
    let lines = lines(&run("idle", "schedtrace=100"));
    assert!(lines.len() >= 5, "{} lines", lines.len());
    // At the last one the runtime may be about to end.
    let last = &lines[lines.len() - 2];
    for pair in lines.windows(2) {
        assert!(pair[1].millis > pair[0].millis);
        assert!(
            pair[1].millis / 100 > pair[0].millis / 100,
            "one an interval"
        );
    }
    assert_eq!(
        (last.number("idleprocs"), last.number("idlethreads")),
        (2, 2)
    );
    assert_eq!(
        (
            last.number("steals"),
            last.number("handoffs"),
            last.number("away")
        ),
        (0, 0, 0)
    );
    assert_eq!((last.micros("p50"), last.micros("p99")), (None, None));
    assert_eq!(last.queues, [0, 0]);
}

/// Whether a report is that of the program `stuck` when all of it has come to where it stays.
fn is_stuck(report: &str) -> bool {
    let of = |kind: &str| {
        let lines = report.lines().skip(1).map(str::trim);
        lines
            .filter(|line| line.starts_with(kind))
            .collect::<Vec<_>>()
    };
    let (workers, goroutines) = (of("M"), of("G"));
    let status = |status: &str| {
        goroutines
            .iter()
            .filter(|line| line.ends_with(status))
            .count()
    };
    let blocked = |line: &&str| line.contains(": p=nil curg=") && line.ends_with("blocked=true");
    // Both threads are blocked, so nobody has the right to run.
    of("P").is_empty()
        && (workers.len(), goroutines.len()) == (2, 4)
        && workers.iter().all(blocked)
        && status("status=4(waiting) m=nil") == 1
        && status("status=1(runnable) m=nil") == 1
        && status("status=3(away) m=0") == 1
        && status("status=3(away) m=1") == 1
}

#[test]
fn with_details_each_worker_and_each_goroutine_has_a_line() {
    let errors = run("stuck", "schedtrace=100,scheddetail=1");
    assert!(errors.split("SCHED ").any(is_stuck), "{errors}");
    let errors = run("alone", "schedtrace=100,scheddetail=1");
    let runs = |report: &str| {
        report.contains("\n  P0: status=1 schedtick=1 syscalltick=0 m=0 runqsize=0 timerslen=0\n")
            && report.contains("\n  M0: p=0 curg=1 blocked=false\n")
            && report.contains("\n  G1: status=2(running) m=0\n")
    };
    assert!(errors.split("SCHED ").any(runs), "{errors}");
}

/// The goroutines that were reported, each by what stands before and after how long it stayed. Those
/// that did not stay as long as a hog does were not given the processor by the system.
fn reported(errors: &str) -> Vec<(&str, &str)> {
    let reports = errors
        .lines()
        .filter_map(|line| line.strip_prefix("chango: goroutine "));
    let parts = reports.map(|report| {
        let (who, rest) = report.split_once(" kept its worker for ").unwrap();
        let (millis, advice) = rest.split_once(" ms ").unwrap();
        (who, millis.parse::<u64>().unwrap(), advice)
    });
    let hogs = parts.filter(|&(_, millis, _)| millis >= 100);
    hogs.map(|(who, _, advice)| (who, advice)).collect()
}

#[test]
fn who_keeps_a_worker_is_reported_once_for_each_place_where_it_is_spawned() {
    let errors = run("hogs", "blocked=1");
    let reported = reported(&errors);
    assert_eq!(reported.len(), 2, "{errors}");
    let named = |who: &str| who.starts_with("\"reader\" (spawned at core/tests/trace.rs:");
    let numbered = |who: &str| {
        let (number, place) = who.split_once(' ').unwrap();
        number.parse::<u64>().is_ok() && place.starts_with("(spawned at core/tests/trace.rs:")
    };
    assert_eq!(
        reported.iter().filter(|(who, _)| named(who)).count(),
        1,
        "{errors}"
    );
    assert_eq!(
        reported.iter().filter(|(who, _)| numbered(who)).count(),
        1,
        "{errors}"
    );
    for (_, advice) in reported {
        let expected = "without giving way: wrap what blocks in task::blocking, or let it yield";
        assert_eq!(advice, expected);
    }
}

#[test]
fn who_blocks_its_thread_by_the_rules_is_not_reported() {
    let errors = run("polite", "blocked=1");
    assert_eq!(reported(&errors), [], "{errors}");
}

#[test]
fn nothing_is_printed_unless_it_was_asked_for() {
    for (program, debug) in [
        ("busy", ""),
        ("hogs", ""),
        ("hogs", "blocked=0"),
        ("busy", "scheddetail=1"),
    ] {
        assert_eq!(run(program, debug), "", "{program} with {debug:?}");
    }
}

#[test]
fn an_unknown_key_is_named_once_and_a_wrong_value_ends_the_program() {
    let errors = run("twice", "gctrace=1");
    assert_eq!(
        errors
            .matches("the key \"gctrace\", which is unknown here")
            .count(),
        1,
        "{errors}"
    );
    let output = output("twice", "schedtrace=often");
    assert!(!output.status.success());
    let errors = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    assert!(
        errors.contains("schedtrace in CHANGO_DEBUG is \"often\""),
        "{errors}"
    );
}
