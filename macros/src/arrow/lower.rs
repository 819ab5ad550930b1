//! Expressions: where an operand is due, where an operator, and what an arrow is there.
//!
//! Where an operand is due `<-` receives, with the precedence of Rust's unary operators. Where
//! an operator is due it sends, with the lowest precedence of all: to its left stands one
//! operand, to its right whatever the expression still holds. An expression ends at `,`, `;`,
//! `=>`, `else`, at a `{` in the head of an `if`, `match`, `while` or `for`, and at a token that
//! cannot go on with it.

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};

use super::emit::{self, Around, Operand, Send};
use super::known::{Known, known};
use super::lex::{Arrow, Cursor, Run};
use super::skip;
use super::taken::Turn;
use crate::path::Facade;
use crate::tokens::trees;

/// One pass over a body.
pub(crate) struct Lower<'f> {
    pub(crate) facade: &'f Facade,
    /// Whether the innermost block, closure or fn can wait.
    pub(crate) around: Around,
    /// How many changes were made so far. A group in which none was made comes out untouched.
    pub(crate) changes: usize,
    /// The variables that the `let`s around this place have bound.
    pub(crate) locals: Vec<String>,
    /// The loop whose body comes next.
    pub(crate) turn: Option<Turn>,
}

/// What holds in the place of an expression.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    /// What a send is that makes up the whole expression.
    pub(crate) send: Send,
    /// Whether `Name { … }` is a value here; in the head of an `if` the brace opens the body.
    pub(crate) structs: bool,
}

impl Rules {
    pub(crate) const STATEMENT: Self = Self {
        send: Send::Statement,
        structs: true,
    };
    pub(crate) const VALUE: Self = Self {
        send: Send::Value,
        structs: true,
    };
    pub(crate) const PART: Self = Self {
        send: Send::Part,
        structs: true,
    };
    pub(crate) const HEAD: Self = Self {
        send: Send::Part,
        structs: false,
    };
}

impl<'f> Lower<'f> {
    pub(crate) fn new(facade: &'f Facade, around: Around) -> Self {
        Self {
            facade,
            around,
            changes: 0,
            locals: Vec::new(),
            turn: None,
        }
    }

    /// One expression, as far as it goes. Returns the arrow if all of it was one send.
    pub(crate) fn expression(
        &mut self,
        t: &mut Cursor<'_>,
        out: &mut Vec<TokenTree>,
        rules: Rules,
    ) -> Option<Arrow> {
        let begin = Begin {
            position: t.position(),
            out: out.len(),
            whole: true,
        };
        let begin = self.condition_pattern(t, out).unwrap_or(begin);
        self.operand(t, out, rules);
        self.operators(t, out, rules, begin)
    }

    /// The rest of an expression whose first operand is out already.
    pub(crate) fn operators(
        &mut self,
        t: &mut Cursor<'_>,
        out: &mut Vec<TokenTree>,
        rules: Rules,
        mut begin: Begin,
    ) -> Option<Arrow> {
        loop {
            let mut cast = false;
            while out.len() > begin.out && t.is_word(0, "as") {
                t.copy(1, out);
                skip::cast_type(t, out);
                cast = true;
            }
            if out.len() > begin.out
                && let Some(arrow) = t.arrow()
            {
                self.send(t, out, rules, begin, arrow, cast);
                return begin.whole.then_some(arrow);
            }
            let range = t.is_operator("..");
            if !operator(t, out) {
                return None;
            }
            let after = Begin {
                position: t.position(),
                out: out.len(),
                whole: false,
            };
            if range && t.is_brace(0) && !rules.structs {
                return None;
            }
            begin = self.condition_pattern(t, out).unwrap_or(after);
            self.operand(t, out, rules);
        }
    }

    /// `let PATTERN =` in a condition.
    fn condition_pattern(&self, t: &mut Cursor<'_>, out: &mut Vec<TokenTree>) -> Option<Begin> {
        if !t.is_word(0, "let") {
            return None;
        }
        skip::pattern_and_type(t, out);
        if t.is_punct(0, '=') {
            t.copy(1, out);
        }
        Some(Begin {
            position: t.position(),
            out: out.len(),
            whole: false,
        })
    }

