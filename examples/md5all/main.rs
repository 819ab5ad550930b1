//! The MD5 sums of all files below a directory, as `md5sum` prints them: the pipeline of the Go
//! blog's "Go Concurrency Patterns: Pipelines and cancellation".
//!
//! One goroutine walks the tree, one for each processor digests files whose paths it receives from
//! a channel, and main collects, sorts and prints. What cannot be read is reported and does not
//! stop the rest; with `--fail-fast` it cancels the whole pipeline through a `done` channel.
//!
//! `cargo run --release --example md5all -- [--fail-fast] [DIR]`
//! prints what `find DIR -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum` does.

mod pipeline;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;

use chango::prelude::*;
use chango::runtime;

use crate::pipeline::Outcome;
use crate::report::Progress;

/// What the command line asks for.
struct Options {
    root: PathBuf,
    fail_fast: bool,
}

impl Options {
    /// Reads the command line; none if it makes no sense.
    fn from_args() -> Option<Self> {
        let mut options = Self {
            root: PathBuf::from("."),
            fail_fast: false,
        };
        let mut only_names = false;
        let mut names = 0;
        for argument in std::env::args_os().skip(1) {
            match argument.to_str() {
                Some("--") if !only_names => only_names = true,
                Some("--fail-fast") if !only_names => options.fail_fast = true,
                Some(option) if !only_names && option.starts_with('-') => return None,
                _ => {
                    options.root = argument.into();
                    names += 1;
                }
            }
        }
        (names <= 1).then_some(options)
    }
}

fn main() -> ExitCode {
    let Some(options) = Options::from_args() else {
        eprintln!("usage: md5all [--fail-fast] [DIR]");
        return ExitCode::from(2);
    };
    run! { md5all(options).await }
}

async fn md5all(options: Options) -> ExitCode {
    // Nothing is ever sent on `done`: it is closed, and everybody can see that.
    let (done_tx, done) = bounded(0);
    let (outcomes, goroutines) = pipeline::start(options.root, runtime::max_procs(), done);

    let mut progress = Progress::new();
    let mut digested = Vec::new();
    let mut failed = false;
    loop {
        select! {
            outcome = <-outcomes => match outcome {
                Some(Outcome::Digested(file)) => {
                    progress.count(file.size);
                    digested.push(file);
                }
                Some(Outcome::Failed(path, error)) => {
                    progress.clear();
                    if !(failed && options.fail_fast) {
                        report::failure(&path, &error);
                    }
                    failed = true;
                    if options.fail_fast {
                        done_tx.close();
                    }
                }
                None => break,
            },
            <-progress.ticker => progress.draw(),
        }
    }
    progress.clear();
    for goroutine in goroutines {
        goroutine
            .await
            .expect("a stage of the pipeline does not panic");
    }
    if failed && options.fail_fast {
        let left = runtime::num_goroutines() - 1;
        eprintln!("md5all: cancelled, {left} goroutines left behind");
        return ExitCode::FAILURE;
    }
    match report::print_sorted(digested) {
        Ok(()) if failed => ExitCode::FAILURE,
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("md5all: write error: {}", report::reason(&error));
            ExitCode::FAILURE
        }
    }
}
