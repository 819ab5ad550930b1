//! Selects as text: what they become, what is refused, and what happens to half-typed ones.

use proc_macro2::{TokenStream, TokenTree};

use super::parse::is_place;
use super::select;
use crate::message;

/// The expansion, which must be one expression.
#[track_caller]
fn expanded(source: &str) -> String {
    let text = half_typed(source);
    syn::parse_str::<syn::Expr>(&text).unwrap_or_else(|error| panic!("{error} in {text}"));
    text
}

/// The expansion of what need not be complete.
fn half_typed(source: &str) -> String {
    let tokens = select(format!("(chango) {source}").parse().unwrap());
    tokens.to_string().replace("chango :: __private :: ", "")
}

/// That `source` expands without an error to something that holds all of `parts`, in order.
#[track_caller]
fn holds(source: &str, parts: &[&str]) {
    let text = expanded(source);
    assert!(!text.contains("compile_error"), "{text}");
    let mut rest = &text[..];
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            panic!("no {part:?} in {rest}")
        };
        rest = after;
    }
}

/// That `source` has exactly one error, which says `message`, and still expands.
#[track_caller]
fn refused(source: &str, message: &str) {
    let text = expanded(source);
    assert_eq!(text.matches("compile_error").count(), 1, "{text}");
    assert!(text.contains(&format!("{message:?}")), "{text}");
}

#[test]
fn receive_arm_uses_a_place_and_takes_anything_else() {
    holds(
        "v = <-rx => v,",
        &[
            "Some (< _ as ReceiveOperand < _ >> :: arm (& rx))",
            "let v = __chango_value ; v",
        ],
    );
    holds(
        "v = <-self.rxs[0] => v",
        &["< _ as ReceiveOperand < _ >> :: arm (& self . rxs [0])"],
    );
    holds(
        "v = <-*rx => v",
        &["< _ as ReceiveOperand < _ >> :: arm (& * rx)"],
    );
    holds(
        "t = <-after(d) => t",
        &["< _ as OwnedReceiveOperand < _ >> :: arm (after (d))"],
    );
    holds(
        "<-done => {}",
        &[
            "< _ as ReceiveOperand < _ >> :: arm (& done)",
            "{ let __chango_value = __chango_value ; }",
        ],
    );
    holds(
        "v = <-<-rxs => v",
        &[
            "< _ as OwnedReceiveOperand < _ >> :: arm ((match < _ as ReceiveOperand < _ >> :: operation (& rxs)",
        ],
    );
}

#[test]
fn some_pattern_disables_its_arm_on_none() {
    holds(
        "Some(v) = <-rx => v",
        &[
            "< _ as SomeReceiveOperand < _ >> :: arm (& rx)",
            "let v = __chango_value ;",
        ],
    );
    holds(
        "Some((a, b)) = <-f() => a",
        &[
            "< _ as OwnedSomeReceiveOperand < _ >> :: arm (f ())",
            "let (a , b) = __chango_value ;",
        ],
    );
    holds(
        "Some(v) = next(&mut x) => v",
        &["< _ as SomeFutureOperand < _ >> :: arm (next (& mut x))"],
    );
}

#[test]
fn send_arm_settles_its_result_unless_it_is_bound() {
    holds(
        "tx <- a + b => 1",
        &[
            "select :: Sending { to : < _ as SendOperand < _ >> :: place (& tx) , value : a + b } . arm ()",
            "settle (__chango_error",
            ". await",
            "1",
        ],
    );
    holds(
        "sent = tx <- 1 => sent",
        &[
            "< _ as SendOperand < _ >> :: place (& tx) , value : 1",
            "let sent = __chango_value ; sent",
        ],
    );
    holds(
        "f() <- P { x: 1 } => 1",
        &["< _ as SendOperand < _ >> :: this (f ()) , value : P { x : 1 } }"],
    );
    assert!(!expanded("sent = tx <- 1 => sent").contains("settle"));
}

