//! Tokens that wait to be written down.
//!
//! A `TokenStream` lives in the compiler: to copy one, to write it behind other tokens or to take it
//! apart is a round trip to it and back, and macros run unoptimised. So what is read here and written
//! there is kept as its trees, and what is written often is made of trees by [`trees!`]. All of it
//! becomes a stream once: as the content of a group, or at the end.

use std::ops::Deref;

use proc_macro2::{Delimiter, Group, Ident, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::{ToTokens, TokenStreamExt};

/// `trees!(span=> tokens)` makes [`Trees`] as `quote_spanned!` makes a stream. `#name` stands for what
/// the variable holds, and takes it. There are no repetitions, no lifetimes and no literals: they are
/// for `quote!`.
macro_rules! trees {
    ($site:expr=> $($token:tt)*) => {{
        #[allow(unused_mut, unused_variables)]
        let (mut trees, site) = ($crate::tokens::Trees::default(), $site);
        trees!(@ trees site $($token)*);
        trees
    }};
    (@ $trees:ident $site:ident) => {};
    (@ $trees:ident $site:ident # $name:ident $($rest:tt)*) => {
        $crate::tokens::Put::put($name, &mut $trees);
        trees!(@ $trees $site $($rest)*);
    };
    (@ $trees:ident $site:ident ($($inner:tt)*) $($rest:tt)*) => {
        $trees.group(::proc_macro2::Delimiter::Parenthesis, trees!($site=> $($inner)*), $site);
        trees!(@ $trees $site $($rest)*);
    };
    (@ $trees:ident $site:ident {$($inner:tt)*} $($rest:tt)*) => {
        $trees.group(::proc_macro2::Delimiter::Brace, trees!($site=> $($inner)*), $site);
        trees!(@ $trees $site $($rest)*);
    };
    (@ $trees:ident $site:ident [$($inner:tt)*] $($rest:tt)*) => {
        $trees.group(::proc_macro2::Delimiter::Bracket, trees!($site=> $($inner)*), $site);
        trees!(@ $trees $site $($rest)*);
    };
    (@ $trees:ident $site:ident _ $($rest:tt)*) => {
        $trees.word("_", $site);
        trees!(@ $trees $site $($rest)*);
    };
    (@ $trees:ident $site:ident $word:ident $($rest:tt)*) => {
        $trees.word(stringify!($word), $site);
        trees!(@ $trees $site $($rest)*);
    };
    (@ $trees:ident $site:ident $operator:tt $($rest:tt)*) => {
        $trees.operator(stringify!($operator), $site);
        trees!(@ $trees $site $($rest)*);
    };
}

pub(crate) use trees;

/// Some tokens.
#[derive(Clone, Default)]
pub(crate) struct Trees(Vec<TokenTree>);

impl Trees {
    pub(crate) fn word(&mut self, word: &str, site: Span) {
        self.0.push(Ident::new(word, site).into());
    }

    /// Adds one operator, whose characters touch.
    pub(crate) fn operator(&mut self, text: &str, site: Span) {
        let mut left = text.len();
        for &byte in text.as_bytes() {
            left -= 1;
            let spacing = match left {
                0 => Spacing::Alone,
                _ => Spacing::Joint,
            };
            let mut punct = Punct::new(char::from(byte), spacing);
            punct.set_span(site);
            self.0.push(punct.into());
        }
    }

    pub(crate) fn group(&mut self, delimiter: Delimiter, inner: Self, site: Span) {
        let mut group = Group::new(delimiter, inner.into_stream());
        group.set_span(site);
        self.0.push(group.into());
    }

    pub(crate) fn extend(&mut self, trees: impl IntoIterator<Item = TokenTree>) {
        self.0.extend(trees);
    }

    pub(crate) fn into_stream(self) -> TokenStream {
        self.0.into_iter().collect()
    }
}

/// What can stand for a `#name` in [`trees!`].
pub(crate) trait Put {
    fn put(self, trees: &mut Trees);
}

impl Put for Trees {
    fn put(mut self, trees: &mut Trees) {
        trees.0.append(&mut self.0);
    }
}

impl Put for &Trees {
    fn put(self, trees: &mut Trees) {
        trees.0.extend_from_slice(&self.0);
    }
}

impl Put for &[TokenTree] {
    fn put(self, trees: &mut Trees) {
        trees.0.extend_from_slice(self);
    }
}

impl Put for TokenStream {
    fn put(self, trees: &mut Trees) {
        trees.0.extend(self);
    }
}

impl Put for TokenTree {
    fn put(self, trees: &mut Trees) {
        trees.0.push(self);
    }
}

impl Put for Ident {
    fn put(self, trees: &mut Trees) {
        trees.0.push(self.into());
    }
}

impl Put for &Ident {
    fn put(self, trees: &mut Trees) {
        trees.0.push(self.clone().into());
    }
}

impl<T: Put> Put for Option<T> {
    fn put(self, trees: &mut Trees) {
        if let Some(tokens) = self {
            tokens.put(trees);
        }
    }
}

impl Deref for Trees {
    type Target = [TokenTree];

    fn deref(&self) -> &[TokenTree] {
        &self.0
    }
}

impl IntoIterator for Trees {
    type Item = TokenTree;
    type IntoIter = std::vec::IntoIter<TokenTree>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl From<Vec<TokenTree>> for Trees {
    fn from(trees: Vec<TokenTree>) -> Self {
        Self(trees)
    }
}

impl From<TokenTree> for Trees {
    fn from(tree: TokenTree) -> Self {
        Self(vec![tree])
    }
}

impl From<TokenStream> for Trees {
    fn from(stream: TokenStream) -> Self {
        Self(stream.into_iter().collect())
    }
}

impl FromIterator<TokenTree> for Trees {
    fn from_iter<I: IntoIterator<Item = TokenTree>>(trees: I) -> Self {
        Self(trees.into_iter().collect())
    }
}

impl ToTokens for Trees {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        for tree in &self.0 {
            tokens.append(tree.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    #[test]
    fn trees_are_what_quote_makes() {
        let (name, none) = (&Ident::new("n", Span::call_site()), None::<&Trees>);
        let list = Trees::from(quote!(a, b));
        let trees = trees! {Span::call_site()=>
            match <_ as T<_>>::f(&#name, #list)[..] { _ => #[x] if a { () } else { .. #none } }
        };
        let stream = quote! {
            match <_ as T<_>>::f(&#name, a, b)[..] { _ => #[x] if a { () } else { .. #none } }
        };
        assert_eq!(format!("{:?}", trees.into_stream()), format!("{stream:?}"));
    }

    #[test]
    fn nothing_makes_nothing() {
        assert!(trees!(Span::call_site()=>).is_empty());
    }
}
