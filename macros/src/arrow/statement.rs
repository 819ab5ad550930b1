//! Statements, blocks, and the expressions that are made of blocks.
//!
//! A statement ends at its semicolon, or behind the brace of an expression that ends with one:
//! as in Rust, `if a { … } <-rx` is two statements, and `match x { … }.field` is one.

use std::borrow::Cow;

use proc_macro2::{Delimiter, Group, Punct, Spacing, TokenTree};

use super::emit::{self, Around, Each};
use super::lex::{Cursor, Run, words};
use super::lower::{Begin, Lower, Rules};
use super::skip;
use super::taken::{self, Turn, Watch};
use crate::path::hidden;
use crate::tokens::Trees;

impl Lower<'_> {
    /// Statements up to the end. Returns whether there were items, and nothing but items.
    ///
    /// In a `unit` body nothing but `()` can be the value of the last one; `tail` is what holds
    /// for an expression that stands there.
    pub(crate) fn statements(
        &mut self,
        t: &mut Cursor<'_>,
        out: &mut Vec<TokenTree>,
        unit: bool,
        tail: Rules,
    ) -> bool {
        let mut only_items = !t.at_end();
        let (locals, turn) = (self.locals.len(), self.turn.take());
        let mut watch = Watch::default();
        while !t.at_end() {
            let (from, at) = (t.position(), out.len());
            skip::attributes(t, out);
            if t.is_punct(0, ';') {
                t.copy(1, out);
            } else if begins_item(t) {
                self.item(t, out);
            } else if let Some(group) = invisible_item(t) {
                t.skip(1);
                let lowered = self.invisible(group);
                out.push(lowered);
            } else {
                only_items = false;
                self.statement(t, out, unit, tail);
            }
            if t.position() == from {
                t.copy(1, out);
            }
            let (statement, all) = (t.since(from), t.all());
            let questions =
                watch.statement(self.facade, statement, all, &self.locals, turn.as_ref());
            if !questions.is_empty() {
                self.changes += 1;
                out.splice(at..at, questions);
            }
        }
        self.locals.truncate(locals);
        only_items
    }

    fn statement(&mut self, t: &mut Cursor<'_>, out: &mut Vec<TokenTree>, unit: bool, tail: Rules) {
        if t.is_word(0, "let") {
            return self.binding(t, out);
        }
        if t.arrow().is_some() {
            let begin = Begin {
                position: t.position(),
                out: out.len(),
                whole: true,
            };
            self.receive(t, out, tail, true);
            self.operators(t, out, tail, begin);
        } else {
            let go = begins_go(t);
            self.leading(t, out, tail);
            let ended = t.peek(0).is_some_and(|_| !t.is_punct(0, ';'));
            if go && (ended || (unit && t.at_end())) && ends_with_brace(out) {
                self.semicolon(out);
            }
        }
        if t.is_punct(0, ';') {
            t.copy(1, out);
        }
    }

    /// An expression where a statement may stand: it may end behind a brace.
    pub(crate) fn leading(&mut self, t: &mut Cursor<'_>, out: &mut Vec<TokenTree>, rules: Rules) {
        let begin = Begin {
            position: t.position(),
            out: out.len(),
            whole: true,
        };
        let brace = block_of(t);
        if let Some(group) = whole_invisible(t).filter(|_| brace.is_none()) {
            t.skip(1);
            let lowered = self.invisible(group);
            return out.push(lowered);
        }
        if let Some(group) = &brace {
            t.skip(1);
            let lowered = self.block_group(group, self.around, false);
            out.push(lowered);
        }
        let ended = brace.is_some()
            || (skip::lifetime_length(t).is_some() && self.labelled(t, out))
            || self.block_like(t, out)
            || self.brace_macro(t, out);
        if !ended {
            self.expression(t, out, rules);
        } else if t.is_punct(0, '?') || (t.is_punct(0, '.') && !t.is_operator("..")) {
            self.postfix(t, out, rules);
            self.operators(t, out, rules, begin);
        }
    }

    /// A macro call with braces, which ends a statement as a block does.
    fn brace_macro(&mut self, t: &mut Cursor<'_>, out: &mut Vec<TokenTree>) -> bool {
        let length = macro_path(t).filter(|&length| t.is_brace(length + 1));
        let Some(length) = length else { return false };
        let from = t.position();
        t.skip(length + 2);
        // As an operand it is looked into where its name is known.
        self.operand(&mut t.since(from), out, Rules::PART);
        true
    }

    fn semicolon(&mut self, out: &mut Vec<TokenTree>) {
        let at = out
            .last()
            .map_or_else(proc_macro2::Span::mixed_site, TokenTree::span);
        let mut punct = Punct::new(';', Spacing::Alone);
        punct.set_span(hidden(at));
        out.push(punct.into());
        self.changes += 1;
    }

    /// `let PATTERN: TYPE = INITIALISER else { … };`
    fn binding(&mut self, t: &mut Cursor<'_>, out: &mut Vec<TokenTree>) {
        let from = t.position();
        skip::pattern_and_type(t, out);
        let pattern = t.since(from);
        if t.is_punct(0, '=') {
            t.copy(1, out);
            self.expression(t, out, Rules::VALUE);
        }
        if t.is_word(0, "else") {
            t.copy(1, out);
            self.block(t, out, self.around, false);
        }
        if t.is_punct(0, ';') {
            t.copy(1, out);
        }
        taken::bound(&pattern, &mut self.locals);
    }

    /// `if`, `match`, `while`, `for`, `loop`, and blocks behind a word.
    pub(crate) fn block_like(&mut self, t: &mut Cursor<'_>, out: &mut Vec<TokenTree>) -> bool {
        if t.is_word(0, "if") {
            self.if_chain(t, out);
        } else if t.is_word(0, "match") {
            self.match_arms(t, out);
        } else if t.is_word(0, "while") {
            t.copy(1, out);
            let from = t.position();
            self.expression(t, out, Rules::HEAD);
            self.turn(t, t.between(from));
            self.block(t, out, self.around, true);
        } else if t.is_word(0, "for") && !t.is_punct(1, '<') {
            self.for_loop(t, out, Vec::new());
        } else if t.is_word(0, "loop") && t.is_brace(1) {
            t.copy(1, out);
            self.turn(t, &[]);
            self.block(t, out, self.around, true);
        } else if (t.is_word(0, "unsafe") || t.is_word(0, "try")) && t.is_brace(1) {
            t.copy(1, out);
            self.block(t, out, self.around, false);
        } else if t.is_word(0, "const") && t.is_brace(1) {
            t.copy(1, out);
            self.block(t, out, Around::Const, false);
        } else {
            return false;
        }
        true
    }

    /// Notes that the block that stands here, if one does, is the body of a loop.
    fn turn(&mut self, t: &Cursor<'_>, head: &[TokenTree]) {
        self.turn = t.is_brace(0).then(|| Turn {
            head: head.to_vec(),
            outside: self.locals.len(),
        });
    }

    /// A label and its loop or block.
    pub(crate) fn labelled(&mut self, t: &mut Cursor<'_>, out: &mut Vec<TokenTree>) -> bool {
        let mut label = Vec::new();
        if !skip::lifetime(t, &mut label) {
            return false;
        }
        if t.is_punct(0, ':') {
            t.copy(1, &mut label);
        }
        if t.is_word(0, "for") && !t.is_punct(1, '<') {
            self.for_loop(t, out, label);
            return true;
        }
        out.extend(label);
        if !self.block_like(t, out) {
            self.block(t, out, self.around, false);
        }
        true
    }

    /// The brace that stands here, if one does.
    pub(crate) fn block(
        &mut self,
        t: &mut Cursor<'_>,
        out: &mut Vec<TokenTree>,
        around: Around,
        unit: bool,
    ) {
        if let Some(group) = t.group(0, Delimiter::Brace) {
            t.skip(1);
            let lowered = self.block_group(group, around, unit);
            out.push(lowered);
        }
    }

    pub(crate) fn block_group(&mut self, group: &Group, around: Around, unit: bool) -> TokenTree {
        let outer = std::mem::replace(&mut self.around, around);
        let mut one_operator = false;
        let lowered = self.regrouped(group, |lower, inner, out| {
            one_operator = is_one_operator(*inner);
            lower.statements(inner, out, unit, Rules::STATEMENT);
        });
        self.around = outer;
        match lowered {
            // The braces around `{ tx <- v }` say that it is a statement, so no lint may call them
            // superfluous.
            TokenTree::Group(mut lowered) if one_operator => {
                lowered.set_span(hidden(group.span()));
                lowered.into()
            }
            lowered => lowered,
        }
    }

    /// `if A { … } else if B { … } else { … }`; without the last part all have the type `()`.
    fn if_chain(&mut self, t: &mut Cursor<'_>, out: &mut Vec<TokenTree>) {
        let mut bodies = Vec::new();
        let mut complete = false;
        loop {
            t.copy(1, out);
            self.expression(t, out, Rules::HEAD);
            if let Some(group) = t.group(0, Delimiter::Brace) {
                bodies.push((out.len(), group));
                t.copy(1, out);
            }
            if !t.is_word(0, "else") {
                break;
            }
            t.copy(1, out);
            if !t.is_word(0, "if") {
                complete = true;
                self.block(t, out, self.around, false);
                break;
            }
        }
        for (at, group) in bodies {
            out[at] = self.block_group(group, self.around, !complete);
        }
    }

    /// `match VALUE { PATTERN if GUARD => BODY, … }`
    fn match_arms(&mut self, t: &mut Cursor<'_>, out: &mut Vec<TokenTree>) {
        t.copy(1, out);
        self.expression(t, out, Rules::HEAD);
        if let Some(group) = t.group(0, Delimiter::Brace) {
            t.skip(1);
            let lowered = self.regrouped(group, |lower, inner, out| lower.arms(inner, out));
            out.push(lowered);
        }
    }

    fn arms(&mut self, t: &mut Cursor<'_>, out: &mut Vec<TokenTree>) {
        while !t.at_end() {
            let from = t.position();
            skip::attributes(t, out);
            skip::pattern(t, out, "if");
            if t.is_word(0, "if") {
                t.copy(1, out);
                self.expression(t, out, Rules::PART);
            }
            if t.is_operator("=>") {
                t.copy(2, out);
                self.leading(t, out, Rules::STATEMENT);
            }
            if t.is_punct(0, ',') || t.position() == from {
                t.copy(1, out);
            }
        }
    }

    /// `for PATTERN in HEAD { … }`, where the head may be a receive.
    fn for_loop(
        &mut self,
        t: &mut Cursor<'_>,
        out: &mut Vec<TokenTree>,
        mut label: Vec<TokenTree>,
    ) {
        let Some(keyword_for) = t.next() else { return };
        let from = t.position();
        let mut pattern = Vec::new();
        skip::pattern(t, &mut pattern, "in");
        let plain = |label: &mut Vec<TokenTree>, out: &mut Vec<TokenTree>, pattern| {
            out.append(label);
            out.push(keyword_for.clone());
            out.extend::<Vec<_>>(pattern);
        };
        let Some(keyword_in) = t.peek(0).filter(|_| t.is_word(0, "in")) else {
            return plain(&mut label, out, pattern);
        };
        t.skip(1);
        let begin = t.position();
        let Some(arrow) = t.arrow() else {
            plain(&mut label, out, pattern);
            out.push(keyword_in.clone());
            self.expression(t, out, Rules::HEAD);
            self.turn(t, t.between(from));
            return self.block(t, out, self.around, true);
        };
        self.changes += 1;
        let operand = self.received(t, Rules::HEAD);
        let body = block_of(t);
        let (Some(operand), Some(body)) = (&operand, &body) else {
            plain(&mut label, out, pattern);
            out.push(keyword_in.clone());
            let begin = Begin {
                position: begin,
                out: out.len(),
                whole: true,
            };
            out.extend(match operand {
                Some(operand) => emit::receive(self.facade, arrow, &operand, self.around, false),
                None => emit::nothing_received(self.facade, arrow),
            });
            self.operators(t, out, Rules::HEAD, begin);
            return self.block(t, out, self.around, true);
        };
        self.turn(t, t.between(from));
        t.skip(1);
        let each = Each {
            label: label.into_iter().collect(),
            keywords: [keyword_for.clone(), keyword_in.clone()],
            pattern: skip::in_let(pattern).into_iter().collect(),
            body: self.block_group(body, self.around, true).into(),
        };
        out.extend(emit::receive_each(
            self.facade,
            arrow,
            operand,
            self.around,
            &each,
        ));
    }

    /// An item, whose own bodies are lowered.
    fn item(&mut self, t: &mut Cursor<'_>, out: &mut Vec<TokenTree>) {
        // The variables around an item are none of its business.
        let locals = std::mem::take(&mut self.locals);
        let kind = item_kind(t);
        let is_async = item_words(t).any(|word| word == "async");
        match kind {
            "fn" => {
                header(t, out, true);
                let around = if is_async { Around::Async } else { Around::Fn };
                self.block(t, out, around, false);
            }
            "impl" | "trait" | "mod" => {
                header(t, out, true);
                if let Some(group) = t.group(0, Delimiter::Brace) {
                    t.skip(1);
                    let lowered = self.regrouped(group, |lower, inner, out| {
                        lower.statements(inner, out, false, Rules::PART);
                    });
                    out.push(lowered);
                }
            }
            "const" | "static" => {
                skip::pattern_and_type(t, out);
                if t.is_punct(0, '=') {
                    t.copy(1, out);
                    let outer = std::mem::replace(&mut self.around, Around::Const);
                    self.expression(t, out, Rules::VALUE);
                    self.around = outer;
                }
            }
            "struct" | "enum" | "union" | "macro_rules" | "extern" => {
                header(t, out, true);
                if t.is_brace(0) {
                    t.copy(1, out);
                }
            }
            _ => header(t, out, false),
        }
        if t.is_punct(0, ';') {
            t.copy(1, out);
        }
        self.locals = locals;
    }
}

