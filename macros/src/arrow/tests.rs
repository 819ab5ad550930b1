//! The rewriting of bodies, as text.
//!
//! An expansion is folded back before it is compared: `receive[rx]`, `receive_alone[rx]`,
//! `send[tx, v]` and `send_value[tx, v]` stand for what [`emit`](super::emit) makes. What those
//! expansions mean is the business of the ui tests, which compile and run them.

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use quote::quote;

use super::emit::{self, Around, Operand, Send};
use super::lex::Arrow;
use super::lower::Lower;
use super::statement::body;
use crate::message;
use crate::path::Facade;

fn facade() -> Facade {
    Facade::new(quote!(chango))
}

/// A body, lowered, as text.
fn lowered(source: &str) -> String {
    lowered_tokens(source.parse().unwrap()).to_string()
}

fn lowered_tokens(source: TokenStream) -> TokenStream {
    let source: Vec<TokenTree> = source.into_iter().collect();
    body(&mut Lower::new(&facade(), Around::Async), &source)
        .0
        .into_stream()
}

fn marker(name: &str) -> TokenStream {
    TokenTree::Ident(Ident::new(name, Span::call_site())).into()
}

/// What stands around the operands of one form, and what to write instead.
struct Form {
    name: &'static str,
    text: String,
}

/// The longest first, since one begins as another does.
fn forms() -> [Form; 4] {
    let at = Span::call_site();
    let arrow = Arrow { less: at, dash: at };
    let operand = || Operand::new(marker("LEFT").into(), &[], at);
    let receive = |alone| emit::receive(&facade(), arrow, &operand(), Around::Async, alone);
    let send = |kind| {
        let value = Operand::new(marker("RIGHT").into(), &[], at);
        emit::send(
            &facade(),
            arrow,
            &operand(),
            Some(&value),
            Around::Async,
            kind,
        )
    };
    [
        Form {
            name: "send_value",
            text: send(Send::Value).into_stream().to_string(),
        },
        Form {
            name: "send",
            text: send(Send::Statement).into_stream().to_string(),
        },
        Form {
            name: "receive",
            text: receive(false).into_stream().to_string(),
        },
        Form {
            name: "receive_alone",
            text: receive(true).into_stream().to_string(),
        },
    ]
}

/// Writes an expansion in short.
fn folded(text: &str) -> String {
    let mut text = text.to_owned();
    for Form { name, text: form } in forms() {
        let (before, rest) = form.split_once("LEFT").unwrap();
        let (between, after) = rest.split_once("RIGHT").unwrap_or(("", rest));
        if text.contains(before) && text.contains(after) {
            text = text.replace(before, &format!("{name}["));
            if !between.is_empty() {
                text = text.replace(between, ", ");
            }
            text = text.replace(after, "]");
        }
    }
    text
}

/// A body and its lowering in short; both are brought to the same spacing.
#[track_caller]
fn becomes(source: &str, expected: &str) {
    let spaced = |text: &str| {
        text.parse::<TokenStream>()
            .unwrap()
            .to_string()
            .replace([' ', '\n'], "")
    };
    assert_eq!(
        spaced(&folded(&lowered(source))),
        spaced(expected),
        "from {source}"
    );
}

#[track_caller]
fn stays(source: &str) {
    becomes(source, source);
}

/// That a body has exactly one error, which says `text`.
#[track_caller]
fn refused(source: &str, text: &str) {
    let lowered = lowered(source);
    assert_eq!(
        lowered.matches("compile_error").count(),
        1,
        "{source}: {lowered}"
    );
    assert!(
        lowered.contains(&format!("{text:?}")),
        "{source}: {lowered}"
    );
}

