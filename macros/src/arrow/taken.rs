//! Variables that a goroutine has taken, and that are used again.
//!
//! `go! { tx <- 1; }` moves `tx` into the goroutine, and whoever has forgotten to say `clone tx`
//! hears from the compiler about a coroutine and the trait `Copy`. So where a variable is seen to go
//! into a goroutine and to be used behind it, the expansion asks whether the variable's type is
//! `Copy`, by a trait of its own whose message says what to do. If it is, all is well.
//!
//! What must hold: no program is refused that the compiler would take, code apart that is never
//! reached. So only what is certain in the tokens counts. The variable is bound by a `let` that can
//! be seen. The goroutine uses it, and so does the later statement, by an arrow, a method, an
//! `.await` or `drop`, before anything else is done with the name. Nothing between the two can leave
//! the block, and no `#[cfg]` can take any of it away. All else is left to the compiler and its own
//! words.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::quote_spanned;

use super::known::known;
use super::lex::{Cursor, Run, words};
use crate::go::{Call, clone_list};
use crate::message;
use crate::path::{Facade, hidden};
use crate::position::{line, same_hygiene};

/// What surrounds the statements of a loop's body.
pub(crate) struct Turn {
    /// What stands between the loop's keyword and its body.
    pub(crate) head: Vec<TokenTree>,
    /// How many names were bound outside of the loop.
    pub(crate) outside: usize,
}

/// What is known at one place of the statements of a block.
#[derive(Default)]
pub(crate) struct Watch {
    taken: Vec<Taken>,
}

/// A variable that a goroutine has taken.
struct Taken {
    /// The name, where the goroutine uses it.
    name: Ident,
    /// Whether it is a part of the call in `go!(f(a))`, and not used in a body.
    argument: bool,
}

impl Watch {
    /// The questions to ask before a statement of a block whose statements are `all`; `locals` are
    /// the variables in scope behind it.
    pub(crate) fn statement(
        &mut self,
        facade: &Facade,
        statement: Cursor<'_>,
        all: Cursor<'_>,
        locals: &[String],
        turn: Option<&Turn>,
    ) -> TokenStream {
        let mut questions = self.used_again(facade, statement);
        let Some((bound, goroutine)) = goroutine(statement) else {
            return questions;
        };
        for taken in taken(goroutine, locals) {
            if bound.is_some_and(|name| *name == taken.name) {
                continue;
            }
            match turn {
                Some(turn) if turn.repeats(&taken.name, all, goroutine, locals) => {
                    questions.extend(taken.question_in_loop(facade));
                }
                _ => self.taken.push(taken),
            }
        }
        questions
    }

    /// The questions about what is used here, and no longer watched behind it.
    fn used_again(&mut self, facade: &Facade, statement: Cursor<'_>) -> TokenStream {
        let mut questions = TokenStream::new();
        if self.taken.is_empty() {
            return questions;
        }
        let names: Vec<String> = self.taken.iter().map(Taken::text).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let uses = Uses::of(&names, &statement);
        if uses.leaves || uses.conditional {
            self.taken.clear();
            return questions;
        }
        let mut firsts = uses.firsts.iter();
        self.taken.retain(|taken| match firsts.next() {
            Some(First::Use(again)) => {
                let same = same_hygiene(taken.name.span(), again.span());
                if same {
                    questions.extend(taken.question(facade, again));
                }
                !same
            }
            first => matches!(first, Some(First::Nothing)),
        });
        questions
    }
}

impl Turn {
    /// Whether a variable that this loop's body moves is the same in the next turn.
    fn repeats(
        &self,
        name: &Ident,
        body: Cursor<'_>,
        goroutine: &Group,
        locals: &[String],
    ) -> bool {
        let bound = |names: &[String]| names.iter().any(|local| name == local);
        if !bound(&locals[..self.outside]) || bound(&locals[self.outside..]) {
            return false;
        }
        let inside = mentions(&[goroutine.clone().into()], name);
        let uses = Uses::of(&[], &body);
        mentions(&self.head, name) == 0
            && mentions(body.rest(), name) == inside
            && !(uses.leaves || uses.conditional)
    }
}

impl Taken {
    fn text(&self) -> String {
        self.name.to_string()
    }

    fn question(&self, facade: &Facade, again: &Ident) -> TokenStream {
        let line = line(self.name.span());
        self.ask(facade, again, message::taken(&again.to_string(), line))
    }

