//! A program that a test runs beside itself: the test's own file, started again with the name of what it is to
//! be.
//!
//! The file has a test `program`, which calls [`be`]. It says when it is `ready`,
//! and goes on until its standard input ends; its end is then its own, with status 0.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// Where this stands, it names the program to be.
const PROGRAM: &str = "CHANGO_TEST_PROGRAM";
/// What was not printed by then never will be.
const NEVER: Duration = Duration::from_secs(60);

/// In the process that [`Program::start`] makes, the program that it is to be; elsewhere nothing.
pub(crate) fn be(programs: &[(&str, fn())]) {
    if let Ok(name) = std::env::var(PROGRAM) {
        let program = programs.iter().find(|program| program.0 == name);
        program.expect("a program of this name").1();
    }
}

pub(crate) fn wait_for_the_end_of_input() {
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// A program that runs, and what it has printed so far.
pub(crate) struct Program {
    pub(crate) process: Child,
    printed: Arc<(Mutex<String>, Condvar)>,
}

impl Program {
    /// Starts it on `workers`, and waits until it is ready.
    pub(crate) fn start(name: &str, workers: &str, debug: &str) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "program", "--nocapture", "--test-threads=1"])
            .env(PROGRAM, name)
            .env("CHANGO_MAXPROCS", workers)
            .env("CHANGO_DEBUG", debug)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let printed = Arc::new((Mutex::new(String::new()), Condvar::new()));
        let (to, mut from) = (
            Arc::clone(&printed),
            BufReader::new(process.stderr.take().unwrap()),
        );
        thread::spawn(move || {
            let mut line = Vec::new();
            while from.read_until(b'\n', &mut line).unwrap() > 0 {
                to.0.lock()
                    .unwrap()
                    .push_str(&String::from_utf8_lossy(&line));
                to.1.notify_all();
                line.clear();
            }
        });
        let program = Self { process, printed };
        program.until("it is ready", |printed| printed.contains("ready\n"));
        program
    }

    /// Waits until what was printed is as wanted; all of it.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, mut wanted: impl FnMut(&str) -> bool) -> String {
        let printed = self.printed.0.lock().unwrap();
        let (printed, waited) = self
            .printed
            .1
            .wait_timeout_while(printed, NEVER, |printed| !wanted(printed))
            .unwrap();
        assert!(
            !waited.timed_out(),
            "in vain waited until {what}: {printed}"
        );
        printed.clone()
    }

    /// Waits until no thread of it has run for a while: then all that park are parked.
    pub(crate) fn until_it_sleeps(&self) {
        let mut before = switches(self.process.id());
        let begun = Instant::now();
        while begun.elapsed() < NEVER {
            thread::sleep(Duration::from_millis(100));
            let now = switches(self.process.id());
            if now == before {
                return;
            }
            before = now;
        }
        panic!("it never sleeps");
    }

    /// Sends it a signal, by the name that `kill` has for it.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        let killed = Command::new("kill").args(["-s", name, &id]).status();
        assert!(killed.unwrap().success());
    }

    /// Lets it end; all that it has printed. Its end is a good one.
    #[track_caller]
    pub(crate) fn end(mut self) -> String {
        drop(self.process.stdin.take());
        let begun = Instant::now();
        while self.process.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < NEVER, "it does not end");
            thread::sleep(Duration::from_millis(2));
        }
        let status = self.process.wait().unwrap();
        // The thread that reads has the other one until all is read.
        while Arc::strong_count(&self.printed) > 1 {
            thread::yield_now();
        }
        let printed = self.printed.0.lock().unwrap().clone();
        assert!(status.success(), "{status}: {printed}");
        printed
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
    }
}

/// How often the threads of a process have given their processors up or lost them; 0 where nobody says.
fn switches(process: u32) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task"));
    let statuses = tasks.into_iter().flatten().filter_map(|task| {
        let status = task.ok()?.path().join("status");
        std::fs::read_to_string(status).ok()
    });
    let of = |status: String| -> u64 {
        let lines = status
            .lines()
            .filter(|line| line.contains("ctxt_switches:"));
        lines
            .filter_map(|line| line.split_once(':')?.1.trim().parse::<u64>().ok())
            .sum()
    };
    statuses.map(of).sum()
}
