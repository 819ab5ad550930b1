//! No run of tokens makes a macro panic.
//!
//! The runs are made of every word and character that the macros know, of all kinds of literals,
//! and of groups, which nest. They are the same in every run of the test.

use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::quote;

use crate::attr::{self, Entry};

/// A generator of numbers, good enough for this.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }

    fn tokens(&mut self, length: usize, depth: usize) -> TokenStream {
        let length = self.below(length + 1);
        let mut out = TokenStream::new();
        for _ in 0..length {
            self.piece(depth, &mut out);
        }
        out
    }

    /// A token, or some that often stand together.
    fn piece(&mut self, depth: usize, out: &mut TokenStream) {
        match self.below(10) {
            0..3 => out.extend([TokenTree::from(self.word())]),
            3..5 => out.extend([TokenTree::from(self.punct())]),
            5 => out.extend([TokenTree::from(self.literal())]),
            6..8 => out.extend(self.of(&TOGETHER).parse::<TokenStream>().unwrap()),
            _ if depth > 0 => {
                let length = self.of(&[1, 3, 12]);
                let inner = self.tokens(length, depth - 1);
                out.extend([TokenTree::from(Group::new(self.of(&DELIMITERS), inner))]);
            }
            _ => {}
        }
    }

    fn word(&mut self) -> Ident {
        let word = self.of(&WORDS);
        match word.strip_prefix("r#") {
            Some(raw) => Ident::new_raw(raw, Span::call_site()),
            None => Ident::new(word, Span::call_site()),
        }
    }

    /// A character, next to what follows it or not.
    fn punct(&mut self) -> Punct {
        let characters: Vec<char> = "<>-=!.,;:&|+*/%^?#$@'~".chars().collect();
        Punct::new(
            self.of(&characters),
            self.of(&[Spacing::Joint, Spacing::Alone]),
        )
    }

    fn literal(&mut self) -> Literal {
        let literals = [
            "1", "-2", "3_u8", "0x_f", "1.5", "2e3", "'c'", "b'b'", "\"s\"", "b\"s\"", "c\"s\"",
            "r#\"s\"#", "true_", "'\\''",
        ];
        let text = self.of(&literals);
        text.parse().unwrap_or_else(|_| Literal::string(text))
    }
}

const DELIMITERS: [Delimiter; 4] = [
    Delimiter::Parenthesis,
    Delimiter::Bracket,
    Delimiter::Brace,
    Delimiter::None,
];

const WORDS: [&str; 76] = [
    "_",
    "a",
    "as",
    "async",
    "auto",
    "await",
    "become",
    "biased",
    "box",
    "break",
    "c",
    "cfg",
    "chango",
    "clone",
    "const",
    "continue",
    "crate",
    "default",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "fn",
    "Fn",
    "for",
    "go",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro_rules",
    "main",
    "match",
    "matches",
    "mod",
    "move",
    "mut",
    "None",
    "Ok",
    "println",
    "pub",
    "r#async",
    "r#in",
    "r#match",
    "raw",
    "ref",
    "return",
    "rx",
    "safe",
    "select",
    "self",
    "Self",
    "Some",
    "static",
    "std",
    "struct",
    "super",
    "trait",
    "true",
    "try",
    "tx",
    "type",
    "u8",
    "union",
    "unsafe",
    "use",
    "v",
    "vec",
    "where",
    "while",
    "workers",
    "x",
    "yield",
];

const TOGETHER: [&str; 22] = [
    "<-",
    "<-<-",
    "<<-",
    "tx <- 1",
    "<-rx",
    "=>",
    "::<",
    "::",
    "->",
    "..=",
    "'a",
    "'a: for",
    "#[cfg(a)]",
    "#![b]",
    "for v in <-rx",
    "let v = <-",
    "tx <- mut a",
    "Some(v) =",
    ", if",
    "clone a,",
    "println!(<-a)",
    "match x { _ => <-b }",
];

fn expand(input: &TokenStream) {
    for expand in [
        crate::block::co,
        crate::go::go,
        crate::run::run,
        crate::select::select,
    ] {
        expand(input.clone());
        expand(quote!((chango) #input));
    }
}

#[test]
fn no_run_of_tokens_makes_a_block_macro_panic() {
    let mut random = Random(1);
    for _ in 0..1_500 {
        expand(&random.tokens(24, 3));
    }
}

#[test]
fn no_options_and_no_item_make_an_attribute_panic() {
    const OPTIONS: [&str; 12] = [
        "",
        "workers = 1",
        "workers = 0",
        "crate = \"a\"",
        "crate = \"-\"",
        "crate",
        "=",
        ",",
        "workers = 1, workers = 2",
        "crate = 1",
        "a::b = 3",
        "workers = 1 2",
    ];
    const ITEMS: [&str; 12] = [
        "async fn main() {}",
        "fn main() {}",
        "async fn f(a: u8, &self) -> u8 { <-rx }",
        "struct S;",
        "async fn f<'a, T: A>(self, (a, b): T) where T: B { #![c] }",
        "",
        "async fn",
        "pub(crate)",
        "#[test] async unsafe extern \"C\" fn g(...) {}",
        "async fn h();",
        "const X: u8 = 1;",
        "impl A { async fn i() {} }",
    ];
    let mut random = Random(2);
    for _ in 0..1_500 {
        let options = [random.of(&OPTIONS).parse().unwrap(), random.tokens(6, 2)];
        let items = [random.of(&ITEMS).parse().unwrap(), random.tokens(12, 2)];
        let (options, item) = (random.of(&options), random.of(&items));
        attr::entry(random.of(&[Entry::Main, Entry::Test]), options, item);
    }
}
