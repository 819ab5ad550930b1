//! The bodies that the properties are tried on: all that the programs of this repository have,
//! and some corners that no program should have.

use std::path::{Path, PathBuf};

use proc_macro2::{Group, TokenStream, TokenTree};

use super::kept::Grammar;

/// What stands between the delimiters of one macro call.
pub(crate) struct Body {
    pub(crate) grammar: Grammar,
    pub(crate) tokens: TokenStream,
    /// The file, or the corner's own text.
    pub(crate) from: String,
}

/// Bodies in odd shapes.
const BODIES: &[&str] = &[
    "const A: T<-9> = <-b::<-9>; const C: () = { d <- e; for f in <-g { h } }; const I: T = ::<-9>;",
    "let (tx, rx) = b::<i32>(10); go! { for i in 0..5 { tx <- i; } } for v in <-rx { p!(v); }",
    "'l: for w in <-self.rx { if w > 1 { continue 'l } tx <- w + 1; } (tx <- 3)?; <-done",
    "let sent = tx <- P { x: <-a, y: 2 }; match sent { Ok(()) => b <- 1, Err(e) => return Err(e) }",
    "if let Some(x) = <-rx && x > 1 { 1 } else { println!(\"{}\", <-ry); 2 }",
    "async fn f(a: Sender<T<-1>>) -> u8 { a <- 1 << -2; 3 } impl A { async fn g() { <-rx; } }",
    "v.iter().map(|x| x < -1).for_each(async |x| { tx <- x as u8; }); let S(y) = <-z else { q };",
    "let x: Vec<Option<fn(u8) -> u8>> = <-rx; <-<-rxs; <-&*rx; <-&mut rx; &<-rx; -<-n; !<-b;",
    "tx <- match <-rx { A | B if (<-c).is_some() => { 1 } C { d, .. } => <-e, _ => break 'a };",
    "tx <- async move { <-rx }; tx <- |a: &u8, (b, _)| -> u8 { *a + b }; tx <- if a { 1 } else { 2 };",
    "(tx <- 1, 2); [tx <- 1, <-rx]; f(tx <- 1)(<-rx)[<-i]?.g(<-h).await.0.1; a = b <- c <- d;",
    "while let Some(v) = <-rx { if v == 0 { break } else if <-q { continue } else { loop { } } }",
    "assert_eq!(<-rx, Some(1), \"{}\", <-ry); matches!(<-rx, Some(v) if v > <-q); vec![<-rx; 3];",
    "x as u8 <- 1; <-rx as u8; a..<-b; ..=<-c; <T as U>::f(<-g); T::<-1>::f(); s <<-1; t < -1;",
    "const { 1 } unsafe { <-rx } 'a: { break 'a <-rx } static X: u8 = 1; union U { a: u8 } mod m { }",
    "return tx <- 1; break 'a tx <- 2; yield <-rx; #[cfg(a)] <-b; #![allow(c)] #[d] tx <- e;",
    "macro_rules! m { ($x:expr) => { $x <- 1 } } $crate::m! { a } r#in <- r#for; '\\'' ; b\"x\" ; 1.0;",
    "tx.send(1).await?; self.rx.recv().await; tx.try_send(x.y).is_ok(); Foo::bar::<u8>().baz(|| q)",
];

/// Inputs of `go!` that are no plain bodies.
const GOES: &[&str] = &[
    "f(a, b.c, <-rx, tx <- 1, g(<-h), &mut i)",
    "self.server.handle::<u8, Vec<u8>>(next(), <-rx)",
    "<T as U>::f::<u8>(a,)",
    "clone a, mut b, c = self.c, mut d = f(x).y[<-z]; a <- b; c.d(d)",
    "clone tx; for v in <-rx { tx <- v }",
    "async move { tx <- 1; <-rx }",
];

/// Selects in odd shapes.
const SELECTS: &[&str] = &[
    "v = <-rx, let Some(n) = some => v, if . let Some(2) = <-ry => v",
    "biased; one = <-two.three(four), if five => { six; } #[cfg(seven)] \
     Some(eight) = <-nine => ten, eleven <- twelve => thirteen, \
     fourteen = fifteen <- sixteen => seventeen.eighteen(), \
     nineteen = twenty(&mut twentyone) => { twentytwo } default => twentythree",
    "a.b[c] <- mut d.e => { f <- g; } (h, i) = <-*j => k <- l, else => { <-m }",
    "A::<u8> { b, .. } = <-c, if matches!(d, E | F) && (<-g).is_some() => if h { i } else { j },",
    "Some((a, mut b)) = <-f(|| c) => match a { _ => <-b }, d = async { <-e } => g.h(<-i)?,",
    "#[cfg(all(a, b))] #[cfg(not(c))] <-d => return <-e, #[cfg(f)] default => break 'g tx <- 1,",
    "_ = sleep(Duration::from_millis(5)) => {} <-done => |x| x + 1, tx <- P { x: <-a } => [b <- c]",
];

