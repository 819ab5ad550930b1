//! The first program of the README is `examples/hello.rs`, which CI runs, word for word.

/// The code of the first block of Rust in a text.
fn first_program(text: &str) -> &str {
    let (_, rest) = text.split_once("```rust\n").expect("a block of Rust");
    rest.split_once("```").expect("its end").0
}

/// A source file without the documentation at its top.
fn without_docs(source: &str) -> String {
    let lines = source
        .lines()
        .skip_while(|line| line.starts_with("//!") || line.is_empty());
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_first_program_is_the_hello_example() {
    let readme = first_program(include_str!("../README.md"));
    assert_eq!(readme, without_docs(include_str!("../examples/hello.rs")));
}