#[test]
fn receive_binds_as_a_unary_operator_and_postfix_tighter() {
    becomes("let v = <-rx;", "let v = receive[rx];");
    becomes("<-rx;", "receive_alone[rx];");
    becomes("<-rx", "receive[rx]");
    becomes("<-rx + 1", "receive[rx] + 1");
    becomes("1 + <-rx * 2;", "1 + receive[rx] * 2;");
    becomes("<-timers.next();", "receive_alone[timers.next()];");
    becomes("<-self.0.rx[i]?;", "receive_alone[self.0.rx[i]?];");
    becomes("(<-rx)?;", "(receive[rx])?;");
    becomes("(<-rx).unwrap();", "(receive[rx]).unwrap();");
    becomes("<-get().await;", "receive_alone[get().await];");
    becomes("<-<-rx;", "receive_alone[receive[rx]];");
    becomes("<-&*rx;", "receive_alone[&*rx];");
    becomes("-<-rx;", "-receive[rx];");
    becomes("!<-a && !<-b;", "!receive[a] && !receive[b];");
    becomes(
        "<-None::<Receiver<u8>>;",
        "receive_alone[None::<Receiver<u8>>];",
    );
    becomes(
        "<-<T as Make>::make();",
        "receive_alone[<T as Make>::make()];",
    );
    becomes("<-rx as u8", "receive[rx] as u8");
    becomes("<-a..<-b", "receive[a]..receive[b]");
    becomes("x = <-rx;", "x = receive[rx];");
    becomes("x += <-rx;", "x += receive[rx];");
    becomes("x=<-rx;", "x=receive[rx];");
}

#[test]
fn send_is_a_statement_where_a_statement_stands() {
    becomes("tx <- 1;", "send[tx, 1];");
    becomes("tx <- 1", "send[tx, 1]");
    becomes("tx<-1;", "send[tx, 1];");
    becomes("a <-1;", "send[a, 1];");
    becomes("{ tx <- 1 }", "{ send[tx, 1] }");
    becomes(
        "if a { tx <- 1; } else { tx <- 2 }",
        "if a { send[tx, 1]; } else { send[tx, 2] }",
    );
    becomes("match a { _ => tx <- 1, }", "match a { _ => send[tx, 1], }");
    becomes("if a { } tx <- 1;", "if a { } send[tx, 1];");
    becomes(
        "unsafe { } tx <- 1; loop { } tx <- 2",
        "unsafe { } send[tx,1]; loop { } send[tx,2]",
    );
    becomes("call! { x } tx <- 1;", "call! { x } send[tx, 1];");
    becomes("#[cfg(a)] tx <- 1;", "#[cfg(a)] send[tx, 1];");
    becomes("async || tx <- 1", "async || send[tx, 1]");
    becomes("'a: { tx <- 1 }", "'a: { send[tx, 1] }");
}

#[test]
fn send_is_a_value_where_its_result_is_asked_for() {
    becomes("let sent = tx <- 1;", "let sent = send_value[tx, 1];");
    becomes(
        "let r: Result<(), E> = tx <- 1;",
        "let r: Result<(), E> = send_value[tx, 1];",
    );
    becomes(
        "let Ok(()) = tx <- 1 else { return };",
        "let Ok(()) = send_value[tx,1] else { return };",
    );
    becomes("return tx <- 1;", "return send_value[tx, 1];");
    becomes("break tx <- 1", "break send_value[tx, 1]");
    becomes("break 'a tx <- 1", "break 'a send_value[tx, 1]");
    becomes(
        "f(tx <- 1, tx <- 2)",
        "f(send_value[tx, 1], send_value[tx, 2])",
    );
    becomes("a.f(tx <- 1)", "a.f(send_value[tx, 1])");
    becomes("(tx <- 1)?;", "(send_value[tx, 1])?;");
    becomes(
        "if (tx <- 1).is_err() { }",
        "if (send_value[tx, 1]).is_err() { }",
    );
    becomes("((tx <- 1),);", "((send_value[tx, 1]),);");
}