/// An invisible group that is a whole statement or item, and not the first operand of one.
fn whole_invisible<'a>(t: &Cursor<'a>) -> Option<&'a Group> {
    let goes_on = match t.peek(1) {
        Some(TokenTree::Punct(punct)) => !matches!(punct.as_char(), ';' | ',' | '#' | '\''),
        Some(TokenTree::Group(group)) => group.delimiter() != Delimiter::None,
        Some(TokenTree::Ident(word)) => word == "as",
        _ => false,
    };
    t.group(0, Delimiter::None).filter(|_| !goes_on)
}

/// An invisible group that holds an item, which `macro_rules` makes of `$name:item`.
fn invisible_item<'a>(t: &Cursor<'a>) -> Option<&'a Group> {
    let group = t.group(0, Delimiter::None)?;
    let inner = Run::of(group);
    let mut inner = inner.cursor();
    skip::attributes(&mut inner, &mut Vec::new());
    (begins_item(&inner) || invisible_item(&inner).is_some()).then_some(group)
}

/// The block that stands here, also in the invisible group that `macro_rules` makes of
/// `$name:block`.
fn block_of<'a>(t: &Cursor<'a>) -> Option<Cow<'a, Group>> {
    if let Some(group) = t.group(0, Delimiter::Brace) {
        return Some(Cow::Borrowed(group));
    }
    let inner = Run::of(t.group(0, Delimiter::None)?);
    let inner = inner.cursor();
    let block = block_of(&inner).filter(|_| inner.rest().len() == 1)?;
    Some(Cow::Owned(block.into_owned()))
}

