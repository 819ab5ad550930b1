//! A system that starts no more threads. The program is this file again, as a child process whose
//! address space has room for some stacks only.
#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};

use chango_core::runtime::Builder;
use chango_core::spawn::blocking;

/// Whether this is the child.
const CHILD: &str = "CHANGO_TEST_CHILD";

/// Goroutines that block; there are threads for a quarter of them at most.
const COUNT: usize = 100;

/// In KiB, and the stack of each thread in bytes: so large that what else is allocated has room where the
/// next stack has none.
const ADDRESS_SPACE: usize = 2 << 20;
const STACK: usize = 80 << 20;

/// The program.
#[test]
fn child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let runtime = Builder::new().workers(1).build().unwrap();
    let gate = Arc::new((Mutex::new(false), Condvar::new()));
    let block = |number: usize| {
        let gate = Arc::clone(&gate);
        runtime.spawn(async move {
            blocking(|| {
                let open = gate.0.lock().unwrap();
                drop(gate.1.wait_while(open, |open| !*open).unwrap());
            });
            number
        })
    };
    let handles: Vec<_> = (0..COUNT).map(block).collect();
    // Until a line comes in, nobody comes back.
    std::io::stdin().read_line(&mut String::new()).unwrap();
    *gate.0.lock().unwrap() = true;
    gate.1.notify_all();
    let numbers = handles.into_iter().map(|handle| runtime.block_on(handle));
    assert!(numbers.map(Result::unwrap).eq(0..COUNT));
    drop(runtime);
    println!("all {COUNT} have come to their end");
}

#[test]
fn goroutines_for_whom_no_thread_can_be_started_wait_and_it_is_said_once() {
    let mut child = Command::new("sh")
        .args([
            "-c",
            &format!("ulimit -v {ADDRESS_SPACE} && exec \"$0\" \"$@\""),
        ])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(CHILD, "1")
        .env("RUST_MIN_STACK", STACK.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a child");
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains("no more can be started while goroutines wait") {
        assert_ne!(
            stderr.read_line(&mut said).unwrap(),
            0,
            "it said only: {said}"
        );
    }
    child.stdin.take().unwrap().write_all(b"\n").unwrap();
    stderr.read_to_string(&mut said).unwrap();
    let output = child.wait_with_output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{out}\n{said}");
    assert!(out.contains("all 100 have come to their end"), "{out}");
    assert_eq!(said.matches("no more can be started").count(), 1, "{said}");
}