#[test]
fn send_takes_one_operand_left_and_all_that_follows_right() {
    becomes("self.tx <- a + b;", "send[self.tx, a + b];");
    becomes("*tx <- -5;", "send[*tx, -5];");
    becomes("tx <-&v;", "send[tx, &v];");
    becomes("get().await? <- <-rx;", "send[get().await?, receive[rx]];");
    becomes("None::<Sender<u8>> <- 1;", "send[None::<Sender<u8>>, 1];");
    becomes("txs[i] <- x as u64;", "send[txs[i], x as u64];");
    becomes(
        "tx <- Point { x: <-rx, y };",
        "send[tx, Point { x: receive[rx], y }];",
    );
    becomes("tx <- |x| x + 1;", "send[tx, |x| x + 1];");
    becomes(
        "tx <- if a { 1 } else { 2 };",
        "send[tx, if a { 1 } else { 2 }];",
    );
    becomes("tx <- 1..2;", "send[tx, 1..2];");
    becomes("tx <- f::<-1>();", "send[tx, f::<-1>()];");
    becomes("<-txs <- 1;", "send[receive[txs], 1];");
    becomes("x as T <- 1;", "send[(x as T), 1];");
}

#[test]
fn send_inside_a_larger_expression_asks_for_parentheses() {
    for source in [
        "x = tx <- 1;",
        "a && tx <- 1;",
        "let r = a && tx <- 1;",
        "[tx <- 1];",
        "(tx <- 1, 2);",
        "(1, tx <- 2);",
        "S { sent: tx <- 1 };",
        "if tx <- 1 { }",
        "if let Err(e) = tx <- 1 { }",
        "while tx <- 1 { }",
        "match tx <- 1 { _ => () }",
        "a <- b <- c;",
        "v[tx <- 1];",
    ] {
        refused(source, message::SEND_IN_EXPRESSION);
    }
}

#[test]
fn tokens_that_only_look_like_an_arrow_are_left_alone() {
    for source in [
        "a < -1;",
        "a < - 1;",
        "let x = 1 <<-n;",
        "f::<-1>();",
        "x.f::<-1, 2>();",
        "f::<fn() -> T<-1>>();",
        "let x: T<-1> = y;",
        "let x = y as T<-1>;",
        "impl T<-1> { }",
        "fn f(x: T<-1>) -> T<-1> { x }",
        "type A = T<-1>;",
        "|x: T<-1>| x;",
        "let f: fn() -> u8 = g;",
    ] {
        stays(source);
    }
}

#[test]
fn what_is_no_operator_comes_out_as_it_was() {
    for source in [
        "if let Some(x) = a && x > 1 { b } else if c { d } else { e }",
        "'a: for x in 0..10 { break 'a; }",
        "for i in 0.. { } while a { } loop { break; }",
        "match x { A | B if c => 1, C { d, .. } => { 2 } _ => return }",
        "let Some(x) = y else { return };",
        "let S { a, ref b } = S { a: 1, ..c };",
        "#[allow(x)] let y = async move { z.await };",
        "struct S { a: u8 } enum E { A } use a::{b, c}; mod m { fn f() { } }",
        "const X: u8 = { 1 }; static mut Y: [u8; 2] = [1; 2]; type T = u8;",
        "impl<T: Fn() -> u8> A for B<T> where T: C { fn f(&self) { } const D: u8 = 1; }",
        "macro_rules! m { ($x:expr) => { $x <- 1 } }",
        "unknown! { tx <- 1 } other!(<-rx); ::std::custom![<-rx];",
        "x.0.1.f::<Vec<u8>>()?.await[1] = -2;",
        "let c = move |a: &u8, (b, _)| -> u8 { *a };",
        "for<'a> |x: &'a u8| x;",
        "&raw const x; &mut y; &&z; ..=3; a..; a >>= 1; a || b;",
        "unsafe extern \"C\" fn f() { } extern crate a; pub(crate) fn g() { }",
        "go! { tx <- 1 }; chango::select! { v = <-rx => v }",
    ] {
        stays(source);
    }
}