#[test]
fn lent_value_comes_back_in_every_other_body() {
    let source = "tx <- mut pending => 1, v = <-rx => { v } else => 3";
    let back = "pending = (__chango_lent_0 . from (& mut __chango_slot_0) . back () ,) . 0 ;";
    holds(
        source,
        &[
            "let __chango_lent_0 = select :: lent (& pending) ;",
            "let mut __chango_slot_0 = select :: Slot :: empty () ;",
            "Lending { to : < _ as SendOperand < _ >> :: place (& tx) , value : pending } . arm \
             (& mut __chango_slot_0)",
            "settle",
            back,
            "let v",
            back,
        ],
    );
    assert_eq!(expanded(source).matches(back).count(), 2);
}

#[test]
fn lent_value_of_a_disabled_arm_comes_back_too() {
    holds(
        "tx <- mut pending, if ready => 1, v = <-rx => v",
        &["else { __chango_slot_0 = select :: Slot :: new (pending) ; Option :: None }"],
    );
}

#[test]
fn future_arm_is_owned_and_has_no_arrow() {
    holds(
        "n = sock.read(&mut buf) => n",
        &[
            "< _ as FutureOperand < _ >> :: arm (sock . read (& mut buf))",
            "let n",
        ],
    );
    holds(
        "sleep(d) => 1",
        &["< _ as FutureOperand < _ >> :: arm (sleep (d))"],
    );
    holds(
        "r = async { <-rx } => r",
        &[
            "< _ as FutureOperand < _ >> :: arm (async { (match < _ as ReceiveOperand < _ >> :: operation",
        ],
    );
    holds(
        "_ = a.b().c => 1",
        &[
            "< _ as FutureOperand < _ >> :: arm (a . b () . c)",
            "let _ = __chango_value",
        ],
    );
}

#[test]
fn guards_come_before_all_operands() {
    let source = "v = <-a(), if x && y => v, w = <-b, if (<-c).is_some() => w";
    holds(
        source,
        &[
            "let __chango_guard_0 = if x && y { true } else { false } ;",
            "let __chango_guard_1 = if (",
            "let __chango_arm_0 = if __chango_guard_0 { Option :: Some (< _ as OwnedReceiveOperand < _ >> :: arm (a ())) }",
            "else { Option :: None }",
        ],
    );
}

#[test]
fn wait_is_chosen_by_default_and_biased() {
    holds(
        "<-rx => 1",
        &["select :: wait (__chango_tried . arms ()) . await"],
    );
    holds(
        "biased; <-rx => 1",
        &["select :: wait_biased (__chango_tried . arms ())"],
    );
    holds(
        "<-rx => 1, default => 2",
        &[
            "select :: poll_default (__chango_tried . arms ())",
            "Default => { 2 }",
        ],
    );
    holds(
        "biased; <-rx => 1, default => {}",
        &["select :: poll_default_biased (__chango_tried . arms ())"],
    );
    holds(
        "<-rx => 1, else => 2",
        &["Default => select :: all_disabled ()", "Disabled => { 2 }"],
    );
    holds("default => 1", &["poll_default"]);
    holds("", &["never () . await"]);
}

#[test]
fn each_arm_has_its_own_place() {
    let won = "select :: Selected :: Arm (select :: Won :: ";
    holds(
        "<-a => 1, <-b => 2, <-c => 3",
        &[
            "Cons :: new (__chango_arm_0 , select :: Cons :: new (__chango_arm_1 ,",
            &format!("{won}This (__chango_value)) => {{"),
            &format!("{won}Later (select :: Won :: This (__chango_value))) => {{"),
            &format!(
                "{won}Later (select :: Won :: Later (select :: Won :: This (__chango_value)))) => {{"
            ),
            &format!(
                "{won}Later (select :: Won :: Later (select :: Won :: Later (__chango_never)))) =>"
            ),
        ],
    );
}

