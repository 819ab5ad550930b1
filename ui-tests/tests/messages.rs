//! What the snapshots of `fail/` must hold together: one mistake, one error, at the user's own
//! token, in which nothing shows that a user cannot write.
#![allow(missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};

/// The snapshots, with their names under `fail/`.
fn snapshots() -> Vec<(String, String)> {
    let fail = Path::new(env!("CARGO_MANIFEST_DIR")).join("fail");
    let mut found = Vec::new();
    for room in entries(&fail) {
        for file in entries(&room).filter(|file| file.extension().is_some_and(|e| e == "stderr")) {
            let name = file.strip_prefix(&fail).unwrap().with_extension("");
            let text = fs::read_to_string(&file).unwrap();
            found.push((name.display().to_string(), text));
        }
    }
    assert!(found.len() >= 60, "only {} mistakes", found.len());
    found
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
}

#[test]
fn mistake_has_one_error_and_no_warning() {
    for (name, text) in snapshots() {
        let begins = |word: &str| text.lines().filter(|line| line.starts_with(word)).count();
        assert_eq!(
            (begins("error"), begins("warning")),
            (1, 0),
            "{name}:\n{text}"
        );
    }
}

#[test]
fn error_stands_in_the_users_file() {
    for (name, text) in snapshots() {
        let place = text
            .lines()
            .find(|line| line.trim_start().starts_with("--> "));
        assert!(
            place.is_some_and(|line| line.contains(&format!("fail/{name}.rs:"))),
            "{name}:\n{text}"
        );
    }
}

#[test]
fn nothing_of_ours_shows() {
    const OURS: [&str; 4] = [
        "chango_chan::",
        "chango_core::",
        "proc macro panicked",
        "operand.rs",
    ];
    for (name, text) in snapshots() {
        let shown = OURS.iter().find(|ours| text.contains(**ours));
        assert_eq!(shown, None, "{name}:\n{text}");
        // Two underscores before a letter begin a name that an expansion has invented.
        let mut invented = text.split("__").skip(1);
        assert!(
            !invented.any(|rest| rest.starts_with(char::is_alphabetic)),
            "{name}:\n{text}"
        );
    }
}

#[test]
fn sentence_of_a_macro_can_be_read_at_a_glance() {
    for (name, text) in snapshots() {
        let first = text.lines().next();
        let sentence = first
            .and_then(|line| line.strip_prefix("error: "))
            .unwrap_or("");
        assert!(
            sentence.len() < 260 && !sentence.ends_with('.'),
            "{name}: {sentence}"
        );
    }
}
