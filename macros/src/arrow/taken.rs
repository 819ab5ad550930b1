//! Variables that a goroutine has taken, and that are used again.
//!
//! `go! { tx <- 1; }` moves `tx` into the goroutine, and whoever has forgotten to say `clone tx`
//! hears from the compiler about a coroutine and the trait `Copy`. So where a variable is seen to go
//! into a goroutine and to be used behind it, the expansion asks whether the variable's type is
//! `Copy`, by a trait of its own whose message says what to do. If it is, all is well.
//!
//! What must hold: no program is refused that the compiler would take. So only what is certain in
//! the tokens counts. The variable is bound by a `let` that can be seen. The goroutine uses it, and
//! so does the later statement, by an arrow, a method, an `.await` or `drop`, before anything else is
//! done with the name. And nothing between the two can leave the block. All else is left to the
//! compiler and its own words.

use std::collections::HashSet;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::quote_spanned;

use super::known::known;
use super::lex::Cursor;
use crate::go::{Call, clone_list};
use crate::message;
use crate::path::{Facade, hidden};
use crate::position::line;

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
        statement: &[TokenTree],
        all: &[TokenTree],
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
    fn used_again(&mut self, facade: &Facade, statement: &[TokenTree]) -> TokenStream {
        let mut questions = TokenStream::new();
        if self.taken.is_empty() {
            return questions;
        }
        let mut words = HashSet::new();
        collect_words(statement, &mut words);
        // What a `#[cfg]` may take away is not certain.
        let has_attribute = Cursor::new(statement).is_punct(0, '#');
        self.taken.retain(|taken| {
            let name = taken.name.to_string();
            if !words.contains(&name) {
                return true;
            }
            if let First::Use(again) = first(statement, &name)
                && !has_attribute
            {
                questions.extend(taken.question(facade, &again));
            }
            false
        });
        if LEAVING.iter().any(|leaving| words.contains(*leaving)) {
            self.taken.clear();
        }
        questions
    }
}

impl Turn {
    /// Whether a variable that this loop's body moves is the same in the next turn.
    fn repeats(
        &self,
        name: &Ident,
        body: &[TokenTree],
        goroutine: &Group,
        locals: &[String],
    ) -> bool {
        let bound = |names: &[String]| names.iter().any(|local| name == local);
        let elsewhere = mentions(body, name) - mentions(&[goroutine.clone().into()], name);
        let mut words = HashSet::new();
        collect_words(body, &mut words);
        bound(&locals[..self.outside])
            && !bound(&locals[self.outside..])
            && mentions(&self.head, name) + elsewhere == 0
            && !LEAVING.iter().any(|leaving| words.contains(*leaving))
    }
}

impl Taken {
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
pub(crate) fn bound(pattern: &[TokenTree], names: &mut Vec<String>) {
    let t = Cursor::new(pattern);
    for (n, token) in pattern.iter().enumerate() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == ':' => return,
            TokenTree::Ident(_) if t.is_punct(n + 1, ':') => return,
            TokenTree::Ident(name) if is_variable(name) => names.push(name.to_string()),
            TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => {
                bound(&group.stream().into_iter().collect::<Vec<_>>(), names);
            }
            _ => {}
        }
    }
}

fn is_variable(name: &Ident) -> bool {
    let text = name.to_string();
    !["let", "mut", "ref", "box"].contains(&text.as_str()) && !text.chars().any(char::is_uppercase)
}

/// The goroutine that a statement starts, `go! …`, and the name of `let name = go! …`.
fn goroutine(statement: &[TokenTree]) -> Option<(Option<&Ident>, &Group)> {
    let mut t = Cursor::new(statement);
    let mut bound = None;
    if t.is_word(0, "let") && t.is_punct(2, '=') {
        bound = t.ident(1);
        t.skip(3);
    }
    while t.ident(0).is_some() && t.is_punct(1, ':') && t.is_punct(2, ':') {
        t.skip(3);
    }
    match t.peek(2) {
        Some(TokenTree::Group(group)) if t.is_word(0, "go") && t.is_punct(1, '!') => {
            Some((bound, group))
        }
        _ => None,
    }
}

/// Which of the variables `locals` a goroutine takes.
fn taken(goroutine: &Group, locals: &[String]) -> Vec<Taken> {
    let input: Vec<TokenTree> = goroutine.stream().into_iter().collect();
    let is_local = |name: &String| locals.contains(name);
    if let Some(call) = Call::parse(&input) {
        let moved = call.moved().into_iter();
        let argument = true;
        return moved
            .filter(|name| is_local(&name.to_string()))
            .map(|name| Taken { name, argument })
            .collect();
    }
    let (cloned, body) = clone_list(&input);
    let t = Cursor::new(body);
    if t.is_word(0, "async") && !t.is_word(1, "move") {
        return Vec::new();
    }
    let mut words = HashSet::new();
    collect_words(body, &mut words);
    words.retain(|word| is_local(word) && !cloned.contains(word));
    let mut uses: Vec<Ident> = words
        .iter()
        .filter_map(|name| match first(body, name) {
            First::Use(name) => Some(name),
            _ => None,
        })
        .collect();
    // What comes out must not depend on the order of a set.
    uses.sort_unstable();
    let argument = false;
    uses.into_iter()
        .map(|name| Taken { name, argument })
        .collect()
}

/// What is done first with a name.
enum First {
    Nothing,
    /// The variable is used, as a whole.
    Use(Ident),
    /// It may be bound anew, or anything else.
    Other,
}

/// What `tokens` do first with `name`.
fn first(tokens: &[TokenTree], name: &str) -> First {
    let t = Cursor::new(tokens);
    for (n, token) in tokens.iter().enumerate() {
        let found = match token {
            TokenTree::Group(group) => in_group(&t, n, group, name),
            TokenTree::Ident(ident) if ident == name => use_of(&t, n, ident),
            _ => continue,
        };
        if !matches!(found, First::Nothing) {
            return found;
        }
    }
    First::Nothing
}

/// What a group does first with a name. As the arguments of a macro of which nothing is known it may
/// do anything.
fn in_group(t: &Cursor<'_>, n: usize, group: &Group, name: &str) -> First {
    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
    let word = |back: usize| n.checked_sub(back).and_then(|n| t.ident(n));
    if n > 1
        && t.is_punct(n - 1, '!')
        && let Some(called) = word(2)
    {
        let called = called.to_string();
        let ours = ["go", "co", "select"].contains(&called.as_str());
        if !ours && known(&[called]).is_none() {
            let mut words = HashSet::new();
            collect_words(&inner, &mut words);
            return match words.contains(name) {
                true => First::Other,
                false => First::Nothing,
            };
        }
    }
    match &inner[..] {
        [TokenTree::Ident(ident)] if ident == name && word(1).is_some_and(|f| f == "drop") => {
            First::Use(ident.clone())
        }
        _ => first(&inner, name),
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
    First::Other
}

/// Words that may leave the block they stand in.
const LEAVING: [&str; 9] = [
    "return",
    "break",
    "continue",
    "loop",
    "panic",
    "todo",
    "unreachable",
    "unimplemented",
    "exit",
];

fn collect_words(tokens: &[TokenTree], words: &mut HashSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(word) => {
                words.insert(word.to_string());
            }
            TokenTree::Group(group) => {
                collect_words(&group.stream().into_iter().collect::<Vec<_>>(), words);
            }
            _ => {}
        }
    }
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
