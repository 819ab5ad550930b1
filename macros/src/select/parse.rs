//! Reading a select.
//!
//! It recovers at the comma: an arm that cannot be read becomes one that waits for nothing,
//! whose body is still there, so that the others are checked and completed as usual.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};

use super::ast::{Arm, Binding, Last, Operation, Select, Value};
use crate::arrow::emit::{self, Around, Operand, Send};
use crate::arrow::lex::{Cursor, Run, words};
use crate::arrow::lower::{Begin, Lower, Rules};
use crate::arrow::skip;
use crate::block::ends;
use crate::message;
use crate::path::{Facade, hidden};
use crate::tokens::{Trees, trees};

/// Reads all arms.
pub(crate) fn parse(facade: &Facade, tokens: &[TokenTree]) -> Select {
    let words = words(tokens);
    let mut parser = Parser {
        t: Cursor::new(tokens, &words),
        lower: Lower::new(facade, Around::Async),
        facade,
        select: Select::default(),
        orphan: false,
        as_go: false,
    };
    parser.biased(true);
    while !parser.t.at_end() {
        let from = parser.t.position();
        if !parser.biased(false) {
            parser.arm();
        }
        if parser.t.position() == from {
            parser.unread();
        }
    }
    parser.select
}

struct Parser<'a> {
    t: Cursor<'a>,
    lower: Lower<'a>,
    facade: &'a Facade,
    select: Select,
    /// The next arm's operation went into the body before it, which has been reported.
    orphan: bool,
    /// The arms are written as Go writes them, which has been reported.
    as_go: bool,
}

