//! The stages: one goroutine walks, several digest. All channels are bounded, so a slow stage holds
//! up the ones before it, and however large the tree, only so much is in flight.
//!
//! Every wait of a stage is a `select!` with `done` in it: when that is closed, all of them end.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use chango::prelude::*;
use chango::task::{self, JoinHandle};
use md5::{Digest, Md5};

/// How much of a file is in memory at a time.
const PIECE: usize = 64 * 1024;

/// How many paths and outcomes may wait between two stages.
const IN_FLIGHT: usize = 256;

/// A file and its sum.
pub(crate) struct Digested {
    pub(crate) path: PathBuf,
    pub(crate) sum: [u8; 16],
    pub(crate) size: u64,
}

/// What became of one path.
pub(crate) enum Outcome {
    Digested(Digested),
    Failed(PathBuf, io::Error),
}

/// Where the stages say what they did, and hear whether to go on.
#[derive(Clone)]
struct Line {
    outcomes: Sender<Outcome>,
    done: Receiver<Infallible>,
}

impl Line {
    /// Hands on an outcome; false if the pipeline was cancelled meanwhile.
    async fn report(&self, outcome: Outcome) -> bool {
        select! {
            self.outcomes <- outcome => true,
            <-self.done => false,
        }
    }
}

/// Starts the pipeline. The outcomes end when all stages have; the handles are theirs.
pub(crate) fn start(
    root: PathBuf,
    digesters: usize,
    done: Receiver<Infallible>,
) -> (Receiver<Outcome>, Vec<JoinHandle<()>>) {
    let (path_tx, paths) = bounded(IN_FLIGHT);
    let (outcome_tx, outcomes) = bounded(IN_FLIGHT);
    let line = Line {
        outcomes: outcome_tx,
        done,
    };
    let mut goroutines = vec![go!(walk(root, path_tx, line.clone()))];
    for _ in 0..digesters {
        goroutines.push(go!(digest_all(paths.clone(), line.clone())));
    }
    (outcomes, goroutines)
}

/// Sends the path of every regular file at or below `root`. Symbolic links are not followed.
async fn walk(root: PathBuf, paths: Sender<PathBuf>, line: Line) {
    let mut pending = vec![root];
    while let Some(path) = pending.pop() {
        match look(&path, &mut pending) {
            Ok(false) => {}
            Ok(true) => select! {
                // Cancelled: the digesters may be gone before this one sees `done`.
                sent = paths <- path => if sent.is_err() {
                    return;
                },
                <-line.done => return,
            },
            Err(error) => {
                if !line.report(Outcome::Failed(path, error)).await {
                    return;
                }
            }
        }
        if line.done.is_closed() {
            return;
        }
        task::yield_now().await;
    }
}

/// Whether `path` is a regular file. What a directory has in it is added to `pending`.
fn look(path: &Path, pending: &mut Vec<PathBuf>) -> io::Result<bool> {
    let kind = path.symlink_metadata()?.file_type();
    if kind.is_dir() {
        for entry in path.read_dir()? {
            pending.push(path.join(entry?.file_name()));
        }
    }
    Ok(kind.is_file())
}

/// Digests the files whose paths come, until no more do.
async fn digest_all(paths: Receiver<PathBuf>, line: Line) {
    let mut piece = vec![0; PIECE];
    loop {
        let path = select! {
            path = <-paths => match path {
                Some(path) => path,
                None => return,
            },
            <-line.done => return,
        };
        let outcome = match digest(&path, &mut piece, &line.done).await {
            Ok(Some((sum, size))) => Outcome::Digested(Digested { path, sum, size }),
            Ok(None) => return,
            Err(error) => Outcome::Failed(path, error),
        };
        if !line.report(outcome).await {
            return;
        }
    }
}

/// The sum and the size of a file; none if the pipeline was cancelled meanwhile.
///
/// Between two pieces others may run, so that a huge file holds up nobody.
async fn digest(
    path: &Path,
    piece: &mut [u8],
    done: &Receiver<Infallible>,
) -> io::Result<Option<([u8; 16], u64)>> {
    let mut file = File::open(path)?;
    let mut hasher = Md5::new();
    let mut size = 0;
    loop {
        match file.read(piece) {
            Ok(0) => return Ok(Some((hasher.finalize().into(), size))),
            Ok(n) => {
                hasher.update(&piece[..n]);
                size += n as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if done.is_closed() {
            return Ok(None);
        }
        task::yield_now().await;
    }
}
