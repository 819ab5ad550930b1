//! Whether an expansion has every token of the user's exactly once, with its span.
//!
//! A token is known by its text and by where it starts and ends, so what an expansion invents at
//! a user's place is not taken for the user's. These are excused, and nothing else:
//!
//! - an arrow, which becomes calls, and the bounds of an invisible group, which may become
//!   parentheses;
//! - `for` and `in` before an arrow, which become a `while`;
//! - what is the grammar of a macro and not of Rust, at the top of its input. [`Grammar`] says
//!   which;
//! - a token of the few kinds that an expansion invents where an operand or an error stands
//!   (`&`, `match`, a bracket; `may_be_invented` has them all). It must be there, and may be
//!   there again: were it the user's that is doubled, its neighbours would be too.

use std::collections::HashMap;

use proc_macro2::{Delimiter, LineColumn, TokenStream, TokenTree};

use crate::arrow::lex::{Cursor, Run};
use crate::arrow::skip;

/// What a macro reads itself at the top of its input, and so need not put out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grammar {
    /// Nothing: a body.
    Body,
    /// `go!`. The commas between the arguments of a call; in a clone list `clone`, `=`, `,` and
    /// `;`, and its names come out twice.
    Go,
    /// `select!`. `=>`, `=`, `,`, `;`, `biased`, `default`, `else`, `if`, `mut`, and the `Some(`
    /// and `)` of a pattern; a variable that is lent comes out more than once, and so may the
    /// condition of a `#[cfg(…)]`.
    Select,
}

/// How often a token has to be in the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Times {
    Once,
    AtLeastOnce,
    AtMostOnce,
    Any,
}

impl Times {
    fn holds(self, count: usize) -> bool {
        match self {
            Self::Once => count == 1,
            Self::AtLeastOnce => count >= 1,
            Self::AtMostOnce => count <= 1,
            Self::Any => true,
        }
    }
}

type Place = (LineColumn, LineColumn);

fn place(token: &TokenTree) -> Place {
    (token.span().start(), token.span().end())
}

/// Whether two tokens have the same text; of groups, the same delimiter.
fn same(a: &TokenTree, b: &TokenTree) -> bool {
    match (a, b) {
        (TokenTree::Group(a), TokenTree::Group(b)) => a.delimiter() == b.delimiter(),
        (TokenTree::Ident(a), TokenTree::Ident(b)) => a == b,
        (TokenTree::Punct(a), TokenTree::Punct(b)) => a.as_char() == b.as_char(),
        (TokenTree::Literal(a), TokenTree::Literal(b)) => a.to_string() == b.to_string(),
        _ => false,
    }
}

/// Every token of an input.
pub(crate) struct Tokens {
    tokens: Vec<(TokenTree, Times)>,
    /// Several stand at one place where a documentation comment stands.
    places: HashMap<Place, Vec<usize>>,
}

impl Tokens {
    /// All that `input` has, for a macro that reads `grammar`.
    pub(crate) fn of(input: TokenStream, grammar: Grammar) -> Self {
        let mut this = Self {
            tokens: Vec::new(),
            places: HashMap::new(),
        };
        this.read(input, grammar);
        this
    }

    fn read(&mut self, input: TokenStream, grammar: Grammar) {
        let run = Run::new(input.into_iter().collect());
        let mut t = run.cursor();
        let mut reader = Reader::new(grammar, t);
        while let Some(token) = t.peek(0) {
            if t.arrow().is_some() {
                reader.before = None;
                t.skip(2);
                continue;
            }
            let times = reader.times(&t, token);
            self.add(token, times);
            if let TokenTree::Group(group) = token {
                let from = self.tokens.len();
                self.read(group.stream(), Grammar::Body);
                reader.inside(&t, &mut self.tokens[from..]);
            }
            reader.before = Some(token);
            t.skip(1);
        }
    }

    fn add(&mut self, token: &TokenTree, times: Times) {
        if !matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::None) {
            let here = self.places.entry(place(token)).or_default();
            here.push(self.tokens.len());
            self.tokens.push((token.clone(), times));
        }
    }

    /// What is wrong with `output`, or nothing.
    pub(crate) fn missing_in(&self, output: TokenStream) -> Option<String> {
        let mut counts = vec![0; self.tokens.len()];
        self.count(output, &mut counts);
        let wrong = self.tokens.iter().zip(counts);
        let mut wrong = wrong.filter(|((_, times), count)| !times.holds(*count));
        let ((token, _), count) = wrong.next()?;
        let LineColumn { line, column } = token.span().start();
        Some(format!("{count} times `{token}` of {line}:{column}"))
    }

    /// Whether `token` has to come out, and may not be eaten as a part of a macro's grammar.
    pub(crate) fn has(&self, token: &TokenTree) -> bool {
        let here = self.places.get(&place(token)).into_iter().flatten();
        here.map(|&n| self.tokens[n].1).any(|times| !times.holds(0))
    }

    fn count(&self, output: TokenStream, counts: &mut [usize]) {
        for token in output {
            let here = self.places.get(&place(&token)).into_iter().flatten();
            for &n in here.filter(|&&n| same(&self.tokens[n].0, &token)) {
                counts[n] += 1;
            }
            if let TokenTree::Group(group) = token {
                self.count(group.stream(), counts);
            }
        }
    }
}