    /// A send: the channel is out already, the arrow comes next.
    fn send(
        &mut self,
        t: &mut Cursor<'_>,
        out: &mut Vec<TokenTree>,
        rules: Rules,
        begin: Begin,
        arrow: Arrow,
        cast: bool,
    ) {
        let mut channel = operand_of(out.split_off(begin.out), t.between(begin.position), arrow);
        if cast {
            let inner = std::mem::take(&mut channel.tokens);
            channel.tokens = trees!(channel.first=> (#inner));
        }
        t.skip(2);
        let from = t.position();
        let mut value = Vec::new();
        self.expression(
            t,
            &mut value,
            Rules {
                send: Send::Part,
                ..rules
            },
        );
        let value = (!value.is_empty()).then(|| operand_of(value, t.between(from), arrow));
        let send = if begin.whole { rules.send } else { Send::Part };
        self.changes += 1;
        out.extend(emit::send(
            self.facade,
            arrow,
            &channel,
            value.as_ref(),
            self.around,
            send,
        ));
    }

    /// One operand: prefix operators, what they stand before, and what is appended to it.
    pub(crate) fn operand(
        &mut self,
        t: &mut Cursor<'_>,
        out: &mut Vec<TokenTree>,
        rules: Rules,
    ) -> bool {
        loop {
            if t.arrow().is_some() {
                self.receive(t, out, rules, false);
                return true;
            } else if t.is_operator("..") {
                t.copy(if t.is_operator("..=") { 3 } else { 2 }, out);
                if t.is_brace(0) && !rules.structs {
                    return true;
                }
            } else if ['-', '!', '*'].iter().any(|&ch| t.is_punct(0, ch)) {
                t.copy(1, out);
            } else if t.is_punct(0, '&') {
                reference(t, out);
            } else if let Some(length) = skip::attribute(t) {
                t.copy(length, out);
            } else {
                break;
            }
        }
        self.primary(t, out, rules) && {
            self.postfix(t, out, rules);
            true
        }
    }

    /// `<-operand`; `alone` if nothing but its semicolon follows it in its statement.
    pub(crate) fn receive(
        &mut self,
        t: &mut Cursor<'_>,
        out: &mut Vec<TokenTree>,
        rules: Rules,
        alone: bool,
    ) {
        let Some(arrow) = t.arrow() else { return };
        self.changes += 1;
        match self.received(t, rules) {
            Some(operand) => {
                // A statement that goes on behind the operand needs an operand here.
                let alone = alone && t.is_punct(0, ';');
                out.extend(emit::receive(
                    self.facade,
                    arrow,
                    &operand,
                    self.around,
                    alone,
                ));
            }
            None => out.extend(emit::nothing_received(self.facade, arrow)),
        }
    }

    /// An arrow and the operand behind it; nothing if no operand is there.
    pub(crate) fn received(&mut self, t: &mut Cursor<'_>, rules: Rules) -> Option<Operand> {
        let arrow = t.arrow()?;
        t.skip(2);
        if t.is_brace(0) && !rules.structs && !head_goes_on(t) {
            return None;
        }
        let from = t.position();
        let mut tokens = Vec::new();
        if !self.operand(t, &mut tokens, rules) && tokens.is_empty() {
            return None;
        }
        Some(operand_of(tokens, t.between(from), arrow))
    }

    /// What an operand begins with.
    fn primary(&mut self, t: &mut Cursor<'_>, out: &mut Vec<TokenTree>, rules: Rules) -> bool {
        match t.peek(0) {
            Some(TokenTree::Literal(_)) => t.copy(1, out),
            Some(_) if skip::lifetime_length(t).is_some() => return self.labelled(t, out),
            Some(TokenTree::Group(group)) => {
                t.skip(1);
                let lowered = match group.delimiter() {
                    // A path or a type, and not an expression.
                    Delimiter::None if t.is_operator("::") || t.is_punct(0, '!') => {
                        group.clone().into()
                    }
                    Delimiter::None if rules.structs && t.is_brace(0) => group.clone().into(),
                    _ => self.group_as_operand(group),
                };
                out.push(lowered);
            }
            Some(TokenTree::Ident(_)) => return self.word(t, out, rules),
            Some(TokenTree::Punct(punct)) => match punct.as_char() {
                '|' => self.closure(t, out, rules),
                '<' => {
                    skip::angles(t, out);
                    self.path(t, out, rules);
                }
                ':' if t.is_operator("::") => self.path(t, out, rules),
                _ => return false,
            },
            None => return false,
        }
        true
    }

    /// An operand that begins with a word.
    fn word(&mut self, t: &mut Cursor<'_>, out: &mut Vec<TokenTree>, rules: Rules) -> bool {
        if begins_no_operand(t.word(0)) {
            return false;
        }
        if self.begins_closure(t) {
            self.closure(t, out, rules);
        } else if matches!(
            t.word(0),
            "return" | "break" | "continue" | "yield" | "become"
        ) {
            self.leaving(t, out, rules);
        } else if !self.block_like(t, out) && !self.async_block(t, out) {
            self.path(t, out, rules);
        }
        true
    }

    /// `return VALUE`, `break 'a VALUE`.
    fn leaving(&mut self, t: &mut Cursor<'_>, out: &mut Vec<TokenTree>, rules: Rules) {
        t.copy(1, out);
        skip::lifetime(t, out);
        if rules.structs || !t.is_brace(0) {
            self.expression(
                t,
                out,
                Rules {
                    send: Send::Value,
                    ..rules
                },
            );
        }
    }

    /// `async { … }`, `async move { … }`.
    fn async_block(&mut self, t: &mut Cursor<'_>, out: &mut Vec<TokenTree>) -> bool {
        let words = 1 + usize::from(t.is_word(1, "move"));
        let found = t.is_word(0, "async") && t.is_brace(words);
        if found {
            t.copy(words, out);
            self.block(t, out, Around::Async, false);
        }
        found
    }

    fn begins_closure(&self, t: &Cursor<'_>) -> bool {
        if t.is_word(0, "for") {
            return t.is_punct(1, '<');
        }
        let mut words = 0;
        while matches!(t.word(words), "static" | "async" | "move" | "const") {
            words += 1;
        }
        words > 0 && t.is_punct(words, '|')
    }

    /// A closure, whose body is the rest of the expression.
    fn closure(&mut self, t: &mut Cursor<'_>, out: &mut Vec<TokenTree>, rules: Rules) {
        let mut around = Around::Closure;
        while !t.at_end() && !t.is_punct(0, '|') && !t.is_punct(0, ';') {
            if t.is_word(0, "async") {
                around = Around::Async;
            }
            if t.is_punct(0, '<') {
                skip::angles(t, out)
            } else {
                t.copy(1, out)
            }
        }
        if !t.is_punct(0, '|') {
            return;
        }
        t.copy(1, out);
        while !t.at_end() && !t.is_punct(0, '|') && !t.is_punct(0, ';') {
            if t.is_punct(0, '<') {
                skip::angles(t, out)
            } else {
                t.copy(1, out)
            }
        }
        if t.is_punct(0, '|') {
            t.copy(1, out);
        }
        if t.is_operator("->") {
            t.copy(2, out);
            skip::cast_type(t, out);
        }
        let outer = std::mem::replace(&mut self.around, around);
        self.expression(
            t,
            out,
            Rules {
                send: Send::Statement,
                ..rules
            },
        );
        self.around = outer;
    }

    /// A path, and what makes it a macro call or a struct.
    fn path(&mut self, t: &mut Cursor<'_>, out: &mut Vec<TokenTree>, rules: Rules) {
        let mut words = Vec::new();
        loop {
            if t.is_operator("::") {
                t.copy(2, out);
            }
            if t.is_punct(0, '<') && !words.is_empty() {
                skip::angles(t, out);
            } else if t.ident(0).is_some() && (words.is_empty() || t.is_name(0)) {
                words.push(t.word(0));
                t.copy(1, out);
            }
            if !t.is_operator("::") {
                break;
            }
        }
        if t.is_punct(0, '!') && matches!(t.peek(1), Some(TokenTree::Group(_))) {
            t.copy(1, out);
            self.macro_arguments(t, out, &words);
        } else if rules.structs
            && let Some(group) = t.group(0, Delimiter::Brace)
        {
            t.skip(1);
            let lowered = self.regrouped(group, |lower, inner, out| lower.fields(inner, out));
            out.push(lowered);
        }
    }

    fn macro_arguments(&mut self, t: &mut Cursor<'_>, out: &mut Vec<TokenTree>, path: &[&str]) {
        let Some(TokenTree::Group(group)) = t.next() else {
            return;
        };
        let lowered = match known(path) {
            None => group.clone().into(),
            Some(Known::Expressions) => self.regrouped(group, |lower, inner, out| {
                lower.list(inner, out, Rules::VALUE);
            }),
            Some(Known::Pattern) => self.regrouped(group, |lower, inner, out| {
                lower.expression(inner, out, Rules::VALUE);
                skip::pattern(inner, out, "if");
                lower.list(inner, out, Rules::PART);
            }),
        };
        out.push(lowered);
    }

    /// What is appended to an operand: fields, methods, calls, indexes, `?`.
    pub(crate) fn postfix(&mut self, t: &mut Cursor<'_>, out: &mut Vec<TokenTree>, rules: Rules) {
        loop {
            if t.is_punct(0, '.') && !t.is_operator("..") {
                t.copy(1, out);
                // A keyword begins the next line, behind a name that is still missing here.
                let literal = matches!(t.peek(0), Some(TokenTree::Literal(_)));
                if literal || t.is_field(0) || t.is_word(0, "await") {
                    t.copy(1, out);
                }
            } else if t.is_operator("::") {
                t.copy(2, out);
                if t.is_punct(0, '<') {
                    skip::angles(t, out);
                } else if t.is_name(0) {
                    self.path(t, out, rules);
                }
            } else if t.is_punct(0, '?') {
                t.copy(1, out);
            } else if let Some(group) = t.group(0, Delimiter::Parenthesis) {
                t.skip(1);
                let lowered = self.regrouped(group, |lower, inner, out| {
                    lower.list(inner, out, Rules::VALUE);
                });
                out.push(lowered);
            } else if let Some(group) = t.group(0, Delimiter::Bracket) {
                t.skip(1);
                let lowered = self.regrouped(group, |lower, inner, out| {
                    lower.list(inner, out, Rules::PART);
                });
                out.push(lowered);
            } else {
                return;
            }
        }
    }

    /// A group where an operand is due: parentheses, an array, a block, an invisible group.
    fn group_as_operand(&mut self, group: &Group) -> TokenTree {
        match group.delimiter() {
            Delimiter::Parenthesis => self.parentheses(group),
            Delimiter::Bracket => self.regrouped(group, |lower, inner, out| {
                lower.list(inner, out, Rules::PART);
            }),
            Delimiter::Brace => self.block_group(group, self.around, false),
            Delimiter::None => self.seen_through(group),
        }
    }

    /// What a `macro_rules` variable stands for. The compiler forgets the bounds of an invisible
    /// group that has been through a macro like this one, so `2 * $e` needs parentheses.
    fn seen_through(&mut self, group: &Group) -> TokenTree {
        let lowered = self.invisible(group);
        match lowered {
            TokenTree::Group(group) if group.stream().into_iter().nth(1).is_some() => {
                self.changes += 1;
                let span = crate::path::hidden(group.span());
                emit::grouped(Delimiter::Parenthesis, span, group.stream())
            }
            lowered => lowered,
        }
    }

    /// The content of an invisible group, which stays one.
    pub(crate) fn invisible(&mut self, group: &Group) -> TokenTree {
        self.regrouped(group, |lower, inner, out| {
            lower.statements(inner, out, false, Rules::VALUE);
        })
    }

    /// `(operand)`, or a tuple: alone in parentheses a send is a value.
    fn parentheses(&mut self, group: &Group) -> TokenTree {
        let mut sent = false;
        let lowered = self.regrouped(group, |lower, inner, out| {
            let arrow = lower.expression(inner, out, Rules::VALUE);
            sent = arrow.is_some();
            if let (Some(arrow), Some(_)) = (arrow, inner.peek(0)) {
                let value: TokenStream = out.drain(..).collect();
                out.extend(in_tuple(arrow, value));
            }
            lower.list(inner, out, Rules::PART);
        });
        match lowered {
            // Asked for by this grammar, so no lint may call them superfluous.
            TokenTree::Group(mut group) if sent => {
                group.set_span(crate::path::hidden(group.span()));
                group.into()
            }
            lowered => lowered,
        }
    }

    /// Expressions between commas or semicolons.
    pub(crate) fn list(&mut self, t: &mut Cursor<'_>, out: &mut Vec<TokenTree>, rules: Rules) {
        while !t.at_end() {
            let from = t.position();
            self.expression(t, out, rules);
            if t.is_punct(0, ',') || t.is_punct(0, ';') || t.position() == from {
                t.copy(1, out);
            }
        }
    }

    /// The fields of a struct: `name: value`, `name`, `..base`.
    fn fields(&mut self, t: &mut Cursor<'_>, out: &mut Vec<TokenTree>) {
        while !t.at_end() {
            let from = t.position();
            skip::attributes(t, out);
            if t.is_punct(1, ':') && !(t.is_joint(1, ':') && t.is_punct(2, ':')) {
                t.copy(2, out);
            }
            self.expression(t, out, Rules::PART);
            if t.is_punct(0, ',') || t.position() == from {
                t.copy(1, out);
            }
        }
    }

    /// A group whose content is rewritten, or the very same one if nothing was.
    pub(crate) fn regrouped(
        &mut self,
        group: &Group,
        rewrite: impl FnOnce(&mut Self, &mut Cursor<'_>, &mut Vec<TokenTree>),
    ) -> TokenTree {
        let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
        if !may_change(&tokens) {
            return group.clone().into();
        }
        let before = self.changes;
        let run = Run::new(tokens);
        let mut cursor = run.cursor();
        let mut out = Vec::with_capacity(cursor.rest().len());
        rewrite(self, &mut cursor, &mut out);
        out.extend_from_slice(cursor.rest());
        if self.changes == before {
            return group.clone().into();
        }
        emit::grouped(group.delimiter(), group.span(), out.into_iter().collect())
    }
}

/// Whether anything here can come out changed: an arrow, or something in a group.
fn may_change(tokens: &[TokenTree]) -> bool {
    let mut joint_less = false;
    for token in tokens {
        joint_less = match token {
            TokenTree::Group(_) => return true,
            TokenTree::Punct(punct) if joint_less && punct.as_char() == '-' => return true,
            TokenTree::Punct(punct) => punct.as_char() == '<' && punct.spacing() == Spacing::Joint,
            _ => false,
        };
    }
    false
}

/// Where the operand began that is read now, or was read last.
#[derive(Clone, Copy)]
pub(crate) struct Begin {
    pub(crate) position: usize,
    pub(crate) out: usize,
    /// Whether nothing of the expression stands before it.
    pub(crate) whole: bool,
}

fn operand_of(tokens: Vec<TokenTree>, source: &[TokenTree], arrow: Arrow) -> Operand {
    Operand::new(tokens.into(), source, arrow.less)
}

/// Whether the brace in a head is an operand, and the head's own block comes later: if it is the
/// block itself, no second one follows, nor what can only go on with an expression.
fn head_goes_on(t: &Cursor<'_>) -> bool {
    let mut after = *t;
    after.skip(1);
    let operator = [
        "==", "!=", "<=", ">=", "&&", "||", "..", "+", "/", "%", "^", ">",
    ];
    after.is_brace(0)
        || after.group(0, Delimiter::None).is_some()
        || after.is_word(0, "as")
        || after.is_punct(0, '.')
        || after.is_punct(0, '?')
        || operator.iter().any(|operator| after.is_operator(operator))
}

/// A send as the first element of a tuple.
fn in_tuple(arrow: Arrow, value: TokenStream) -> TokenStream {
    let error = emit::arrow_error(arrow, crate::message::SEND_IN_EXPRESSION);
    quote::quote_spanned!(crate::path::hidden(arrow.less)=> ({ #error #value }))
}

/// Whether a word begins no operand, or ends what stands before it.
fn begins_no_operand(word: &str) -> bool {
    matches!(
        word,
        "as" | "else" | "in" | "let" | "where" | "mut" | "ref" | "dyn"
    )
}

/// `&`, `&mut`, `&raw const`.
fn reference(t: &mut Cursor<'_>, out: &mut Vec<TokenTree>) {
    t.copy(1, out);
    if t.is_word(0, "mut") {
        t.copy(1, out);
    } else if t.is_word(0, "raw") && (t.is_word(1, "const") || t.is_word(1, "mut")) {
        t.copy(2, out);
    }
}

/// Copies a binary operator, if one stands here.
fn operator(t: &mut Cursor<'_>, out: &mut Vec<TokenTree>) -> bool {
    const OPERATORS: [&str; 30] = [
        "<<=", ">>=", "..=", "...", "&&", "||", "==", "!=", "<=", ">=", "<<", ">>", "..", "+=",
        "-=", "*=", "/=", "%=", "^=", "&=", "|=", "+", "-", "*", "/", "%", "^", "&", "|", "<",
    ];
    let Some(TokenTree::Punct(first)) = t.peek(0) else {
        return false;
    };
    if matches!(first.as_char(), ',' | ';') || t.is_operator("=>") {
        return false;
    }
    let found = OPERATORS
        .iter()
        .find(|operator| t.is_operator(operator))
        .map(|found| found.len());
    let single = t.is_punct(0, '>') || t.is_punct(0, '=');
    match found.or(single.then_some(1)) {
        Some(length) => t.copy(length, out),
        None => return false,
    }
    true
}
