//! Running a probe that may panic, hang, or end its process: each of these is an answer.
//!
//! So every probe runs in a process of its own, which is this program again. Only a probe that hangs
//! waits for the clock.

use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::process::{self, Command};
use std::thread;
use std::time::Duration;

/// What has not ended after this long hangs. Every probe that ends does so at once.
const LONG: Duration = Duration::from_secs(5);

/// What the probe says that these arguments name.
pub(crate) fn ask(probe: [&str; 3]) -> io::Result<String> {
    let program = std::env::current_exe()?;
    let output = Command::new(program).args(probe).output()?;
    Ok(match output.status.code() {
        Some(_) => String::from_utf8_lossy(&output.stdout).trim().into(),
        None => "**aborts the process**".into(),
    })
}

/// Prints what a probe says: the child's part of that.
pub(crate) fn answer(probe: fn() -> String) {
    // The panics are provoked.
    panic::set_hook(Box::new(|_| {}));
    thread::spawn(|| {
        thread::sleep(LONG);
        println!("**hangs**");
        process::exit(0);
    });
    println!("{}", caught(probe).unwrap_or("**panics**".into()));
}

/// What the call gives, or `None` if it panics.
pub(crate) fn caught<R>(call: impl FnOnce() -> R) -> Option<R> {
    panic::catch_unwind(AssertUnwindSafe(call)).ok()
}
