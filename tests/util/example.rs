//! The examples, as programs that a test runs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where an example is, up to date: `cargo test` builds all examples, but `cargo test --test NAME` does not.
/// The test is `target/PROFILE/deps/NAME-…`, and the example `target/PROFILE/examples/NAME`.
pub(crate) fn example(name: &str, features: &[&str]) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test
        .parent()
        .and_then(Path::parent)
        .expect("cargo's layout");
    if let Some(cargo) = std::env::var_os("CARGO") {
        let profile_name = match profile
            .file_name()
            .and_then(OsStr::to_str)
            .expect("a profile")
        {
            "debug" => "dev",
            name => name,
        };
        let built = Command::new(cargo)
            .args(["build", "--quiet", "--example", name])
            .args(["--profile", profile_name])
            .args(features)
            .arg("--target-dir")
            .arg(profile.parent().expect("cargo's layout"))
            .status();
        assert!(built.unwrap().success(), "the example does not build");
    }
    profile.join("examples").join(name)
}