/// What is known while the tokens of one level are read.
struct Reader<'a> {
    grammar: Grammar,
    /// In the list of a `go! { clone …; … }`.
    clone_list: bool,
    /// How many tokens there are.
    length: usize,
    /// In the variable of a send that lends it.
    lent: bool,
    /// How many tokens of an arm's attribute are still to come.
    attribute: usize,
    /// The token before; nothing at the start and behind an arrow.
    before: Option<&'a TokenTree>,
}

impl<'a> Reader<'a> {
    fn new(grammar: Grammar, t: Cursor<'a>) -> Self {
        Self {
            grammar,
            clone_list: grammar == Grammar::Go && t.is_word(0, "clone") && t.ident(1).is_some(),
            length: t.rest().len(),
            lent: false,
            attribute: 0,
            before: None,
        }
    }

    fn times(&mut self, t: &Cursor<'_>, token: &TokenTree) -> Times {
        let times = match self.grammar {
            _ if loops_over_channel(t) => Times::AtMostOnce,
            Grammar::Go if self.clone_list => self.in_clone_list(t),
            Grammar::Body | Grammar::Go => Times::Once,
            Grammar::Select => self.in_select(t),
        };
        match times {
            Times::Once if may_be_invented(token) => Times::AtLeastOnce,
            Times::AtMostOnce if may_be_invented(token) => Times::Any,
            times => times,
        }
    }

    fn in_clone_list(&mut self, t: &Cursor<'_>) -> Times {
        self.clone_list = !t.is_punct(0, ';');
        let grammar = [',', ';', '='].iter().any(|&ch| t.is_punct(0, ch));
        match t.ident(0) {
            _ if grammar || t.position() == 0 => Times::AtMostOnce,
            Some(_) => Times::Any,
            None => Times::Once,
        }
    }

    fn in_select(&mut self, t: &Cursor<'_>) -> Times {
        const WORDS: [&str; 6] = ["biased", "default", "else", "if", "mut", "Some"];
        if self.before.is_none() && t.is_word(0, "mut") {
            self.lent = true;
        } else if t.is_punct(0, ',') || t.is_operator("=>") {
            self.lent = false;
        }
        let begun = skip::attribute(t).unwrap_or(0);
        self.attribute = self.attribute.saturating_sub(1).max(begun);
        let grammar = ['=', '>', ',', ';'].iter().any(|&ch| t.is_punct(0, ch))
            || WORDS.iter().any(|word| t.is_word(0, word));
        let some = self.is_before("Some") && t.group(0, Delimiter::Parenthesis).is_some();
        if self.lent || self.attribute > 0 {
            Times::Any
        } else if grammar || some {
            Times::AtMostOnce
        } else {
            Times::Once
        }
    }

    fn is_before(&self, text: &str) -> bool {
        self.before.is_some_and(|before| before.to_string() == text)
    }

    /// What else holds for the tokens in the group that stands here.
    fn inside(&self, t: &Cursor<'_>, inner: &mut [(TokenTree, Times)]) {
        let any = self.lent || self.attribute > 0;
        let call = self.grammar == Grammar::Go && t.position() + 1 == self.length;
        for (token, times) in inner {
            if any {
                *times = Times::Any;
            } else if call && matches!(token, TokenTree::Punct(p) if p.as_char() == ',') {
                *times = Times::AtMostOnce;
            }
        }
    }
}

/// Whether a `for` stands here whose `in` is followed by an arrow, or that `in`.
fn loops_over_channel(t: &Cursor<'_>) -> bool {
    let mut t = *t;
    if t.is_word(0, "for") {
        while !t.at_end() && !t.is_word(0, "in") && !t.is_punct(0, ';') {
            t.skip(1);
        }
    }
    let is_in = t.is_word(0, "in");
    t.skip(1);
    is_in && t.arrow().is_some()
}

/// Whether an expansion may put such a token where the user's stands.
fn may_be_invented(token: &TokenTree) -> bool {
    const WORDS: [&str; 10] = [
        "_", "Ok", "Some", "async", "future", "if", "let", "match", "move", "select",
    ];
    match token {
        TokenTree::Group(_) => true,
        TokenTree::Ident(word) => {
            WORDS.iter().any(|known| word == known) || word.to_string().starts_with("__chango_")
        }
        TokenTree::Punct(punct) => ['&', '!', ':', '.', '<', '>'].contains(&punct.as_char()),
        TokenTree::Literal(literal) => literal.to_string() == "0",
    }
}
