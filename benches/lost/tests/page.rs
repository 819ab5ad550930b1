//! The tables of `docs/channels.md` are what the program prints.

use std::process::Command;

#[test]
fn the_page_has_what_the_program_prints() {
    let output = Command::new(env!("CARGO_BIN_EXE_chango-lost"))
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let page = include_str!("../../../docs/channels.md");
    assert!(printed.lines().count() > 20, "{printed}");
    for line in printed.lines() {
        assert!(
            page.lines().any(|of_page| of_page == line),
            "the page lacks\n{line}"
        );
    }
}