/// The corners, and what the repository has. In a package without the repository around it that
/// is nothing.
pub(crate) fn bodies() -> Vec<Body> {
    let mut found = Vec::new();
    for (grammar, sources) in [
        (Grammar::Body, BODIES),
        (Grammar::Go, GOES),
        (Grammar::Select, SELECTS),
    ] {
        found.extend(sources.iter().map(|source| Body {
            grammar,
            tokens: source.parse().expect("a corner is made of tokens"),
            from: format!("`{source}`"),
        }));
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    if !root.join("ui-tests/pass").is_dir() {
        eprintln!("not in chango's repository: without the bodies of its programs");
        return found;
    }
    for folder in [
        "examples",
        "tests/contract",
        "tests/golang",
        "ui-tests/pass",
    ] {
        for file in rust_files(&root.join(folder)) {
            let source = std::fs::read_to_string(&file).expect("a source can be read");
            let tokens = source.parse().expect("a source is made of tokens");
            let from = file.strip_prefix(&root).unwrap_or(&file).display();
            calls(tokens, &from.to_string(), &mut found);
        }
    }
    found
}

/// All Rust files below a folder, in a fixed order.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder of programs can be read");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The calls of chango's macros in `tokens`, those in their bodies too.
fn calls(tokens: TokenStream, from: &str, found: &mut Vec<Body>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (n, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else {
            continue;
        };
        if let Some(grammar) = called(&tokens[..n]) {
            found.push(Body {
                grammar,
                tokens: group.stream(),
                from: from.to_owned(),
            });
        }
        calls(group.stream(), from, found);
    }
}

/// Which macro is called with the group that follows these tokens.
fn called(before: &[TokenTree]) -> Option<Grammar> {
    let [.., TokenTree::Ident(name), TokenTree::Punct(bang)] = before else {
        return None;
    };
    match name.to_string().as_str() {
        _ if bang.as_char() != '!' => None,
        "co" | "run" => Some(Grammar::Body),
        "go" => Some(Grammar::Go),
        "select" => Some(Grammar::Select),
        _ => None,
    }
}

/// How many tokens there are, both delimiters of a group counted.
pub(crate) fn length(tokens: TokenStream) -> usize {
    let each = tokens.into_iter().map(|token| match token {
        TokenTree::Group(group) => 2 + length(group.stream()),
        _ => 1,
    });
    each.sum()
}

/// The first `length` tokens, and then `tail`. The groups that are open there are closed behind
/// it, as an editor closes them.
pub(crate) fn prefix(tokens: TokenStream, length: usize, tail: &TokenStream) -> TokenStream {
    let mut left = length;
    cut(tokens, &mut left, &mut Some(tail.clone()))
}

fn cut(tokens: TokenStream, left: &mut usize, tail: &mut Option<TokenStream>) -> TokenStream {
    let mut before = TokenStream::new();
    for token in tokens {
        if *left == 0 {
            break;
        }
        *left -= 1;
        before.extend([match token {
            TokenTree::Group(group) => {
                let inner = regrouped(&group, cut(group.stream(), left, tail));
                *left = left.saturating_sub(1);
                inner
            }
            token => token,
        }]);
    }
    if *left == 0 {
        before.extend(tail.take());
    }
    before
}

/// What is done to a body at one place.
#[derive(Clone, Copy)]
pub(crate) enum Edit<'a> {
    /// The token, or the whole group, is taken out.
    Delete,
    /// Something is put before it.
    Insert(&'a TokenStream),
}

/// The tokens with an edit where `position` tokens, counted as [`length`] does, lie before.
pub(crate) fn edited(tokens: TokenStream, position: usize, edit: Edit<'_>) -> TokenStream {
    edit_at(tokens, &mut Some(position), edit)
}

/// `position` is nothing once the edit is made.
fn edit_at(tokens: TokenStream, position: &mut Option<usize>, edit: Edit<'_>) -> TokenStream {
    let mut out = TokenStream::new();
    for token in tokens {
        match (step(position), edit) {
            (true, Edit::Delete) => continue,
            (true, Edit::Insert(put)) => out.extend(put.clone()),
            (false, _) => {}
        }
        out.extend([match token {
            TokenTree::Group(group) => {
                let mut inner = edit_at(group.stream(), position, edit);
                if let (true, Edit::Insert(put)) = (step(position), edit) {
                    inner.extend(put.clone());
                }
                regrouped(&group, inner)
            }
            token => token,
        }]);
    }
    out
}

/// Whether the position is reached; if not, it is one nearer.
fn step(position: &mut Option<usize>) -> bool {
    let reached = *position == Some(0);
    *position = position.and_then(|left| left.checked_sub(1));
    reached
}

/// The group with other content.
pub(crate) fn regrouped(group: &Group, stream: TokenStream) -> TokenTree {
    let mut other = Group::new(group.delimiter(), stream);
    other.set_span(group.span());
    other.into()
}