    fn question_in_loop(&self, facade: &Facade) -> TokenStream {
        let text = message::taken_in_loop(&self.name.to_string());
        self.ask(facade, &self.name, text)
    }

    /// Whether the variable is still there, since its type is `Copy`. The trait has two impls for the
    /// reason that the facade gives for its operands: so it is this trait that is not implemented.
    fn ask(&self, facade: &Facade, at: &Ident, [text, label]: [String; 2]) -> TokenStream {
        let site = hidden(Span::call_site());
        let private = facade.private(site);
        let note = message::clone_it(&at.to_string(), self.argument);
        // Braces stand for a parameter of the trait unless they are doubled.
        let note = note.replace('{', "{{").replace('}', "}}");
        let this = quote_spanned!(at.span()=> _);
        // The user's variable, and not a second time the user's token.
        let mut variable = at.clone();
        variable.set_span(at.span().located_at(Span::call_site()));
        quote_spanned! {site=> {
            #[diagnostic::on_unimplemented(message = #text, label = #label, note = #note)]
            trait CopiedIntoGoroutine<Kind> {
                fn is_here(&self) {}
            }
            impl<T: #private::Copy> CopiedIntoGoroutine<#private::Real> for T {}
            impl<T: #private::Never> CopiedIntoGoroutine<#private::Unreal> for T {}
            <#this as CopiedIntoGoroutine<_>>::is_here(&#variable);
        }}
    }
}

/// The names that the pattern of a `let` binds. A constant's would do harm, a variable's too many
/// would not; so a path ends it, and nothing counts that has a capital letter.
pub(crate) fn bound(pattern: &Cursor<'_>, names: &mut Vec<String>) {
    for (n, token) in pattern.rest().iter().enumerate() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == ':' => return,
            TokenTree::Ident(_) if pattern.is_punct(n + 1, ':') => return,
            TokenTree::Ident(_) if is_variable(pattern.word(n)) => {
                names.push(pattern.word(n).to_owned());
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => {
                bound(&Run::of(group).cursor(), names);
            }
            _ => {}
        }
    }
}

fn is_variable(text: &str) -> bool {
    !["let", "mut", "ref", "box"].contains(&text) && !text.chars().any(char::is_uppercase)
}

/// The goroutine that a statement starts, `go! …`, and the name of `let name = go! …`.
fn goroutine(mut t: Cursor<'_>) -> Option<(Option<&Ident>, &Group)> {
    let mut bound = None;
    if t.is_word(0, "let") && t.is_punct(2, '=') {
        bound = t.ident(1);
        t.skip(3);
    }
    while t.is_punct(1, ':') && t.is_punct(2, ':') && t.ident(0).is_some() {
        t.skip(3);
    }
    match t.peek(2) {
        Some(TokenTree::Group(group)) if t.is_punct(1, '!') && t.is_word(0, "go") => {
            Some((bound, group))
        }
        _ => None,
    }
}

/// Which of the variables `locals` a goroutine takes.
fn taken(goroutine: &Group, locals: &[String]) -> Vec<Taken> {
    if locals.is_empty() {
        return Vec::new();
    }
    let input: Vec<TokenTree> = goroutine.stream().into_iter().collect();
    if let Some(call) = Call::parse(&input) {
        let moved = call.moved().into_iter();
        let argument = true;
        return moved
            .filter(|name| locals.contains(&name.to_string()))
            .map(|name| Taken { name, argument })
            .collect();
    }
    let (cloned, body) = clone_list(&input);
    let words = words(body);
    let t = Cursor::new(body, &words);
    if t.is_word(0, "async") && !t.is_word(1, "move") {
        return Vec::new();
    }
    let locals = locals.iter().filter(|local| !cloned.contains(local));
    let names: Vec<&str> = locals.map(String::as_str).collect();
    let uses = Uses::of(&names, &t);
    if uses.conditional {
        return Vec::new();
    }
    let argument = false;
    let used = uses.firsts.into_iter().filter_map(|first| match first {
        First::Use(name) => Some(Taken { name, argument }),
        _ => None,
    });
    let mut taken: Vec<Taken> = used.collect();
    // Two locals may have one name.
    taken.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    taken.dedup_by(|one, other| one.name == other.name);
    taken
}

/// What is done first with a name.
enum First {
    Nothing,
    /// The variable is used, as a whole.
    Use(Ident),
    /// It may be bound anew, or anything else.
    Anything,
}