#[test]
fn cfg_on_an_arm_leaves_the_others_in_their_places() {
    holds(
        "#[cfg(a)] v = <-x => v, w = <-y => w",
        &[
            "# [cfg (a)] let __chango_arm_0 = Option :: Some",
            "# [cfg (not (all (a)))] let __chango_arm_0 = select :: absent () ;",
            "# [cfg (a)] select :: Selected :: Arm (select :: Won :: This (__chango_value)) =>",
            "# [cfg (not (all (a)))] select :: Selected :: Arm (select :: Won :: This (__chango_value))",
            "Arm (select :: Won :: Later (select :: Won :: This (__chango_value)))",
        ],
    );
    let default = "<-x => 1, #[cfg(a)] default => 2";
    holds(
        default,
        &[
            "let __chango_tried = select :: now (__chango_list) ;",
            "# [cfg (any (all (a)))] let __chango_won = if __chango_tried . done",
            "select :: poll_default (__chango_tried . arms ()) . await",
            "# [cfg (not (any (all (a))))] let __chango_won = if __chango_tried . done",
            "select :: wait (__chango_tried . arms ()) . await",
        ],
    );
}

#[test]
fn comma_is_optional_behind_a_block() {
    holds(
        "<-a => { 1 } <-b => if x { 1 } else { 2 } <-c => { 3 }.f(), default => 4",
        &[],
    );
    refused("<-a => 1 v = <-b => 2", message::NO_COMMA);
    refused("<-a => 1 <-b => 2, default => 3", message::NO_COMMA);
}

#[test]
fn wrong_selects_are_refused_once() {
    refused(
        "<-a => 1, default => 2, default => 3",
        message::TWO_DEFAULTS,
    );
    refused("<-a => 1, else => 2, else => 3", message::TWO_ELSES);
    refused(
        "<-a => 1, default => 2, else => 3",
        message::ELSE_WITH_DEFAULT,
    );
    refused("<-a => 1, biased; <-b => 2", message::BIASED_FIRST);
    refused("biased v = <-b => 2", message::BIASED_SEMICOLON);
    refused("biased, <-b => 2", message::BIASED_SEMICOLON);
    refused("v = <-a, <-b => 2", message::NO_FAT_ARROW);
    refused("v = <-a { 1 } <-b => 2", message::NO_FAT_ARROW);
    refused("v = <-a", message::NO_FAT_ARROW);
    refused("v = <-a => , <-b => 2", message::NO_BODY);
    refused("v = <-a =>", message::NO_BODY);
    refused("v = => 1", message::NO_FUTURE);
    refused("=> 1", message::NO_OPERATION);
    refused("v = <- => 1", message::NO_OPERAND);
    refused("tx <- => 1", message::NO_VALUE);
    refused("v = <-a if x => 1", message::GUARD_COMMA);
    refused("v = <-a, if => 1", message::NO_GUARD);
    refused("default, if x => 1", message::GUARD_ON_DEFAULT);
    refused("r = &mut fut => 1", message::MUT_FUTURE);
    refused("tx <- mut f() => 1", message::MUT_PLACE);
    refused("v = <-a + 1 => 1", message::ARM_OPERATOR);
    refused("#[allow(x)] <-a => 1", message::ARM_ATTRIBUTE);
    refused("#[cfg] <-a => 1", message::BAD_CFG);
}

#[test]
fn pattern_that_can_be_refuted_is_refused() {
    for pattern in [
        "1",
        "Ok(v)",
        "None",
        "Some(Some(v))",
        "(1, x)",
        "S { x: 1..=2 }",
        "Some(&3)",
    ] {
        refused(&format!("{pattern} = <-rx => 1"), message::REFUTABLE);
    }
    for pattern in [
        "v",
        "_",
        "(a, b)",
        "Some((a, _))",
        "S { a, .. }",
        "Mine(x)",
        "ref v",
        "mut v",
    ] {
        holds(&format!("{pattern} = <-rx => 1"), &[]);
    }
}