/// Copies up to a semicolon, or to the brace of a body.
fn header(t: &mut Cursor<'_>, out: &mut Vec<TokenTree>, brace: bool) {
    while !t.at_end() && !t.is_punct(0, ';') {
        if brace && t.is_brace(0) {
            return;
        }
        if t.is_punct(0, '<') {
            skip::angles(t, out);
        } else if t.is_operator("->") {
            t.copy(2, out);
        } else {
            t.copy(1, out);
        }
    }
}

/// Whether an item may begin with a word, before the one that says what it is.
fn is_modifier(word: &str) -> bool {
    matches!(
        word,
        "pub" | "async" | "unsafe" | "safe" | "const" | "extern" | "default" | "auto"
    )
}

fn item_words<'a>(t: &Cursor<'a>) -> impl Iterator<Item = &'a str> + use<'a> {
    let t = *t;
    let words = (0..t.rest().len()).map(move |n| t.word(n));
    let words = words.filter(|word| !word.is_empty());
    words.take_while(|word| is_modifier(word))
}

/// The word that says which item begins here, or an empty one.
fn item_kind<'a>(t: &Cursor<'a>) -> &'a str {
    let mut n = 0;
    loop {
        let word = t.word(n);
        if matches!(
            word,
            "fn" | "struct" | "enum" | "trait" | "impl" | "mod" | "use" | "type" | "static"
        ) {
            let closure = word == "static" && (t.is_punct(n + 1, '|') || t.is_word(n + 1, "move"));
            return if closure { "" } else { word };
        }
        if t.is_word(n, "macro_rules") && t.is_punct(n + 1, '!') {
            return "macro_rules";
        }
        if t.is_word(n, "union") && t.ident(n + 1).is_some() {
            return "union";
        }
        if t.is_word(n, "const") && t.is_punct(n + 2, ':') {
            return "const";
        }
        if t.is_word(n, "extern") && (t.is_word(n + 1, "crate") || t.is_brace(n + 1)) {
            return if t.is_brace(n + 1) { "extern" } else { "use" };
        }
        if t.is_word(n, "extern") && t.is_brace(n + 2) {
            return "extern";
        }
        if !is_modifier(word) {
            return "";
        }
        let visibility = t.is_word(n, "pub") && t.group(n + 1, Delimiter::Parenthesis).is_some();
        let abi = t.is_word(n, "extern") && matches!(t.peek(n + 1), Some(TokenTree::Literal(_)));
        n += 1 + usize::from(visibility || abi);
    }
}