/// What some tokens do.
struct Uses<'n> {
    /// The names that are asked for.
    names: &'n [&'n str],
    /// What is done first with each of them.
    firsts: Vec<First>,
    /// Whether the tokens may leave the block they stand in.
    leaves: bool,
    /// Whether some of them may be taken away by a `#[cfg]`.
    conditional: bool,
}

impl<'n> Uses<'n> {
    fn of(names: &'n [&'n str], t: &Cursor<'_>) -> Self {
        let mut uses = Self {
            names,
            firsts: names.iter().map(|_| First::Nothing).collect(),
            leaves: false,
            conditional: false,
        };
        uses.read(t, true);
        uses
    }

    /// Goes through the tokens from here on; if they are not `known` code, they may do anything.
    fn read(&mut self, t: &Cursor<'_>, known: bool) {
        for (n, token) in t.rest().iter().enumerate() {
            match token {
                TokenTree::Ident(ident) => {
                    let word = t.word(n);
                    self.leaves |= leaves(word);
                    self.conditional |= matches!(word, "cfg" | "cfg_attr");
                    self.note(word, || match known {
                        true => use_of(t, n, ident),
                        false => First::Anything,
                    });
                }
                TokenTree::Group(group) => {
                    let inner = Run::of(group);
                    let inner = inner.cursor();
                    if let ([TokenTree::Ident(ident)], true) = (inner.rest(), known)
                        && n > 0
                        && t.is_word(n - 1, "drop")
                    {
                        self.note(inner.word(0), || First::Use(ident.clone()));
                    }
                    let leaves = self.leaves;
                    self.read(&inner, known && !is_unknown_macro(t, n));
                    if n > 1 && t.is_punct(n - 1, '!') && t.is_word(n - 2, "go") {
                        // What leaves a goroutine leaves nothing here.
                        self.leaves = leaves;
                    }
                }
                _ => {}
            }
        }
    }

    /// Notes what is done with a word, if it is one of the names and nothing was done before.
    fn note(&mut self, word: &str, what: impl Fn() -> First) {
        for (name, first) in self.names.iter().zip(&mut self.firsts) {
            if *name == word && matches!(first, First::Nothing) {
                *first = what();
            }
        }
    }
}

/// Whether the group here is the arguments of a macro of which nothing is known.
fn is_unknown_macro(t: &Cursor<'_>, n: usize) -> bool {
    n > 1 && t.is_punct(n - 1, '!') && {
        let called = t.word(n - 2);
        !called.is_empty()
            && !["go", "co", "select"].contains(&called)
            && known(&[called]).is_none()
    }
}

/// What is done with a name at this place.
fn use_of(t: &Cursor<'_>, n: usize, name: &Ident) -> First {
    let before = |back: usize, ch| n >= back && t.is_punct(n - back, ch);
    let is_field = before(1, '.') && !before(2, '.');
    if is_field || before(1, '\'') {
        return First::Nothing;
    }
    let is_call = |n| {
        matches!(t.peek(n), Some(TokenTree::Group(group))
            if matches!(group.delimiter(), Delimiter::Parenthesis | Delimiter::Bracket))
    };
    let method = t.is_punct(n + 1, '.')
        && t.ident(n + 2).is_some()
        && (t.is_word(n + 2, "await") || is_call(n + 3));
    let goes_on = is_call(n + 1) || ['.', ':', '!'].iter().any(|&ch| t.is_punct(n + 1, ch));
    let received = n >= 2 && t.arrow_at(n - 2) && !goes_on;
    if t.arrow_at(n + 1) || received || method {
        return First::Use(name.clone());
    }
    First::Anything
}

/// Whether a word may leave the block it stands in.
fn leaves(word: &str) -> bool {
    matches!(
        word,
        "return"
            | "break"
            | "continue"
            | "loop"
            | "panic"
            | "todo"
            | "unreachable"
            | "unimplemented"
            | "exit"
    )
}

/// How often a name stands in `tokens`.
fn mentions(tokens: &[TokenTree], name: &Ident) -> usize {
    let count = |token: &TokenTree| match token {
        TokenTree::Ident(ident) => usize::from(ident == name),
        TokenTree::Group(group) => mentions(&group.stream().into_iter().collect::<Vec<_>>(), name),
        _ => 0,
    };
    tokens.iter().map(count).sum()
}