#[test]
fn heads_and_patterns_are_looked_into() {
    becomes(
        "while let Some(v) = <-rx { f(v); }",
        "while let Some(v) = receive[rx] { f(v); }",
    );
    becomes(
        "if let Some(v) = <-rx && v > 1 { }",
        "if let Some(v) = receive[rx] && v > 1 { }",
    );
    becomes(
        "match <-rx { Some(v) => v, None => 0 }",
        "match receive[rx] { Some(v) => v, None => 0 }",
    );
    becomes(
        "match x { y if (<-rx).is_some() => 1, _ => 2 }",
        "match x { y if (receive[rx]).is_some() => 1, _ => 2 }",
    );
    becomes(
        "match x { _ => { <-rx } y => <-ry }",
        "match x { _ => { receive[rx] } y => receive[ry] }",
    );
    becomes(
        "while (<-rx).is_some() { tx <- 1 }",
        "while (receive[rx]).is_some() { send[tx, 1] }",
    );
    becomes(
        "for x in vec![<-a, <-b] { }",
        "for x in vec![receive[a], receive[b]] { }",
    );
    becomes("for x in (<-rx) { }", "for x in (receive[rx]) { }");
    becomes("for x in <-rx + y { }", "for x in receive[rx] + y { }");
    becomes("match x { } .f(<-rx)", "match x { } .f(receive[rx])");
}

#[test]
fn loop_over_a_channel_evaluates_its_operand_once() {
    let text = lowered("'a: for (i, v) in <-self.rx { use_it(i, v); continue 'a; }");
    assert!(
        text.contains("ReceiveOperand < _ >> :: each (& self . rx)"),
        "{text}"
    );
    assert!(text.contains("__chango_each => 'a : while let"), "{text}");
    assert!(text.contains("let (i , v) = __chango_item ;"), "{text}");
    assert_eq!(text.matches("await").count(), 1);
}

#[test]
fn std_macros_are_looked_into() {
    becomes(
        "println!(\"{:?} {x}\", <-rx, x = <-ry);",
        "println!(\"{:?} {x}\", receive[rx], x = receive[ry]);",
    );
    becomes("vec![<-rx; 3];", "vec![receive[rx]; 3];");
    becomes(
        "matches!(<-rx, Some(v) if v > 1)",
        "matches!(receive[rx], Some(v) if v > 1)",
    );
    becomes(
        "assert!((tx <- 1).is_ok());",
        "assert!((send_value[tx, 1]).is_ok());",
    );
    becomes("dbg!(tx <- 1);", "dbg!(send_value[tx, 1]);");
    becomes(
        "std::println! { \"{}\", <-rx } tx <- 1",
        "std::println! { \"{}\", receive[rx] } send[tx, 1]",
    );
}

#[test]
fn async_things_inside_are_lowered_and_others_refused() {
    becomes("async move { <-rx }", "async move { receive[rx] }");
    becomes("async |x| { tx <- x; }", "async |x| { send[tx, x]; }");
    becomes(
        "pub async fn f() { tx <- 1; }",
        "pub async fn f() { send[tx, 1]; }",
    );
    becomes(
        "impl A { async fn f(&self) { tx <- 1; } }",
        "impl A { async fn f(&self) { send[tx, 1]; } }",
    );
    becomes("|| async { <-rx }", "|| async { receive[rx] }");
    refused("|| <-rx;", message::ARROW_IN_CLOSURE);
    refused("v.map(move |x| { tx <- x; });", message::ARROW_IN_CLOSURE);
    refused("fn f() { for x in <-rx { } }", message::ARROW_IN_FN);
    refused(
        "trait A { fn f() { let x = tx <- 1; } }",
        message::ARROW_IN_FN,
    );
    refused("const X: u8 = <-rx;", message::ARROW_IN_CONST);
    refused("let x = const { <-rx };", message::ARROW_IN_CONST);
    // The operands are not looked at: a variable in a constant is an error of its own.
    for source in [
        "const X: u8 = <-rx;",
        "const X: () = { rx <- rx };",
        "const X: () = { for x in <-rx { } };",
    ] {
        assert!(lowered(source).contains("# [cfg (any ())] {"), "{source}");
    }
}