#[test]
fn place_is_a_path_a_field_an_index_or_a_dereference() {
    let place = |source: &str| {
        is_place(
            &source
                .parse::<TokenStream>()
                .unwrap()
                .into_iter()
                .collect::<Vec<_>>(),
        )
    };
    for source in [
        "rx",
        "self.rx",
        "a.0.1",
        "a[i].b",
        "*rx",
        "**a.b",
        "X::Y",
        "(*a).b",
        "A::<u8>::B",
        "rx.",
    ] {
        assert!(place(source), "{source}");
    }
    for source in [
        "f()", "a.b()", "&rx", "f().rx", "a.await", "x?", "-x", "{ rx }", "", "a + b",
    ] {
        assert!(!place(source), "{source}");
    }
}

#[test]
fn what_is_no_part_of_an_arm_stays_with_it() {
    let stays = |source: &str, part: &str| {
        let text = half_typed(source);
        assert!(text.contains(part), "{source}: no {part:?} in {text}");
    };
    stays("v = <-rx => panic!", "{ let v = __chango_value ; panic ! }");
    stays("default => panic!", "Default => { panic ! }");
    stays("_ = pending :", "arm (pending :)");
    stays("v = <-rx : => 1", ") :) ;");
    stays("tx <- 1 : => 1", "(& tx , 1 :) ;");
    stays("v = <-rx => 1, #", "arm (#)");
    stays("where x => 1", "arm (where)");
    // After an error too, and typed where it can be.
    stays("default, if a => 1", "{ let _ : bool = a ; 1 }");
    stays("tx <- mut a + b => 1", "(& tx , & (a + b))");
}

#[test]
fn guard_without_an_operation_is_told_from_an_if() {
    refused("if ready => 1, v = <-rx => v", message::GUARD_ALONE);
    holds(
        "if a { f() } else { g() } => 1",
        &["arm (if a { f () } else { g () })"],
    );
}

#[test]
fn mistake_in_an_operation_is_one_error() {
    refused("n = <-rx + 1 => n", message::ARM_OPERATOR);
    refused("tx <- mut 1 + 1 => 1", message::MUT_PLACE);
    refused("tx <- mut f(), if x => 1", message::MUT_PLACE);
}

/// An invisible group, as `macro_rules` makes one.
fn invisible(source: &str) -> TokenTree {
    let inner = source.parse().unwrap();
    TokenTree::Group(proc_macro2::Group::new(proc_macro2::Delimiter::None, inner))
}

#[test]
fn variables_of_a_macro_are_seen_through() {
    let (pattern, rx, body) = (
        invisible("Some(v)"),
        invisible("self.rx"),
        invisible("{ f(); v }"),
    );
    let text = select(quote::quote!((chango) #pattern = <-#rx => #body default => #body));
    let text = text.to_string();
    assert!(!text.contains("compile_error"), "{text}");
    assert!(text.contains("let v = __chango_value ; f () ; v"), "{text}");
}

#[test]
fn alternatives_in_a_pattern_stand_in_parentheses() {
    holds("A(v) | B(v) = f() => v", &["let (A (v) | B (v)) = "]);
    holds("Some(A(v) | B(v)) = <-rx => v", &["let (A (v) | B (v)) = "]);
}

#[test]
fn arms_as_go_writes_them_are_one_error() {
    refused(
        "case v := <-rx: f(v), case tx <- 1: g(), default: h()",
        message::CASE,
    );
    refused("case <-rx: f()", message::CASE);
    refused("v := <-rx => f(v)", message::COLON_EQUALS);
    refused("<-rx: f()", message::COLON);
    refused("<-rx => 1; default => 2", message::SEMICOLON);
    // Names like any other.
    holds("case = <-rx => case", &["let case ="]);
    holds("case <- 1 => 2", &["place (& case)"]);
    holds("<-case => 1, case.f() => 2", &["(& case)", "(case . f ())"]);
    holds("v = <-m::rx => v, f(S { a: b }) <- c => d", &["let v"]);
}