fn begins_item(t: &Cursor<'_>) -> bool {
    !item_kind(t).is_empty()
}

/// How many tokens the path of a macro call has that begins here, if one does.
fn macro_path(t: &Cursor<'_>) -> Option<usize> {
    let mut n = if t.is_operator("::") { 2 } else { 0 };
    loop {
        // `$crate` is one word here, as it is for the compiler.
        t.ident(n)?;
        n += 1;
        if t.is_punct(n, '!') {
            return Some(n);
        }
        if !(t.is_joint(n, ':') && t.is_punct(n + 1, ':')) {
            return None;
        }
        n += 2;
    }
}

/// Whether a `go! { … }` begins here.
fn begins_go(t: &Cursor<'_>) -> bool {
    macro_path(t).is_some_and(|n| t.is_word(n - 1, "go") && t.is_brace(n + 1))
}

/// Whether what is left of a block is one expression, with an arrow in it.
fn is_one_operator(mut t: Cursor<'_>) -> bool {
    let mut found = false;
    while !t.at_end() && !t.is_punct(0, ';') {
        found |= t.arrow().is_some();
        t.skip(1);
    }
    found && t.at_end()
}

fn ends_with_brace(out: &[TokenTree]) -> bool {
    matches!(
        out.last(),
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace
    )
}

/// A body of statements, lowered; and whether it holds nothing but items.
pub(crate) fn body(lower: &mut Lower<'_>, tokens: &[TokenTree]) -> (Trees, bool) {
    let words = words(tokens);
    let mut t = Cursor::new(tokens, &words);
    let mut out = Vec::with_capacity(tokens.len());
    let only_items = lower.statements(&mut t, &mut out, false, Rules::STATEMENT);
    (out.into(), only_items)
}