#[test]
fn operator_without_an_operand_is_one_error() {
    refused("<-", message::NO_OPERAND);
    refused("let x = <-;", message::NO_OPERAND);
    refused("for x in <- { }", message::NO_OPERAND);
    refused("tx <-", message::NO_VALUE);
    refused("f(tx <-);", message::NO_VALUE);
}

#[test]
fn keyword_behind_a_dot_or_a_path_begins_the_next_line() {
    becomes(
        "foo. let sent = tx <- 1;",
        "foo. let sent = send_value[tx, 1];",
    );
    becomes(
        "Foo:: let sent = tx <- 1;",
        "Foo:: let sent = send_value[tx, 1];",
    );
    becomes(
        "x. match a { _ => tx <- 1 }",
        "x. match a { _ => send[tx, 1] }",
    );
    becomes("f::<T>:: return <-rx", "f::<T>:: return receive[rx]");
    becomes("foo. if <-a { }", "foo. if receive[a] { }");
    becomes("<-foo.await.r#if;", "receive_alone[foo.await.r#if];");
    becomes("<-self::super::x;", "receive_alone[self::super::x];");
}

#[test]
fn closure_without_its_bars_ends_with_its_statement() {
    becomes("for<'a> x; tx <- 1;", "for<'a> x; send[tx, 1];");
}

#[test]
fn go_in_a_statement_gets_its_semicolon() {
    becomes("go! { a } b();", "go! { a }; b();");
    becomes("for x in y { go! { a } }", "for x in y { go! { a }; }");
    becomes("loop { chango::go! { a } }", "loop { chango::go! { a }; }");
    becomes("while x { go! { a } }", "while x { go! { a }; }");
    becomes("if x { go! { a } }", "if x { go! { a }; }");
    becomes(
        "if x { go! { a } } else if y { go! { b } }",
        "if x { go! { a }; } else if y { go! { b }; }",
    );
    stays("if x { go! { a } } else { go! { b } }");
    stays("go! { a }");
    stays("go! { a };");
    stays("go! { a }.await;");
    stays("{ go! { a } }");
    stays("go!(a())");
    stays("match x { _ => go! { a } }");
}

/// An invisible group around `source`, as `macro_rules` makes one.
fn invisible(source: &str) -> TokenStream {
    let inner = source.parse().unwrap();
    TokenTree::Group(proc_macro2::Group::new(Delimiter::None, inner)).into()
}

