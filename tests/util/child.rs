//! A test of the module `deadlock` that is to hang: this program itself, in a process of its own.

use std::process::{Command, Output};

/// Whether this is that process.
pub(crate) fn is_child() -> bool {
    std::env::var_os("CHANGO_TEST_CHILD").is_some()
}

/// Runs a test in a process of its own: how it ended, and what it printed.
pub(crate) fn child(test: &str) -> (Output, String) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("deadlock::{test}")])
        .env("CHANGO_TEST_CHILD", "1")
        .env_remove("CHANGO_DEADLOCK")
        .output()
        .unwrap();
    let printed =
        [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    (output, printed.concat())
}
