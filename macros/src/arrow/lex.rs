//! Reading tokens: a cursor, and the finding of `<-`.
//!
//! `<-` is `<` with joint spacing and then `-`, and no `<` joint before it. So `a < -1` is a
//! comparison and `1 <<-n` a shift. A cursor never goes back and never runs over the end: what
//! is asked for behind the end is not there.
//!
//! A compiler runs its macros unoptimised, and every text of an identifier is a fresh `String`
//! there. So the words of a run are read once, before the first question.

use proc_macro2::{Delimiter, Group, Ident, Spacing, Span, TokenTree};

/// The two tokens of an arrow, by their positions.
#[derive(Clone, Copy)]
pub(crate) struct Arrow {
    /// Where `<` stands; as a span of the user's it is what the compiler calls the arrow.
    pub(crate) less: Span,
    /// Where `-` stands.
    pub(crate) dash: Span,
}

/// A run of tokens, and its words.
pub(crate) struct Run {
    tokens: Vec<TokenTree>,
    words: Vec<String>,
}

impl Run {
    pub(crate) fn new(tokens: Vec<TokenTree>) -> Self {
        let words = words(&tokens);
        Self { tokens, words }
    }

    /// What a group holds.
    pub(crate) fn of(group: &Group) -> Self {
        Self::new(group.stream().into_iter().collect())
    }

    /// A cursor at its first token.
    pub(crate) fn cursor(&self) -> Cursor<'_> {
        Cursor::new(&self.tokens, &self.words)
    }
}

/// The texts of the identifiers in a run of tokens, each at its token's place; others are empty.
pub(crate) fn words(tokens: &[TokenTree]) -> Vec<String> {
    let mut words = Vec::with_capacity(tokens.len());
    for token in tokens {
        words.push(match token {
            TokenTree::Ident(ident) => ident.to_string(),
            _ => String::new(),
        });
    }
    words
}

