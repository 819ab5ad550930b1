//! What the user sees: the lines of `md5sum` on standard output, and on standard error what failed
//! and, where that is a terminal, how far things are.
//!
//! Names are bytes: what is no UTF-8 comes out as it is.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

use chango::prelude::*;
use chango::time::Ticker;

use crate::pipeline::Digested;

/// Prints all sums, sorted by path. A reader that has gone away is no error.
pub(crate) fn print_sorted(mut files: Vec<Digested>) -> io::Result<()> {
    files.sort_unstable_by(|a, b| name(&a.path).cmp(name(&b.path)));
    let mut out = BufWriter::new(io::stdout().lock());
    let printed = files
        .iter()
        .try_for_each(|file| print_line(&mut out, &file.sum, name(&file.path)))
        .and_then(|()| out.flush());
    match printed {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            // What is left in the buffer would only fail again.
            drop(out.into_parts());
            Ok(())
        }
        printed => printed,
    }
}

fn name(path: &Path) -> &[u8] {
    path.as_os_str().as_encoded_bytes()
}

/// One line as `md5sum` prints it: a name with a backslash or a line break in it is escaped, and
/// the line says so by beginning with a backslash.
fn print_line(out: &mut impl Write, sum: &[u8; 16], name: &[u8]) -> io::Result<()> {
    if name
        .iter()
        .any(|byte| matches!(byte, b'\\' | b'\n' | b'\r'))
    {
        out.write_all(b"\\")?;
    }
    for byte in sum {
        write!(out, "{byte:02x}")?;
    }
    out.write_all(b"  ")?;
    for byte in name {
        match byte {
            b'\\' => out.write_all(b"\\\\")?,
            b'\n' => out.write_all(b"\\n")?,
            b'\r' => out.write_all(b"\\r")?,
            byte => out.write_all(&[*byte])?,
        }
    }
    out.write_all(b"\n")
}

/// Says what could not be read, as `md5sum` does.
pub(crate) fn failure(path: &Path, error: &io::Error) {
    let mut err = io::stderr().lock();
    // Nobody is left to be told that standard error cannot be written to.
    let _ = err
        .write_all(b"md5all: ")
        .and_then(|()| err.write_all(name(path)))
        .and_then(|()| writeln!(err, ": {}", reason(error)));
}

/// What the system says, without the number that std adds.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((reason, _)) => reason.to_owned(),
        None => text,
    }
}

/// The progress line. Where standard error is no terminal its ticker is nil and never ticks.
pub(crate) struct Progress {
    pub(crate) ticker: Option<Ticker>,
    files: u64,
    bytes: u64,
    drawn: bool,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let ticker = io::stderr()
            .is_terminal()
            .then(|| tick(Duration::from_millis(100)));
        Self {
            ticker,
            files: 0,
            bytes: 0,
            drawn: false,
        }
    }

    pub(crate) fn count(&mut self, size: u64) {
        self.files += 1;
        self.bytes += size;
    }

    pub(crate) fn draw(&mut self) {
        eprint!("\r\x1b[K{} files, {} MiB", self.files, self.bytes >> 20);
        self.drawn = true;
    }

    pub(crate) fn clear(&mut self) {
        if std::mem::take(&mut self.drawn) {
            eprint!("\r\x1b[K");
        }
    }
}
