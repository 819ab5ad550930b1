//! Files and processes of std's in goroutines: what blocks a thread keeps nobody waiting.
//!
//! Each test has more goroutines in blocking calls than there are workers, and what those wait for comes from
//! a goroutine that is paced by a ticker. If that did not go on, the test would hang.

#![cfg(unix)]

#[path = "util/workers.rs"]
mod workers;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use chango::prelude::*;
use chango::runtime;
use chango::signal::{self, SIGCHLD};
use chango::task;

use self::workers::on_workers;

/// A FIFO that nobody has open.
struct Fifo(PathBuf);

impl Fifo {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("chango-processes-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let made = Command::new("mkfifo").arg(&path).status();
        assert!(made.expect("there is mkfifo").success());
        Self(path)
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Fifo {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// More than there are workers.
fn fifos() -> Vec<Fifo> {
    (0..runtime::max_procs() + 2).map(|_| Fifo::new()).collect()
}

async fn some_ticks() {
    let ticker = tick(Duration::from_millis(1));
    for _ in 0..20 {
        co! { <-ticker };
    }
}

/// Calls `waits` for each FIFO in a goroutine of its own, and some ticks later `answers` for each.
async fn each_way<T: Send + 'static>(
    waits: fn(&Path) -> T,
    answers: fn(&Path) -> std::io::Result<()>,
) -> Vec<T> {
    let fifos = fifos();
    let paths = || fifos.iter().map(|fifo| fifo.path().to_owned());
    let waiting: Vec<_> = paths()
        .map(|path| chango::go(async move { waits(&path) }))
        .collect();
    some_ticks().await;
    for path in paths() {
        chango::go(async move { answers(&path).unwrap() }).detach();
    }
    let mut all = Vec::new();
    for handle in waiting {
        all.push(handle.await.unwrap());
    }
    all
}

#[test]
fn the_output_of_processes_that_are_slow_keeps_nobody_waiting() {
    on_workers(|| async {
        let slow = |path: &Path| Command::new("cat").arg(path).output().unwrap();
        let outputs = each_way(slow, |path| fs::write(path, "at last")).await;
        for output in outputs {
            assert!(output.status.success());
            assert_eq!(output.stdout, b"at last");
        }
    });
}

#[test]
fn the_output_of_processes_that_are_slow_keeps_nobody_waiting_inside_blocking() {
    on_workers(|| async {
        let slow = |path: &Path| task::blocking(|| Command::new("cat").arg(path).output().unwrap());
        let outputs = each_way(slow, |path| task::blocking(|| fs::write(path, "at last"))).await;
        for output in outputs {
            assert_eq!(output.stdout, b"at last");
        }
    });
}

#[test]
fn writing_to_a_fifo_without_a_reader_keeps_nobody_waiting() {
    on_workers(|| async {
        let read = |path: &Path| {
            let text = fs::read(path)?;
            assert_eq!(text, b"a line");
            Ok(())
        };
        for written in each_way(|path| fs::write(path, "a line"), read).await {
            written.unwrap();
        }
    });
}

#[test]
fn lines_go_to_a_process_and_come_back_while_goroutines_wait_for_each() {
    on_workers(|| async {
        let all: Vec<_> = (0..runtime::max_procs() + 2)
            .map(|_| {
                go! {
                    let mut child = Command::new("cat")
                        .stdin(Stdio::piped())
                        .stdout(Stdio::piped())
                        .spawn()
                        .unwrap();
                    let mut input = child.stdin.take().unwrap();
                    let output = BufReader::new(child.stdout.take().unwrap());
                    let (lines, back) = bounded::<String>(0);
                    go! {
                        for line in output.lines() { lines <- line.unwrap(); }
                    };
                    let ticker = tick(Duration::from_millis(1));
                    for number in 0..20 {
                        <-ticker;
                        writeln!(input, "line {number}").unwrap();
                        assert_eq!(<-back, Some(format!("line {number}")));
                    }
                    drop(input);
                    assert_eq!(<-back, None);
                    assert!(child.wait().unwrap().success());
                }
            })
            .collect();
        for handle in all {
            handle.await.unwrap();
        }
    });
}

/// Waits for a process without a thread for that.
async fn wait_for(command: &mut Command) -> ExitStatus {
    let signals = signal::notify(&[SIGCHLD]);
    let mut child = command.spawn().unwrap();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        // Ends that come close together are one signal, so each has all look.
        co! { <-signals };
    }
}

#[test]
fn the_end_of_a_process_is_waited_for_as_a_signal() {
    on_workers(|| async {
        let all: Vec<_> = (0..10)
            .map(|code| {
                go! {
                    let ends = format!("sleep 0.0{code}; exit {code}");
                    let status = wait_for(Command::new("sh").args(["-c", &ends])).await;
                    assert_eq!(status.code(), Some(code));
                }
            })
            .collect();
        for handle in all {
            handle.await.unwrap();
        }
    });
}
