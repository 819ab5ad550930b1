//! Passing over what holds no operators: patterns, types, generic arguments, attributes.
//!
//! In a type `<-1>` is an argument and never an arrow. Each function copies what it passes over
//! and stops at the end, at a semicolon, or behind what it was asked for.

use proc_macro2::{Delimiter, TokenTree};

use super::emit::grouped;
use super::lex::{Cursor, Run};
use crate::path::hidden;

/// Copies attributes, inner ones too.
pub(crate) fn attributes(t: &mut Cursor<'_>, out: &mut Vec<TokenTree>) {
    while let Some(length) = attribute(t) {
        t.copy(length, out);
    }
}

/// How many tokens the attribute has that starts here, if one does.
pub(crate) fn attribute(t: &Cursor<'_>) -> Option<usize> {
    let bang = usize::from(t.is_punct(1, '!'));
    let is_one = t.is_punct(0, '#') && t.group(1 + bang, Delimiter::Bracket).is_some();
    is_one.then_some(2 + bang)
}

/// Copies a label or a lifetime, `'a`, if one stands here.
pub(crate) fn lifetime(t: &mut Cursor<'_>, out: &mut Vec<TokenTree>) -> bool {
    let length = lifetime_length(t);
    if let Some(length) = length {
        t.copy(length, out);
    }
    length.is_some()
}

/// How many tokens the lifetime has that begins here, if one does: of `$name:lifetime`
/// `macro_rules` makes an invisible group.
pub(crate) fn lifetime_length(t: &Cursor<'_>) -> Option<usize> {
    if t.is_joint(0, '\'') && t.ident(1).is_some() {
        return Some(2);
    }
    let inner = Run::of(t.group(0, Delimiter::None)?);
    let inner = inner.cursor();
    lifetime_length(&inner)
        .filter(|&length| length == inner.rest().len())
        .and(Some(1))
}

/// Copies a pattern, and a type behind a colon, up to the `=` of an initialiser.
pub(crate) fn pattern_and_type(t: &mut Cursor<'_>, out: &mut Vec<TokenTree>) {
    while !t.at_end() && !t.is_punct(0, ';') {
        if t.is_operator("..=") || t.is_operator("::") {
            t.copy(if t.is_punct(0, '.') { 3 } else { 2 }, out);
        } else if t.is_punct(0, '<') {
            angles(t, out);
        } else if t.is_punct(0, '=') || t.is_operator("=>") {
            return;
        } else {
            t.copy(1, out);
        }
    }
}

/// A pattern as a `let` takes it, where one with alternatives needs parentheses.
pub(crate) fn in_let(pattern: Vec<TokenTree>) -> Vec<TokenTree> {
    let is_bar = |token: &TokenTree| matches!(token, TokenTree::Punct(p) if p.as_char() == '|');
    match pattern.first() {
        Some(first) if pattern.iter().any(is_bar) => {
            let span = hidden(first.span());
            vec![grouped(
                Delimiter::Parenthesis,
                span,
                pattern.into_iter().collect(),
            )]
        }
        _ => pattern,
    }
}

/// Copies tokens up to the word `end`, or the fat arrow of a match arm.
pub(crate) fn pattern(t: &mut Cursor<'_>, out: &mut Vec<TokenTree>, end: &str) {
    while !t.at_end() && !t.is_punct(0, ';') && !t.is_operator("=>") && !t.is_word(0, end) {
        t.copy(1, out);
    }
}

/// Copies `<…>`, whatever is nested in it.
pub(crate) fn angles(t: &mut Cursor<'_>, out: &mut Vec<TokenTree>) {
    let mut depth = 0_usize;
    while !t.at_end() && !t.is_punct(0, ';') {
        if t.is_operator("->") || t.is_operator("=>") {
            t.copy(2, out);
            continue;
        }
        if t.is_punct(0, '<') {
            depth += 1;
        } else if t.is_punct(0, '>') {
            depth = depth.saturating_sub(1);
        }
        t.copy(1, out);
        if depth == 0 {
            return;
        }
    }
}

/// Copies the type behind an `as`.
pub(crate) fn cast_type(t: &mut Cursor<'_>, out: &mut Vec<TokenTree>) {
    loop {
        let prefix = t.is_punct(0, '&') || t.is_punct(0, '*');
        let word = matches!(
            t.word(0),
            "mut" | "const" | "dyn" | "impl" | "unsafe" | "extern"
        );
        if prefix || word || matches!(t.peek(0), Some(TokenTree::Literal(_))) {
            t.copy(1, out);
        } else if t.is_word(0, "for") && t.is_punct(1, '<') {
            t.copy(1, out);
            angles(t, out);
        } else if !lifetime(t, out) {
            break;
        }
    }
    if t.is_punct(0, '!') || matches!(t.peek(0), Some(TokenTree::Group(_))) {
        return t.copy(1, out);
    }
    if t.is_punct(0, '<') && t.arrow().is_none() {
        angles(t, out);
    }
    type_path(t, out);
}

fn type_path(t: &mut Cursor<'_>, out: &mut Vec<TokenTree>) {
    loop {
        if t.is_operator("::") {
            t.copy(2, out);
        }
        let is_function = t.is_word(0, "fn") || t.ident(0).is_some_and(is_call_trait);
        match t.ident(0) {
            Some(_) => t.copy(1, out),
            None => return,
        }
        if is_function && t.group(0, Delimiter::Parenthesis).is_some() {
            t.copy(1, out);
            if t.is_operator("->") {
                t.copy(2, out);
                cast_type(t, out);
            }
            return;
        }
        generic_arguments(t, out);
        if !t.is_operator("::") {
            return;
        }
    }
}

fn is_call_trait(ident: &proc_macro2::Ident) -> bool {
    ["Fn", "FnMut", "FnOnce"].iter().any(|name| ident == name)
}

/// Copies generic arguments in the position of a type, with or without `::` before them.
fn generic_arguments(t: &mut Cursor<'_>, out: &mut Vec<TokenTree>) {
    if t.is_operator("::") && t.is_punct(2, '<') {
        t.copy(2, out);
    }
    let compares = t.is_operator("<=") || t.is_operator("<<");
    if t.is_punct(0, '<') && !compares && (t.arrow().is_none() || t.opens_negative_argument()) {
        angles(t, out);
    }
}