#[test]
fn invisible_groups_are_seen_through() {
    let (e, rx) = (invisible("a + b"), invisible("self.rx"));
    let text = |tokens| folded(&lowered_tokens(tokens).to_string()).replace(' ', "");
    assert_eq!(text(quote!(let x = 2 * #e;)), "letx=2*(a+b);");
    assert_eq!(text(quote!(<-#rx;)), "receive_alone[(self.rx)];");
    assert_eq!(text(quote!(#e <- 1;)), "send[(a+b),1];");
    let known = invisible("println!(\"{}\", <-rx)");
    assert_eq!(
        text(quote!(let x = #known;)),
        "letx=(println!(\"{}\",receive[rx]));"
    );
    // A statement or an item stays what it is, and so does a type in a path.
    let statement = invisible("let y = <-rx");
    assert_eq!(text(quote!(#statement; z)), "lety=receive[rx];z");
    let kind = invisible("Vec<u8>");
    assert_eq!(text(quote!(#kind::new())), "Vec<u8>::new()");
}

#[test]
fn block_in_a_head_is_an_operand_if_another_one_follows() {
    becomes(
        "while let Some(v) = <-{ rx } { }",
        "while let Some(v) = receive[{ rx }] { }",
    );
    becomes("if <-{ rx } == x { }", "if receive[{ rx }] == x { }");
    becomes(
        "match <-{ rx }.clone() { }",
        "match receive[{ rx }.clone()] { }",
    );
    becomes(
        "match <-unsafe { rx } { }",
        "match receive[unsafe { rx }] { }",
    );
    let text = lowered("for x in <-{ a; rx } { f(x); }");
    assert!(text.contains("(& { a ; rx })"), "{text}");
    for source in [
        "for x in <- { }",
        "if <- { } else { }",
        "match <- { } *a = b;",
    ] {
        refused(source, message::NO_OPERAND);
    }
}

#[test]
fn alternatives_before_in_stand_in_parentheses() {
    let text = lowered("for A(x) | B(x) in <-rx { }");
    assert!(text.contains("let (A (x) | B (x)) = "), "{text}");
    let text = lowered("for (x, _) in <-rx { }");
    assert!(text.contains("let (x , _) = "), "{text}");
}

#[test]
fn invisible_blocks_items_and_labels_are_what_they_hold() {
    let block = invisible("{ f(x); <-ry }");
    let (label, item) = (invisible("'a"), invisible("async fn f() { tx <- 1; }"));
    let text = lowered_tokens(quote!(for x in <-rx #block)).to_string();
    assert!(
        text.contains("while let") && text.contains("f (x)"),
        "{text}"
    );
    let text = |tokens| folded(&lowered_tokens(tokens).to_string()).replace(' ', "");
    assert_eq!(
        text(quote!(#label: loop { break #label <-rx })),
        "'a:loop{break'areceive[rx]}"
    );
    assert_eq!(
        text(quote!(match x { _ => #block })),
        "match x{_=>{f(x);receive[ry]}}".replace(' ', "")
    );
    let facade = facade();
    let mut lower = Lower::new(&facade, Around::Async);
    let (lowered, only_items) = body(&mut lower, &Vec::from_iter(quote!(#item #item)));
    assert!(only_items, "{}", lowered.into_stream());
}

#[test]
fn only_what_has_an_operator_is_changed() {
    // A group in which nothing was changed comes out as the very group that went in.
    let facade = facade();
    let changes = |source: &str| {
        let mut lower = Lower::new(&facade, Around::Async);
        let source: TokenStream = source.parse().unwrap();
        body(&mut lower, &source.into_iter().collect::<Vec<_>>());
        lower.changes
    };
    assert_eq!(changes("f(a, [b]); if c { d < -1 } other! { <-rx }"), 0);
    assert_eq!(changes("f(<-a, [b]); if c { tx <- d }"), 2);
    assert_eq!(changes("for x in <-rx { } loop { go! { a } }"), 2);
}

/// Of which variables a body asks whether a goroutine has left them here, in order.
fn asked(source: &str) -> Vec<String> {
    let text = lowered(source);
    let questions = text.split(" :: is_here (& ").skip(1);
    questions
        .map(|rest| rest.split(')').next().unwrap().trim().to_owned())
        .collect()
}

#[test]
fn variable_that_a_goroutine_takes_and_that_is_used_again_is_asked_for() {
    for source in [
        "let tx = t; go! { tx <- 1 } tx <- 2;",
        "let (tx, rx) = c(); go! { tx <- 1; }; f(tx.clone());",
        "let tx = t; let h = go! { loop { tx <- 1; } }; drop(tx);",
        "let tx = t; go! { for v in <-tx { } } let x = <-tx;",
        "let tx = t; chango::go! { a(); tx.send(1).await; } go! { b(); tx <- 1; }",
        "let tx = t; go!(async move { tx <- 1 }); if x { tx <- 1 }",
        "let tx = t; go!(f(tx, 1)); tx <- 2;",
        "let tx = t; go!(tx.f()); tx.g();",
        "let tx = t; { go! { clone a; tx <- 1 } select! { tx <- 1 => {} } }",
        "let tx = t; for i in 0..3 { a(); go! { tx <- i; tx <- i; } }",
        "let tx = t; while x() { go!(f(tx)); }",
        "let tx = t; for v in <-rx { let n = v; go! { tx <- n } }",
        "let tx = t; let f = async || { go! { tx <- 1 } tx <- 2; };",
        "let tx = t; go! { tx <- 1 } a.tx.f(); tx <- 2;",
        "let tx = t; go! { tx <- 1 } go! { if x { return } tx <- 2 }",
        "let tx = t; go! { tx <- 1 } #[allow(a)] tx <- 2;",
    ] {
        assert_eq!(asked(source), ["tx"], "{source}");
    }
    assert_eq!(
        asked("let r#in = t; go! { r#in <- 1 } r#in <- 2;"),
        ["r#in"]
    );
    let twice = "let a = x; let b = y; go! { b <- 1; a <- 1; } a <- 2; b <- 2; a <- 3; b <- 3;";
    assert_eq!(asked(twice), ["a", "b"]);
}

#[test]
fn nothing_is_asked_where_the_variable_may_be_another_or_still_there() {
    for source in [
        "let tx = t; go! { clone tx; tx <- 1 } tx <- 2;",
        "let tx = t; go! { clone a, tx = b; tx <- 1 } tx <- 2;",
        "let tx = t; go! { tx <- 1 } let tx = u; tx <- 2;",
        "let tx = t; go! { tx <- 1 } tx = u; tx <- 2;",
        "let tx = t; go! { let tx = u; tx <- 1 } tx <- 2;",
        "let tx = t; go! { f(|tx| tx.g()); } tx <- 2;",
        "let tx = t; go! { tx.x.f(); } tx.y.g();",
        "let tx = t; go! { a.tx <- 1; } tx <- 2;",
        "let tx = t; go! { a.tx.f(); S { tx: 1 } } tx <- 2;",
        "let tx = t; go! { unknown!(tx <- 1) } tx <- 2;",
        "let tx = t; go! { tx <- 1 } unknown!(tx); tx <- 2;",
        "let tx = t; go! { tx <- 1 } fn f(tx: u8) { tx.g(); }",
        "let tx = t; go! { tx <- 1 } if let Some(tx) = x { tx <- 2 }",
        "let tx = t; go! { tx <- 1 } for tx in txs { tx <- 2 }",
        "let tx = t; go! { tx <- 1 } return; tx <- 2;",
        "let tx = t; go! { tx <- 1 } 'a: { if x { break 'a } } tx <- 2;",
        "let tx = t; go! { tx <- 1 } #[cfg(a)] tx <- 2;",
        "let tx = t; go! { tx <- 1 } { #[cfg(a)] tx <- 2; }",
        "let tx = t; go! { #[cfg_attr(a, cfg(b))] tx <- 1; } tx <- 2;",
        "let tx = t; loop { #[cfg(a)] f(); go! { tx <- 1 } }",
        "let tx = t; go! { tx <- 1 } { return; tx <- 2 }",
        "let tx = t; #[cfg(a)] go! { tx <- 1 } tx <- 2;",
        "let tx = t; if x { go! { tx <- 1 } } else { tx <- 2 }",
        "let tx = t; go!(f(tx.clone())); tx <- 2;",
        "let tx = t; go!(f(&tx)); tx <- 2;",
        "let tx = t; go!(async { tx <- 1 }); tx <- 2;",
        "let tx = go! { tx <- 1 }; tx.await;",
        "go! { tx <- 1 } tx <- 2;",
        "let TX = t; go! { TX <- 1 } TX <- 2;",
        "let m::tx = t; go! { tx <- 1 } tx <- 2;",
        "{ let tx = t; } go! { tx <- 1 } tx <- 2;",
        "let tx = t; fn f() { go! { tx <- 1 } tx <- 2; }",
        "let tx = t; for tx in txs { go! { tx <- 1 } }",
        "for i in 0..3 { let tx = t; go! { tx <- i } }",
        "let tx = t; loop { go! { tx <- 1 } break; }",
        "let tx = t; loop { go! { tx <- 1 } tx = u; }",
        "let tx = t; while let Some(tx) = <-txs { go! { tx <- 1 } }",
        "let tx = t; for i in 0..3 { if x { go! { tx <- 1 } } }",
    ] {
        assert!(asked(source).is_empty(), "{source}");
    }
}
