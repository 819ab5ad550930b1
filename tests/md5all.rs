//! The md5all example against generated trees and, where it exists, the real `md5sum`.
//!
//! Its output must be md5sum's, byte for byte, in the order of the paths' bytes.

#![cfg(unix)]

#[path = "util/example.rs"]
mod example;

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use self::example::example;

/// A directory of its own for one test, removed at the end.
struct Tree(PathBuf);

impl Tree {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("chango-md5all-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: impl AsRef<Path>, content: &[u8]) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Files whose names and sizes are the difficult ones.
    fn with_odd_files() -> Self {
        let tree = Self::new();
        for name in [
            "plain",
            "with space",
            " leading",
            "trailing ",
            "-dash",
            "--",
            "*star",
            "quote\"'",
            "back\\slash",
            "new\nline",
            "carriage\rreturn",
            "all\\of\nthem\r",
            "tab\there",
            "ünïcödé",
            "a/b/c",
            "a.b",
            "a-b",
            "a/b-c",
            "deep/er/and/deeper/file",
            ".hidden",
            ".hiddendir/file",
            "new\nline dir/file",
            "\u{1}control",
        ] {
            tree.write(name, name.as_bytes());
        }
        if cfg!(target_os = "linux") {
            tree.write(OsStr::from_bytes(b"not utf-8 \xff\xfe"), b"raw");
        }
        let noise: Vec<u8> = (0..300_000_u32)
            .map(|i| (i.wrapping_mul(i) >> 7) as u8)
            .collect();
        for size in [
            0, 1, 55, 56, 63, 64, 65, 4095, 65535, 65536, 65537, 131_072, 300_000,
        ] {
            tree.write(format!("sizes/{size}"), &noise[..size]);
        }
        fs::create_dir(tree.0.join("empty")).unwrap();
        symlink("plain", tree.0.join("link to a file")).unwrap();
        symlink("deep", tree.0.join("link to a directory")).unwrap();
        symlink("nowhere", tree.0.join("dangling")).unwrap();
        symlink(".", tree.0.join("a/loop")).unwrap();
        tree
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        // A test that failed half-way may have left what cannot be removed: no failure more.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The example.
fn md5all() -> Command {
    static EXAMPLE: LazyLock<PathBuf> = LazyLock::new(|| example("md5all", &[]));
    Command::new(&*EXAMPLE)
}

fn run(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap()
}

/// What `md5sum` prints for the files that `find` finds, in the order of bytes; none without it.
fn expected(directory: &Path, root: &str) -> Option<Vec<u8>> {
    let script = "find \"$0\" -type f -print0 | LC_ALL=C sort -z | xargs -0 -r md5sum --";
    let made = Command::new("md5sum")
        .arg("--version")
        .output()
        .is_ok_and(|out| {
            // Carriage returns are escaped since coreutils 8.33 or so; other md5sums differ.
            out.status.success() && String::from_utf8_lossy(&out.stdout).contains("GNU coreutils")
        });
    if !made {
        eprintln!("skipped: there is no GNU md5sum here");
        return None;
    }
    let output = run(Command::new("sh")
        .args(["-c", script, root])
        .current_dir(directory));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(output.stdout)
}

#[track_caller]
fn assert_same_lines(actual: &[u8], expected: &[u8]) {
    let lines = |bytes: &[u8]| -> Vec<String> {
        bytes
            .split_inclusive(|b| *b == b'\n')
            .map(|line| line.escape_ascii().to_string())
            .collect()
    };
    for (actual, expected) in lines(actual).iter().zip(&lines(expected)) {
        assert_eq!(actual, expected);
    }
    assert_eq!(lines(actual).len(), lines(expected).len());
    assert!(actual == expected);
}

#[test]
fn odd_names_and_sizes_come_out_as_md5sum_prints_them() {
    let tree = Tree::with_odd_files();
    for root in [
        ".",
        "./",
        "deep",
        "deep//",
        "sizes/../a",
        "plain",
        "link to a directory",
    ] {
        let Some(expected) = expected(&tree.0, root) else {
            return;
        };
        let output = run(md5all().arg(root).current_dir(&tree.0));
        assert_same_lines(&output.stdout, &expected);
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        assert!(output.status.success());
    }
    let without_argument = run(md5all().current_dir(&tree.0));
    assert_same_lines(
        &without_argument.stdout,
        &expected(&tree.0, ".").unwrap_or_default(),
    );
}

#[test]
fn known_sums_without_any_md5sum() {
    let tree = Tree::new();
    tree.write("empty", b"");
    tree.write("abc", b"abc");
    tree.write("a\\b\n", b"message digest");
    let output = run(md5all().current_dir(&tree.0));
    let expected = "\\f96b697d7cb7938d525a2f31aaf161d0  ./a\\\\b\\n\n\
                    900150983cd24fb0d6963f7d28e17f72  ./abc\n\
                    d41d8cd98f00b204e9800998ecf8427e  ./empty\n";
    assert_same_lines(&output.stdout, expected.as_bytes());
    assert!(output.status.success());
}

#[test]
fn thousands_of_files_with_any_number_of_workers() {
    let tree = Tree::new();
    for i in 0..2_000 {
        tree.write(
            format!("{}/{}/{i}", i % 7, i % 31),
            format!("file {i}").repeat(i).as_bytes(),
        );
    }
    let Some(expected) = expected(&tree.0, ".") else {
        return;
    };
    for workers in ["1", "2", "8"] {
        let output = run(md5all()
            .env("CHANGO_MAXPROCS", workers)
            .current_dir(&tree.0));
        assert_same_lines(&output.stdout, &expected);
        assert!(output.status.success());
    }
}

/// The example, run by somebody who may not read everything: root becomes nobody.
///
/// Nobody may not be let into the target directory, so the program is copied into `place`; by `cp`,
/// since a program that this process has just written may still be open in a child of another
/// test, and is then too busy to be run.
fn as_ordinary_user(place: &Tree) -> Command {
    let is_root = Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|out| out.stdout == b"0\n");
    let example = md5all();
    if !is_root {
        return example;
    }
    set_mode(&place.0, 0o755);
    let copy = place.0.join("md5all");
    assert!(
        Command::new("cp")
            .arg(example.get_program())
            .arg(&copy)
            .status()
            .unwrap()
            .success()
    );
    let mut command = Command::new(copy);
    command.uid(65534).gid(65534);
    command
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Reading `/proc/self/mem` fails at its first byte: not the opening is refused here, but the read.
#[cfg(target_os = "linux")]
#[test]
fn a_read_that_fails_is_reported() {
    let output = run(md5all().arg("/proc/self/mem"));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(stderr, "md5all: /proc/self/mem: Input/output error\n");
    assert!(output.stdout.is_empty());
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn an_unreadable_file_is_reported_and_the_rest_goes_on() {
    let (tree, program) = (Tree::new(), Tree::new());
    tree.write("a", b"a");
    tree.write("locked", b"secret");
    tree.write("locked dir/file", b"secret");
    tree.write("z", b"z");
    set_mode(&tree.0.join("locked"), 0);
    set_mode(&tree.0.join("locked dir"), 0);
    let output = run(as_ordinary_user(&program).current_dir(&tree.0));
    set_mode(&tree.0.join("locked dir"), 0o700);

    let mut errors: Vec<_> = output.stderr.lines().map(Result::unwrap).collect();
    errors.sort();
    assert_eq!(
        errors,
        [
            "md5all: ./locked dir: Permission denied",
            "md5all: ./locked: Permission denied"
        ]
    );
    let expected = "0cc175b9c0f1b6a831c399e269772661  ./a\nfbade9e36a3f36d3d676c1b808451dd7  ./z\n";
    assert_same_lines(&output.stdout, expected.as_bytes());
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_root_that_does_not_exist_is_reported() {
    let tree = Tree::new();
    let output = run(md5all().arg("not here").current_dir(&tree.0));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(stderr, "md5all: not here: No such file or directory\n");
    assert!(output.stdout.is_empty());
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn fail_fast_cancels_everything_and_leaves_nothing_behind() {
    let (tree, program) = (Tree::new(), Tree::new());
    for i in 0..500 {
        tree.write(format!("{}/{i}", i % 5), &vec![7; 100_000]);
    }
    for i in 0..20 {
        let name = format!("{}/locked {i}", i % 5);
        tree.write(&name, b"secret");
        set_mode(&tree.0.join(name), 0);
    }
    for workers in ["1", "2", "8"] {
        let output = run(as_ordinary_user(&program)
            .arg("--fail-fast")
            .env("CHANGO_MAXPROCS", workers)
            .current_dir(&tree.0));
        let errors: Vec<_> = output.stderr.lines().map(Result::unwrap).collect();
        assert_eq!(errors.len(), 2, "{errors:?}");
        assert!(errors[0].ends_with(": Permission denied"), "{errors:?}");
        assert_eq!(errors[1], "md5all: cancelled, 0 goroutines left behind");
        assert!(output.stdout.is_empty());
        assert_eq!(output.status.code(), Some(1));
    }
}

#[test]
fn fail_fast_without_a_failure_changes_nothing() {
    let tree = Tree::with_odd_files();
    let plain = run(md5all().current_dir(&tree.0));
    let fail_fast = run(md5all().arg("--fail-fast").current_dir(&tree.0));
    assert_same_lines(&fail_fast.stdout, &plain.stdout);
    assert!(fail_fast.status.success() && fail_fast.stderr.is_empty());
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let tree = Tree::new();
    for i in 0..3_000 {
        tree.write(
            format!("a long name, so that the pipe is full before the end {i}"),
            b"",
        );
    }
    let mut child = md5all()
        .current_dir(&tree.0)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::with_capacity(64, child.stdout.take().unwrap())
        .read_line(&mut first)
        .unwrap();
    let mut errors = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut errors)
        .unwrap();
    assert!(child.wait().unwrap().success());
    assert!(first.starts_with("d41d8cd98f00b204e9800998ecf8427e  ./a long name"));
    assert_eq!(errors, "");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_reported() {
    let tree = Tree::new();
    tree.write("file", b"");
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let output = md5all().current_dir(&tree.0).stdout(full).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(stderr, "md5all: write error: No space left on device\n");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_command_line_that_makes_no_sense_gets_the_usage() {
    for arguments in [&["--what"][..], &["a", "b"], &["-x"]] {
        let output = run(md5all().args(arguments));
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).starts_with("usage: "));
    }
}

#[test]
fn special_files_are_passed_over() {
    let tree = Tree::new();
    tree.write("file", b"");
    let pipe = tree.0.join("pipe");
    if !Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .is_ok_and(|status| status.success())
    {
        eprintln!("skipped: there is no mkfifo here");
        return;
    }
    let output = run(md5all().current_dir(&tree.0));
    assert_eq!(output.stdout.lines().count(), 1);
    assert!(output.stderr.is_empty());
    assert!(output.status.success());
}