/// A place in a run of tokens.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    tokens: &'a [TokenTree],
    words: &'a [String],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// At the first of `tokens`, whose [`words`] are these.
    pub(crate) fn new(tokens: &'a [TokenTree], words: &'a [String]) -> Self {
        Self {
            tokens,
            words,
            at: 0,
        }
    }

    pub(crate) fn at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// How many tokens lie behind; with [`between`](Self::between), what was read since.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// The tokens from an earlier position to here.
    pub(crate) fn between(&self, from: usize) -> &'a [TokenTree] {
        &self.tokens[from..self.at]
    }

    /// A cursor over the tokens from an earlier position to here, at the first of them.
    pub(crate) fn since(&self, from: usize) -> Self {
        Self::new(self.between(from), &self.words[from..self.at])
    }

    /// A cursor over all tokens, at the first of them.
    pub(crate) fn all(&self) -> Self {
        Self { at: 0, ..*self }
    }

    /// The tokens from here to the end.
    pub(crate) fn rest(&self) -> &'a [TokenTree] {
        &self.tokens[self.at.min(self.tokens.len())..]
    }

    /// The token `n` places further on.
    pub(crate) fn peek(&self, n: usize) -> Option<&'a TokenTree> {
        self.tokens.get(self.at + n)
    }

    /// Takes the next token.
    pub(crate) fn next(&mut self) -> Option<&'a TokenTree> {
        let token = self.tokens.get(self.at)?;
        self.at += 1;
        Some(token)
    }

    pub(crate) fn skip(&mut self, n: usize) {
        self.at = (self.at + n).min(self.tokens.len());
    }

    /// Moves the next `n` tokens to `out` as they are.
    pub(crate) fn copy(&mut self, n: usize, out: &mut Vec<TokenTree>) {
        let from = self.at.min(self.tokens.len());
        self.skip(n);
        out.extend_from_slice(&self.tokens[from..self.at]);
    }

    pub(crate) fn ident(&self, n: usize) -> Option<&'a Ident> {
        match self.peek(n) {
            Some(TokenTree::Ident(ident)) => Some(ident),
            _ => None,
        }
    }

    /// The word `n` places further on; no word is empty, so that is what no word is.
    pub(crate) fn word(&self, n: usize) -> &'a str {
        match self.words.get(self.at + n) {
            Some(word) => word,
            None => "",
        }
    }

    /// Whether the token `n` places further on is the word `text` (`r#text` is another word).
    pub(crate) fn is_word(&self, n: usize, text: &str) -> bool {
        match self.words.get(self.at + n) {
            Some(word) => word == text,
            None => false,
        }
    }

    /// Whether the token `n` places further on can be the name of a field.
    pub(crate) fn is_field(&self, n: usize) -> bool {
        self.is_name(n) && !matches!(self.word(n), "crate" | "self" | "super" | "Self")
    }

    /// Whether the token `n` places further on is a name, or stands for one in a path.
    pub(crate) fn is_name(&self, n: usize) -> bool {
        const KEYWORDS: [&str; 37] = [
            "as", "async", "await", "become", "box", "break", "const", "continue", "dyn", "else",
            "enum", "extern", "false", "fn", "for", "if", "impl", "in", "let", "loop", "match",
            "mod", "move", "mut", "pub", "ref", "return", "static", "struct", "trait", "true",
            "type", "unsafe", "use", "where", "while", "yield",
        ];
        self.ident(n).is_some() && !KEYWORDS.contains(&self.word(n))
    }

    pub(crate) fn is_punct(&self, n: usize, ch: char) -> bool {
        matches!(self.peek(n), Some(TokenTree::Punct(punct)) if punct.as_char() == ch)
    }

    /// Whether the token `n` places further on is `ch` and the next one touches it.
    pub(crate) fn is_joint(&self, n: usize, ch: char) -> bool {
        matches!(
            self.peek(n),
            Some(TokenTree::Punct(punct))
                if punct.as_char() == ch && punct.spacing() == Spacing::Joint
        )
    }

    /// Whether the token `n` places further on is a colon, and no part of `::`.
    pub(crate) fn is_lone_colon(&self, n: usize) -> bool {
        let before = (self.at + n).checked_sub(1);
        let follows = before.is_some_and(|at| Self { at, ..*self }.is_joint(0, ':'));
        self.is_punct(n, ':') && !(self.is_joint(n, ':') && self.is_punct(n + 1, ':')) && !follows
    }

    /// Whether an operator of several characters stands here.
    pub(crate) fn is_operator(&self, text: &str) -> bool {
        let mut n = 0;
        for &byte in text.as_bytes() {
            let Some(TokenTree::Punct(punct)) = self.tokens.get(self.at + n) else {
                return false;
            };
            n += 1;
            let last = n == text.len();
            if punct.as_char() != char::from(byte) || !(last || punct.spacing() == Spacing::Joint) {
                return false;
            }
        }
        true
    }

    pub(crate) fn group(&self, n: usize, delimiter: Delimiter) -> Option<&'a Group> {
        match self.peek(n) {
            Some(TokenTree::Group(group)) if group.delimiter() == delimiter => Some(group),
            _ => None,
        }
    }

    pub(crate) fn is_brace(&self, n: usize) -> bool {
        self.group(n, Delimiter::Brace).is_some()
    }

    /// The arrow that starts at this token, if one does.
    pub(crate) fn arrow(&self) -> Option<Arrow> {
        if !self.is_operator("<-") || self.follows_joint_less() {
            return None;
        }
        Some(Arrow {
            less: self.peek(0)?.span(),
            dash: self.peek(1)?.span(),
        })
    }

    /// Whether an arrow starts `n` places further on.
    pub(crate) fn arrow_at(&self, n: usize) -> bool {
        let mut there = *self;
        there.skip(n);
        there.arrow().is_some()
    }

    fn follows_joint_less(&self) -> bool {
        self.at.checked_sub(1).is_some_and(|before| {
            Self {
                at: before,
                ..*self
            }
            .is_joint(0, '<')
        })
    }

    /// Whether the `<` here opens generic arguments that begin with a negative number, as in
    /// `T<-1>`: in the position of a type, the only thing that `<-` can be but an arrow.
    pub(crate) fn opens_negative_argument(&self) -> bool {
        self.is_operator("<-")
            && matches!(self.peek(2), Some(TokenTree::Literal(_)))
            && (self.is_punct(3, '>') || self.is_punct(3, ','))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proc_macro2::TokenStream;

    /// How many arrows stand in `source`, groups not looked into.
    fn arrows(source: &str) -> usize {
        let run = Run::new(source.parse::<TokenStream>().unwrap().into_iter().collect());
        let mut cursor = run.cursor();
        let mut count = 0;
        while !cursor.at_end() {
            count += usize::from(cursor.arrow().is_some());
            cursor.skip(1);
        }
        count
    }

    #[test]
    fn arrow_needs_both_characters_to_touch() {
        assert_eq!(arrows("tx <- v"), 1);
        assert_eq!(arrows("tx<-v"), 1);
        assert_eq!(arrows("a <-1"), 1);
        assert_eq!(arrows("a < -1"), 0);
        assert_eq!(arrows("a < - 1"), 0);
    }

    #[test]
    fn shift_by_a_negative_number_is_no_arrow() {
        assert_eq!(arrows("1 <<-n"), 0);
        assert_eq!(arrows("1 << -n"), 0);
        assert_eq!(arrows("1 < <-n"), 1);
    }

    #[test]
    fn two_arrows_may_touch_and_so_may_the_operand() {
        assert_eq!(arrows("<-<-rx"), 2);
        assert_eq!(arrows("tx<-&v"), 1);
        assert_eq!(arrows("tx <- -5"), 1);
    }

    #[test]
    fn negative_argument_is_told_from_a_send() {
        let opens = |source: &str| {
            let run = Run::new(source.parse::<TokenStream>().unwrap().into_iter().collect());
            run.cursor().opens_negative_argument()
        };
        assert!(opens("<-1>"));
        assert!(opens("<-1, 2>"));
        assert!(!opens("<-1"));
        assert!(!opens("<-n>"));
        assert!(!opens("<- 1 + 2"));
    }

    #[test]
    fn nothing_stands_behind_the_end() {
        let mut cursor = Cursor::new(&[], &[]);
        assert!(cursor.at_end() && cursor.next().is_none() && cursor.arrow().is_none());
        cursor.skip(3);
        assert!(cursor.rest().is_empty() && cursor.between(0).is_empty());
    }
}
