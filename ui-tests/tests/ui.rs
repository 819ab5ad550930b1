//! What must compile does, and runs; what must not is explained in the words that stand beside
//! it.
//!
//! The words are the compiler's, so they are compared only with the compiler of
//! `rust-toolchain.toml`. Take new ones with `TRYBUILD=overwrite`, and read each one before it
//! is kept: it must stand at the user's own token, and name nothing that a user cannot write.
#![allow(missing_docs)]

use std::process::Command;

/// The compiler whose words are kept.
const PINNED: &str = "1.95.0";

/// Whether this is that compiler; says so if it is not.
fn pinned() -> bool {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let output = Command::new(rustc).arg("--version").output();
    let version = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let version = version.unwrap_or_default();
    let is_pinned = version.split_whitespace().nth(1) == Some(PINNED);
    if !is_pinned {
        eprintln!("skipped: the messages are those of rustc {PINNED}, and this is {version}");
    }
    is_pinned
}

/// Runs the programs of one macro.
fn check(macro_name: &str, passes: bool, fails: bool) {
    let cases = trybuild::TestCases::new();
    if passes {
        cases.pass(format!("pass/{macro_name}/*.rs"));
    }
    if fails && pinned() {
        cases.compile_fail(format!("fail/{macro_name}/*.rs"));
    }
}

#[test]
fn arrow() {
    check("arrow", true, true);
}

#[test]
fn attr() {
    check("attr", true, true);
}

#[test]
fn chan() {
    check("chan", true, true);
}

#[test]
fn co() {
    check("co", true, true);
}

#[test]
fn go() {
    check("go", true, true);
}

#[test]
fn run() {
    check("run", true, true);
}

#[test]
fn select() {
    check("select", true, true);
}