impl Parser<'_> {
    fn error(&mut self, at: Span, text: &str) {
        self.select.errors.push(message::at(at, text));
    }

    /// Where the next token stands, or the last one.
    fn here(&self) -> Span {
        self.t.peek(0).map_or_else(Span::call_site, TokenTree::span)
    }

    /// `biased;`, at the start or, wrongly, later.
    fn biased(&mut self, first: bool) -> bool {
        let t = self.t;
        let goes_on = ['.', ':', '=', '<', '?', '!', ',']
            .iter()
            .any(|&ch| t.is_punct(1, ch))
            || matches!(t.peek(1), Some(TokenTree::Group(_)));
        if !t.is_word(0, "biased") || (goes_on && !t.is_punct(1, ',')) {
            return false;
        }
        let at = self.here();
        self.t.skip(1);
        if !self.t.is_punct(0, ';') {
            self.error(at, message::BIASED_SEMICOLON);
        } else if !first {
            self.error(at, message::BIASED_FIRST);
        }
        if self.t.is_punct(0, ';') || self.t.is_punct(0, ',') {
            self.t.skip(1);
        }
        self.select.biased = true;
        true
    }

    fn arm(&mut self) {
        let cfgs = self.attributes();
        if let Some(keyword) = self.last_keyword() {
            return self.last(keyword, cfgs);
        }
        self.case();
        let (from, errors) = (self.t, self.select.errors.len());
        let binding = self.binding();
        let bound = binding.is_some();
        let mut operation = self.operation(bound);
        self.strays(|stray| operation.stray(stray));
        let guard = self.guard();
        let sound = self.select.errors.len() == errors;
        let body = self.body(from, sound);
        self.select.arms.push(Arm {
            cfgs,
            binding,
            operation,
            guard,
            body,
        });
    }

    /// The `case` of Go, which is a name as any other unless an arm goes on as none can.
    fn case(&mut self) {
        let t = self.t;
        let case = t.is_word(0, "case");
        let ends = |n| t.is_punct(n, ',') || (t.is_punct(n, '=') && t.is_punct(n + 1, '>'));
        let colon = |n: usize| t.is_lone_colon(n) && !(t.is_punct(n + 1, '='));
        let mut places = (1..t.rest().len()).take_while(|&n| !ends(n));
        if case && (t.ident(1).is_some() || places.any(colon)) {
            if !std::mem::replace(&mut self.as_go, true) {
                self.error(self.here(), message::CASE);
            }
            self.t.skip(1);
        }
    }

    /// `#[cfg(…)]` attributes: their conditions.
    fn attributes(&mut self) -> Vec<TokenStream> {
        let mut cfgs = Vec::new();
        while let Some(length) = skip::attribute(&self.t) {
            let from = self.t.position();
            self.t.skip(length);
            let tokens = self.t.between(from);
            let Some(TokenTree::Group(group)) = tokens.last() else {
                continue;
            };
            let inner = Run::of(group);
            let inner = inner.cursor();
            match inner.group(1, Delimiter::Parenthesis) {
                _ if !inner.is_word(0, "cfg") => {
                    self.select
                        .errors
                        .push(message::under(tokens, message::ARM_ATTRIBUTE));
                }
                Some(condition) => cfgs.push(condition.stream()),
                None => self
                    .select
                    .errors
                    .push(message::under(tokens, message::BAD_CFG)),
            }
        }
        cfgs
    }

    /// `default` or `else` where it is an arm of its own.
    fn last_keyword(&self) -> Option<&'static str> {
        let t = &self.t;
        let alone = t.peek(1).is_none()
            || t.is_punct(1, ',')
            || is_body_colon(t, 1)
            || t.is_brace(1)
            || (t.is_punct(1, '=') && t.is_punct(2, '>'));
        let found = ["default", "else"]
            .into_iter()
            .find(|word| t.is_word(0, word));
        found.filter(|word| alone || *word == "else")
    }

    fn last(&mut self, keyword: &str, cfgs: Vec<TokenStream>) {
        let (from, at) = (self.t, self.here());
        self.t.skip(1);
        let guard = self.guard();
        let mut body = self.body(from, true);
        if let Some(guard) = guard {
            let first = ends(&guard).0;
            self.error(first, message::GUARD_ON_DEFAULT);
            let typed = trees!(hidden(first)=> let _: bool = #guard;);
            body = emit::behind(typed, &body, hidden(first));
        }
        let last = Last {
            cfgs,
            keyword: at,
            body,
        };
        match keyword {
            "default" => self.select.defaults.push(last),
            _ => self.select.elses.push(last),
        }
    }

    /// `PATTERN =`, if an `=` comes before an arrow of either kind.
    fn binding(&mut self) -> Option<Binding> {
        let mut t = self.t;
        let mut pattern = Vec::new();
        loop {
            if t.is_operator("::") && t.is_punct(2, '<') {
                t.copy(2, &mut pattern);
                skip::angles(&mut t, &mut pattern);
            } else if t.is_operator("..=") {
                t.copy(3, &mut pattern);
            } else if ["==", "!=", "<=", ">="]
                .iter()
                .any(|text| t.is_operator(text))
            {
                t.copy(2, &mut pattern);
            } else if t.at_end()
                || t.arrow().is_some()
                || t.is_operator("=>")
                || t.is_punct(0, ',')
                || t.is_punct(0, ';')
            {
                return None;
            } else if t.is_punct(0, '=') {
                break;
            } else {
                t.copy(1, &mut pattern);
            }
        }
        t.skip(1);
        self.t = t;
        if let Some(TokenTree::Punct(colon)) = pattern.last()
            && colon.as_char() == ':'
        {
            if !self.as_go {
                self.error(colon.span(), message::COLON_EQUALS);
            }
            pattern.pop();
        }
        Some(some_pattern(&pattern).unwrap_or_else(|| Binding {
            pattern: skip::in_let(pattern),
            some: false,
        }))
    }

    fn operation(&mut self, bound: bool) -> Operation {
        let rules = Rules {
            send: Send::Part,
            structs: self.structs(),
        };
        let at = self.here();
        let from = self.t.position();
        if self.t.arrow().is_some() {
            return self.receive(rules);
        }
        if std::mem::take(&mut self.orphan) {
            return Operation::Mistaken(Trees::default());
        }
        if self.t.is_operator("=>") || self.t.is_punct(0, ',') || self.t.at_end() {
            let text = if bound {
                message::NO_FUTURE
            } else {
                message::NO_OPERATION
            };
            self.error(at, text);
            return Operation::Mistaken(Trees::default());
        }
        if self.guard_alone() {
            return self.lonely_guard();
        }
        if self.t.is_punct(0, '&') && self.t.is_word(1, "mut") {
            self.select
                .errors
                .push(message::under(&self.t.rest()[..2], message::MUT_FUTURE));
        }
        let mut tokens = Vec::new();
        self.lower.operand(&mut self.t, &mut tokens, rules);
        if self.t.arrow().is_some() && !tokens.is_empty() {
            return self.send(tokens, from);
        }
        let begin = Begin {
            position: from,
            out: 0,
            whole: false,
        };
        self.lower.operators(&mut self.t, &mut tokens, rules, begin);
        let future = tokens.into_iter().collect();
        Operation::Future(Operand::new(future, self.t.between(from), at))
    }

    /// Whether `if condition` stands where an operation is due, and no `if condition { … }`.
    fn guard_alone(&self) -> bool {
        let mut t = self.t;
        let is_if = t.is_word(0, "if");
        while !t.at_end() && !t.is_operator("=>") && !t.is_brace(0) {
            t.skip(1);
        }
        is_if && !t.is_brace(0)
    }

    fn lonely_guard(&mut self) -> Operation {
        self.error(self.here(), message::GUARD_ALONE);
        self.t.skip(1);
        let mut condition = Vec::new();
        self.lower
            .expression(&mut self.t, &mut condition, Rules::PART);
        Operation::Mistaken(condition.into_iter().collect())
    }

    fn receive(&mut self, rules: Rules) -> Operation {
        let Some(arrow) = self.t.arrow() else {
            return Operation::Mistaken(Trees::default());
        };
        let begin = self.t.position();
        let Some(from) = self.lower.received(&mut self.t, rules) else {
            self.error(arrow.less, message::NO_OPERAND);
            return Operation::Mistaken(Trees::default());
        };
        let place = is_place(&self.t.between(begin)[2..]);
        if !self.goes_on() {
            return Operation::Receive { from, place };
        }
        let received = emit::receive(self.facade, arrow, &from, Around::Async, false);
        let private = self.facade.private(arrow.less);
        // Of whatever type the operator asks for: that it is one too many has been said.
        let any = trees! {hidden(arrow.less)=>
            (match #received { _ => #private::mistaken() })
        };
        let mut tokens: Vec<TokenTree> = any.into_iter().collect();
        let begin = Begin {
            position: begin,
            out: 0,
            whole: false,
        };
        self.lower.operators(&mut self.t, &mut tokens, rules, begin);
        Operation::Mistaken(tokens.into_iter().collect())
    }

    /// A send arm, whose channel is read already.
    fn send(&mut self, channel: Vec<TokenTree>, from: usize) -> Operation {
        let source = self.t.between(from);
        let place = is_place(source);
        let to = Operand::new(channel.into_iter().collect(), source, self.here());
        let Some(arrow) = self.t.arrow() else {
            return Operation::Mistaken(to.tokens);
        };
        self.t.skip(2);
        let value = if self.t.is_word(0, "mut") {
            self.t.skip(1);
            let from = self.t.position();
            let mut tokens = Vec::new();
            self.lower.expression(&mut self.t, &mut tokens, Rules::HEAD);
            let lent = self.t.between(from);
            if !lent.is_empty() && !is_place(lent) {
                self.select
                    .errors
                    .push(message::under(lent, message::MUT_PLACE));
                let (to, lent) = (to.reference(), TokenStream::from_iter(tokens));
                return Operation::Mistaken(trees!(hidden(arrow.less)=> (#to, &(#lent))));
            }
            Value::Lent(tokens.into_iter().collect())
        } else {
            let mut tokens = Vec::new();
            self.lower.expression(&mut self.t, &mut tokens, Rules::PART);
            Value::Given(tokens.into_iter().collect())
        };
        if matches!(&value, Value::Given(tokens) | Value::Lent(tokens) if tokens.is_empty()) {
            self.error(arrow.less, message::NO_VALUE);
            return Operation::Mistaken(to.tokens);
        }
        let begin = self.t.position();
        if self.goes_on() {
            let (mut rest, to) = (Vec::new(), to.reference());
            let begin = Begin {
                position: begin,
                out: 0,
                whole: false,
            };
            let (Value::Given(value) | Value::Lent(value)) = value;
            self.lower
                .operators(&mut self.t, &mut rest, Rules::PART, begin);
            let rest = Trees::from(rest);
            let read = trees!(hidden(arrow.less)=> #to, #value #rest);
            return Operation::Mistaken(read);
        }
        Operation::Send {
            arrow,
            to,
            place,
            value,
        }
    }

    /// Whether `Name { … }` is a value in this arm's operation, and not a body without `=>`.
    fn structs(&self) -> bool {
        let mut t = self.t;
        while !t.at_end() && !t.is_operator("=>") && !t.is_punct(0, ',') {
            if t.is_brace(0) {
                return t.is_punct(1, '.')
                    || t.is_punct(1, '?')
                    || (t.is_punct(1, '=') && t.is_punct(2, '>'))
                    || (t.is_punct(1, ',') && t.is_word(2, "if"));
            }
            t.skip(1);
        }
        true
    }

    /// Whether an operation goes on where the guard or the fat arrow should be. If another arm
    /// begins there, the fat arrow is missing.
    fn goes_on(&mut self) -> bool {
        let t = self.t;
        let ends = t.at_end()
            || t.is_punct(0, ',')
            || t.is_brace(0)
            || is_body_colon(&t, 0)
            || t.is_operator("=>")
            || t.is_word(0, "if");
        if ends {
            return false;
        }
        let operator = matches!(t.peek(0), Some(TokenTree::Punct(_))) || t.is_word(0, "as");
        let text = if operator {
            message::ARM_OPERATOR
        } else {
            message::NO_FAT_ARROW
        };
        self.error(self.here(), text);
        operator
    }

    /// Takes the tokens here that no arm begins with and none goes on with. They stay with what
    /// stands before them, so that the compiler and an editor see them.
    fn strays(&mut self, mut take: impl FnMut(TokenTree)) {
        while let Some(TokenTree::Punct(punct)) = self.t.peek(0)
            && !self.t.is_operator("=>")
            && !self.begins_arm(punct.as_char())
        {
            // What ends a statement would end the arm in the expansion.
            if punct.as_char() != ';' {
                take(punct.clone().into());
            }
            self.t.skip(1);
        }
    }

    /// A word with which no arm begins stays with the arm that was looked for there.
    fn unread(&mut self) {
        if let (Some(token), Some(arm)) = (self.t.next(), self.select.arms.last_mut()) {
            arm.operation.stray(token.clone());
        }
    }

    /// Whether an arm may begin with the character that stands here, or end before it.
    fn begins_arm(&self, ch: char) -> bool {
        match ch {
            ',' | '&' | '*' | '-' | '<' | '|' => true,
            ':' => self.t.is_operator("::") || is_body_colon(&self.t, 0),
            '.' => self.t.is_operator(".."),
            '#' => skip::attribute(&self.t).is_some(),
            _ => false,
        }
    }

    fn guard(&mut self) -> Option<Trees> {
        let comma = self.t.is_punct(0, ',') && self.t.is_word(1, "if");
        if !comma && !self.t.is_word(0, "if") {
            return None;
        }
        let word = self
            .t
            .peek(usize::from(comma))
            .map_or_else(Span::call_site, TokenTree::span);
        if !comma {
            self.error(word, message::GUARD_COMMA);
        }
        self.t.skip(1 + usize::from(comma));
        let mut guard = Vec::new();
        self.lower.expression(&mut self.t, &mut guard, Rules::PART);
        if guard.is_empty() {
            self.error(word, message::NO_GUARD);
            return None;
        }
        Some(guard.into_iter().collect())
    }

    /// `=> BODY`, and the comma behind it. `arm` is where the arm began, and `sound` says that
    /// it had no error so far, of which a missing body may be but a consequence.
    fn body(&mut self, arm: Cursor<'_>, sound: bool) -> Trees {
        let mut body = Vec::new();
        let colon = is_body_colon(&self.t, 0);
        let fat_arrow = self.t.is_operator("=>") || colon;
        if colon && !self.as_go {
            self.error(self.here(), message::COLON);
        }
        if fat_arrow {
            self.t.skip(if colon { 1 } else { 2 });
        } else if sound {
            let length = self.t.position().saturating_sub(arm.position()).max(1);
            let arm = &arm.rest()[..length.min(arm.rest().len())];
            self.select
                .errors
                .push(message::under(arm, message::NO_FAT_ARROW));
        }
        if fat_arrow || self.t.is_brace(0) {
            let at = self.t;
            self.lower.leading(&mut self.t, &mut body, Rules::STATEMENT);
            if body.is_empty() {
                let at = at
                    .peek(0)
                    .or(arm.peek(0))
                    .map_or_else(Span::call_site, TokenTree::span);
                self.error(at, message::NO_BODY);
            }
        }
        // A semicolon here is a mistake of its own.
        if !self.t.is_punct(0, ';') {
            self.strays(|stray| body.push(stray));
        }
        self.comma(&body);
        if body.is_empty() {
            let at = self.here();
            let private = self.facade.private(hidden(at));
            return trees!(hidden(at)=> #private::mistaken());
        }
        body.into_iter().collect()
    }

    /// The comma between two arms.
    fn comma(&mut self, body: &[TokenTree]) {
        let is_block = matches!(
            body.last(),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace
        );
        if self.t.is_operator("=>") {
            // The next arm's operation was read as a part of this one's body.
            let at = self.here();
            self.error(at, message::NO_COMMA);
            self.orphan = true;
        } else if self.t.is_punct(0, ',') {
            self.t.skip(1);
        } else if self.t.is_punct(0, ';') {
            self.error(self.here(), message::SEMICOLON);
            self.t.skip(1);
        } else if !self.t.at_end() && !is_block && !body.is_empty() {
            let at = self.here();
            self.error(at, message::NO_COMMA);
        }
    }
}

/// Whether a colon stands `n` places further on as Go has it before a body, and no path begins there.
fn is_body_colon(t: &Cursor<'_>, n: usize) -> bool {
    let fat_arrow = t.is_punct(n + 1, '=') && t.is_punct(n + 2, '>');
    let ends = t.peek(n + 1).is_none() || t.is_punct(n + 1, ',') || fat_arrow;
    t.is_lone_colon(n) && !ends
}

/// `Some(PATTERN)`, taken apart.
fn some_pattern(pattern: &[TokenTree]) -> Option<Binding> {
    match pattern {
        // `$pattern` of `macro_rules`.
        [TokenTree::Group(group)] if group.delimiter() == Delimiter::None => {
            some_pattern(&group.stream().into_iter().collect::<Vec<_>>())
        }
        [TokenTree::Ident(word), TokenTree::Group(group)]
            if word == "Some" && group.delimiter() == Delimiter::Parenthesis =>
        {
            Some(Binding {
                pattern: skip::in_let(group.stream().into_iter().collect()),
                some: true,
            })
        }
        _ => None,
    }
}

/// Whether an operand is a path, a field, an index or a dereference, and so used in place.
///
/// A field of what a call returns is no place that outlives the operand: it is moved.
pub(crate) fn is_place(operand: &[TokenTree]) -> bool {
    let words = words(operand);
    let mut t = Cursor::new(operand, &words);
    let mut passed = Vec::new();
    while t.is_punct(0, '*') {
        t.skip(1);
    }
    match t.peek(0) {
        Some(TokenTree::Group(group))
            if matches!(group.delimiter(), Delimiter::Parenthesis | Delimiter::None) =>
        {
            t.skip(1);
            if !is_place(&group.stream().into_iter().collect::<Vec<_>>()) {
                return false;
            }
        }
        Some(_) if !place_path(&mut t, &mut passed) => return false,
        Some(_) => {}
        None => return false,
    }
    while !t.at_end() {
        let field = t.is_punct(0, '.')
            && !t.is_word(1, "await")
            && matches!(
                t.peek(1),
                Some(TokenTree::Ident(_) | TokenTree::Literal(_)) | None
            );
        if field {
            // Where the name is still missing too: an editor compares the expansion with the one
            // that a name makes, and both must have the same shape.
            t.skip(2);
        } else if t.group(0, Delimiter::Bracket).is_some() {
            t.skip(1);
        } else {
            return false;
        }
    }
    true
}

fn place_path(t: &mut Cursor<'_>, passed: &mut Vec<TokenTree>) -> bool {
    if t.is_punct(0, '<') && t.arrow().is_none() {
        skip::angles(t, passed);
    }
    loop {
        if t.is_operator("::") {
            t.copy(2, passed);
        }
        if t.is_punct(0, '<') && !passed.is_empty() {
            skip::angles(t, passed);
        } else if t.ident(0).is_some() {
            t.copy(1, passed);
        } else {
            return false;
        }
        if !t.is_operator("::") {
            return true;
        }
    }
}
