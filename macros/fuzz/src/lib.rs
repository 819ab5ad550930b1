//! The sources of `chango-macros`, for the fuzz targets, and how bytes become tokens.
//!
//! A proc-macro crate cannot be depended on, so its modules are compiled here a second time. The
//! first byte of an input says how the rest is read: as the source text that it is, or as words
//! of a small vocabulary, of which each byte is one.
#![allow(dead_code, unused_imports)]

extern crate proc_macro;

use proc_macro2::TokenStream;
use quote::quote;

#[path = "../../src/arrow/mod.rs"]
mod arrow;
#[path = "../../src/attr.rs"]
mod attr;
#[path = "../../src/block.rs"]
mod block;
#[path = "../../src/go.rs"]
mod go;
#[path = "../../src/tests/kept.rs"]
mod kept;
#[path = "../../src/message.rs"]
mod message;
#[path = "../../src/path.rs"]
mod path;
#[path = "../../src/position.rs"]
mod position;
#[path = "../../src/run.rs"]
mod run;
#[path = "../../src/select/mod.rs"]
mod select;
#[path = "../../src/tokens.rs"]
mod tokens;

use arrow::lex::Run;
use kept::{Grammar, Tokens};

/// What a byte stands for. Delimiters that do not match make an input that is left out.
const WORDS: &[&str] = &[
    "<-", "<", "-", "<-<-", "<<-", "=>", "=", "==", ";", ",", ".", "..", "..=", ":", "::", "::<",
    ">", "->", "|", "||", "&", "&&", "!", "?", "#", "$", "@", "'", "'a", "+", "*", "/", "_", "(",
    ")", "()", "[", "]", "{", "}", "{}", "a", "b", "rx", "tx", "self", "Self", "x.y", "f(a)",
    "g!", "println!", "matches!", "go!", "select!", "#[cfg(a)]", "#![b]", "1", "-2", "1.5", "'c'",
    "\"s\"", "r#in", "as", "async", "auto", "await", "become", "biased", "box", "break", "clone",
    "const", "continue", "crate", "default", "dyn", "else", "enum", "extern", "false", "fn", "Fn",
    "for", "if", "impl", "in", "let", "loop", "macro_rules", "match", "mod", "move", "mut", "None",
    "Ok", "pub", "raw", "ref", "return", "safe", "Some", "static", "struct", "super", "trait",
    "true", "try", "type", "u8", "union", "unsafe", "use", "where", "while", "workers", "yield",
];

/// The tokens that an input stands for, if it stands for any.
fn tokens(input: &[u8]) -> Option<TokenStream> {
    let (how, rest) = input.split_first()?;
    let text = match how % 4 {
        0 => std::str::from_utf8(rest).ok()?.to_owned(),
        // Every other word touches the next one, or none does.
        n => {
            let words = rest.iter().map(|&byte| WORDS[usize::from(byte) % WORDS.len()]);
            let space = |i: usize| if n == 1 || (n == 2 && i % 2 == 0) { " " } else { "" };
            let spaced = words.enumerate().map(|(i, word)| {
                let letters = word.ends_with(|c: char| c.is_alphanumeric() || c == '_');
                [word, if letters { " " } else { space(i) }].concat()
            });
            spaced.collect()
        }
    };
    text.parse().ok()
}

/// Forgets the texts of the inputs before, about which nobody asks any more.
fn forget() {
    proc_macro2::extra::invalidate_current_thread_spans();
}

/// That an expansion is there, and has every token once.
fn holds(input: &TokenStream, grammar: Grammar, expand: fn(TokenStream) -> TokenStream) {
    let tokens = Tokens::of(input.clone(), grammar);
    let output = expand(quote!((chango) #input));
    if let Some(wrong) = tokens.missing_in(output.clone()) {
        panic!("{wrong} in {input}\nwhich becomes {output}");
    }
}

/// The finding of arrows.
pub fn lexer(input: &[u8]) {
    forget();
    let Some(tokens) = tokens(input) else { return };
    let run = Run::new(tokens.into_iter().collect());
    let mut t = run.cursor();
    let length = t.rest().len();
    let mut arrows = 0;
    while !t.at_end() {
        let (from, arrow) = (t.position(), t.arrow());
        if arrow.is_some() {
            assert!(t.is_joint(0, '<') && t.is_punct(1, '-'), "an arrow is two characters");
            arrows += 1;
        }
        t.opens_negative_argument();
        let taken = if arrow.is_some() { 2 } else { 1 };
        let mut out = Vec::new();
        arrow::skip::lifetime(&mut t, &mut out);
        arrow::skip::attributes(&mut t, &mut out);
        if t.position() == from {
            t.copy(taken, &mut out);
        }
        assert_eq!(out.len(), t.position() - from, "what is passed over is copied");
    }
    assert!(2 * arrows <= length);
    for skip in [
        arrow::skip::angles,
        arrow::skip::cast_type,
        arrow::skip::pattern_and_type,
    ] {
        let (mut t, mut out) = (run.cursor(), Vec::new());
        skip(&mut t, &mut out);
        assert_eq!(out.len(), t.position(), "what is passed over is copied");
    }
}

/// The block macros.
pub fn lowering(input: &[u8]) {
    forget();
    let Some(tokens) = tokens(input) else { return };
    holds(&tokens, Grammar::Body, block::co);
    holds(&tokens, Grammar::Body, run::run);
    holds(&tokens, Grammar::Go, go::go);
}

/// `select!`.
pub fn select_parser(input: &[u8]) {
    forget();
    let Some(tokens) = tokens(input) else { return };
    holds(&tokens, Grammar::Select, select::select);
}

/// `main` and `test`, whose options end at the first zero.
pub fn attribute(input: &[u8]) {
    forget();
    let middle = input.iter().position(|&byte| byte == 0).unwrap_or(0);
    let (options, item) = input.split_at(middle);
    let item = tokens(item).unwrap_or_default();
    let options = tokens(options).unwrap_or_default();
    attr::entry(attr::Entry::Main, options.clone(), item.clone());
    attr::entry(attr::Entry::Test, options, item);
}
