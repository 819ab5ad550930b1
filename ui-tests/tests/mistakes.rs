//! `docs/mistakes.md` is made of the programs of `fail/` and what the compiler says of them. Here it
//! is held to be so; with `TRYBUILD=overwrite` it is made anew.
//!
//! A program says at its top what the mistake is, and what to write instead.
#![allow(missing_docs)]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

const INTRODUCTION: &str = "\
# Mistakes, and what to write instead

What does not compile says why, at your own token. This page has every mistake that chango's tests
know: the code, the beginning of what the compiler says of it, and what to write instead. Without a
`run!` in sight, the code stands in the body of one.

It is made of the programs in `ui-tests/fail/`, and a test holds it to them.
";

const ROOMS: [(&str, &str); 7] = [
    ("arrow", "The operators"),
    ("go", "Goroutines"),
    ("select", "Select"),
    ("chan", "Channels"),
    ("co", "Blocks in async fns"),
    ("run", "The main goroutine"),
    ("attr", "`#[main]` and `#[test]`"),
];

#[test]
fn page_of_mistakes_is_what_the_programs_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = page(&root.join("fail"));
    let path = root.join("../docs/mistakes.md");
    if std::env::var("TRYBUILD").is_ok_and(|value| value == "overwrite") {
        fs::write(&path, page).unwrap();
        return;
    }
    let kept = fs::read_to_string(&path).unwrap();
    let differs = kept
        .lines()
        .zip(page.lines())
        .find(|(kept, made)| kept != made);
    assert!(
        kept == page,
        "docs/mistakes.md is old, at {differs:?}: make it anew with TRYBUILD=overwrite"
    );
}

#[test]
fn every_room_of_mistakes_is_on_the_page() {
    let fail = Path::new(env!("CARGO_MANIFEST_DIR")).join("fail");
    for room in fs::read_dir(fail).unwrap() {
        let name = room.unwrap().file_name();
        assert!(ROOMS.iter().any(|(room, _)| *room == name), "{name:?}");
    }
}

fn page(fail: &Path) -> String {
    let mut page = INTRODUCTION.to_owned();
    for (room, title) in ROOMS {
        write!(page, "\n## {title}\n").unwrap();
        for program in programs(&fail.join(room)) {
            page.push_str(&entry(&program));
        }
    }
    page
}

fn programs(room: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(room).unwrap().map(|file| file.unwrap().path());
    let mut programs: Vec<PathBuf> = files
        .filter(|file| file.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    programs.sort();
    programs
}

/// What the page says of one program.
fn entry(program: &Path) -> String {
    let text = fs::read_to_string(program).unwrap();
    let header: Vec<&str> = text
        .lines()
        .map_while(|line| line.strip_prefix("//!").map(str::trim))
        .collect();
    let [title, "", instead @ ..] = &header[..] else {
        panic!("{program:?} does not begin with the mistake, and what to write instead");
    };
    let instead = instead.join("\n");
    assert!(
        title.ends_with('.') && instead.starts_with("Instead: ") && instead.ends_with('.'),
        "{program:?}: {title} {instead}"
    );
    let said = fs::read_to_string(program.with_extension("stderr")).unwrap();
    format!(
        "\n### {}\n\n```rust,ignore\n{}```\n\n```text\n{}```\n\n{instead}\n",
        title.trim_end_matches('.'),
        code(&text),
        beginning(&said),
    )
}

/// The program without what each one has.
fn code(text: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .skip_while(|line| line.starts_with("//!") || line.is_empty())
        .filter(|line| *line != "use chango::prelude::*;")
        .collect();
    let text = lines.join("\n");
    let text = text.trim();
    let body = text
        .strip_prefix("fn main() {\n    run! {\n")
        .and_then(|rest| rest.strip_suffix("\n    }\n}"));
    let lines = body.unwrap_or(text).lines();
    let indent = if body.is_some() { 8 } else { 0 };
    lines.fold(String::new(), |code, line| {
        code + line.get(indent..).unwrap_or("") + "\n"
    })
}

/// The error and the code that it points to, without the file's name, the lines' numbers and the
/// notes.
fn beginning(said: &str) -> String {
    let mut kept: Vec<String> = Vec::new();
    for line in said.lines() {
        let bare = line.trim_start();
        if bare.starts_with("= ") || bare.starts_with("note:") || bare.starts_with("help:") {
            break;
        }
        if !bare.starts_with("--> ") {
            let code = bare.trim_start_matches(|ch: char| ch.is_ascii_digit());
            let blank = line.len() - code.len();
            kept.push(if code.starts_with(" |") {
                " ".repeat(blank) + code
            } else {
                line.to_owned()
            });
        }
    }
    while kept
        .last()
        .is_some_and(|line| matches!(line.trim(), "" | "|"))
    {
        kept.pop();
    }
    kept.iter()
        .fold(String::new(), |text, line| text + line + "\n")
}
