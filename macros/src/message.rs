//! The wording of every diagnostic of the macros, in the words of their users: channel,
//! goroutine, arm. Nothing here names a type or a function that a user cannot see.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::Error;

pub(crate) const ARROW_IN_CLOSURE: &str = "`<-` waits, and a closure that is not `async` cannot \
     wait: make it an async closure (`async || …`), or move the channel operation out of it";
pub(crate) const ARROW_IN_FN: &str = "`<-` waits, and a `fn` that is not `async` cannot wait: \
     make it an `async fn`";
pub(crate) const ARROW_IN_CONST: &str =
    "`<-` waits, and nothing can wait in a constant: move the channel operation out of it";
pub(crate) const SEND_IN_EXPRESSION: &str = "a send inside a larger expression needs parentheses: \
     `(channel <- value)`, which is a `Result<(), SendError<T>>`";
pub(crate) const NO_OPERAND: &str = "`<-` needs a channel behind it: `<-receiver` receives, \
     `sender <- value` sends";
pub(crate) const NO_VALUE: &str = "this send has no value: `channel <- value`";

pub(crate) const CLONE_LIST: &str = "a clone list is `clone name, other = expression;`, and the \
     goroutine's body follows it";

/// A variable is used behind the goroutine that has taken it.
pub(crate) fn taken(name: &str, line: Option<usize>) -> [String; 2] {
    let by = line.map_or_else(String::new, |line| format!(" of line {line}"));
    [
        format!("`{name}` was moved into a goroutine, and is used here again"),
        format!("the `go!`{by} has taken `{name}`"),
    ]
}

/// A variable goes into a goroutine in a loop that it was bound outside of.
pub(crate) fn taken_in_loop(name: &str) -> [String; 2] {
    [
        format!("`{name}` is moved into a goroutine in each turn of this loop"),
        format!("the goroutine of the first turn has taken `{name}`"),
    ]
}

/// What to do about it; `argument` if it is one of `go!(f(a))`.
pub(crate) fn clone_it(name: &str, argument: bool) -> String {
    let how = if argument {
        format!("write `{name}.clone()` there")
    } else {
        format!("begin it with `clone {name};`, as in `go! {{ clone {name}; … }}`")
    };
    format!("to give the goroutine a clone of its own, {how}")
}

pub(crate) const BIASED_FIRST: &str = "`biased;` stands before the first arm";
pub(crate) const BIASED_SEMICOLON: &str = "`biased` ends with a semicolon: `biased;`";
pub(crate) const TWO_DEFAULTS: &str = "a select has one `default` arm, and this is a second";
pub(crate) const TWO_ELSES: &str = "a select has one `else` arm, and this is a second";
pub(crate) const ELSE_WITH_DEFAULT: &str = "`else` beside `default` could never run: `default` \
     runs also when every arm is disabled";
pub(crate) const NO_FAT_ARROW: &str = "this arm has no body: an arm is `operation => body`";
pub(crate) const NO_BODY: &str = "this arm has no body after `=>`";
pub(crate) const NO_OPERATION: &str = "this arm has no operation before `=>`";
pub(crate) const NO_FUTURE: &str = "there is no operation behind `=`: an arm is `pattern = \
     <-channel`, `pattern = channel <- value` or `pattern = future`";
pub(crate) const NO_GUARD: &str = "there is no condition behind `if`";
pub(crate) const GUARD_ALONE: &str =
    "a guard stands behind the operation that it guards: `operation, if condition => body`";
pub(crate) const GUARD_COMMA: &str =
    "a comma stands before the guard of an arm: `operation, if condition => body`";
pub(crate) const GUARD_ON_DEFAULT: &str = "`default` and `else` have no guard";
pub(crate) const CASE: &str = "an arm has no `case`, `=` for `:=`, and `=>` for the colon: `pattern = \
     <-channel => body`";
pub(crate) const COLON: &str = "`=>` stands before the body of an arm, and no colon";
pub(crate) const COLON_EQUALS: &str = "`=` binds what is received, and not `:=`";
pub(crate) const SEMICOLON: &str = "a comma stands behind an arm, and no semicolon";
pub(crate) const NO_COMMA: &str = "a comma stands between two arms, unless the first one's body \
     is a block";
pub(crate) const MUT_FUTURE: &str = "an arm cannot borrow a future with `&mut`: a future that \
     keeps its place in a queue while nobody polls it can block everybody behind it. Start it \
     with `go!` before the select, and receive from its handle: `result = <-handle`";
pub(crate) const MUT_PLACE: &str = "behind `<- mut` stands the variable that gets its value back \
     if another arm wins: `channel <- mut pending`";
pub(crate) const REFUTABLE: &str = "a value that does not match this pattern would be lost: bind \
     it to a name and `match` in the arm's body (only `Some(…)` may be refuted: `None` disables \
     the arm)";
pub(crate) const ARM_OPERATOR: &str = "an arm is one operation: use its result in the arm's body";
pub(crate) const ARM_ATTRIBUTE: &str = "the only attribute of an arm is `#[cfg(…)]`";
pub(crate) const BAD_CFG: &str = "`#[cfg(…)]` needs a condition in parentheses";

pub(crate) const NOT_AN_FN: &str = "this attribute stands on an `async fn`";
pub(crate) const NOT_ASYNC: &str = "this attribute needs an `async fn`: the body becomes the main \
     goroutine";
pub(crate) const HAS_ARGUMENTS: &str =
    "this function is called by nobody who could pass arguments: it takes none";
pub(crate) const HAS_GENERICS: &str =
    "this function is called by nobody who could choose a type: it has no generic parameters";
pub(crate) const UNKNOWN_OPTION: &str =
    "unknown option: known are `workers = N`, `deadlock = \"…\"` and `crate = \"path\"`";
pub(crate) const WORKERS: &str = "`workers` is a whole number from 1 up: `workers = 2`";
pub(crate) const DEADLOCK: &str =
    "`deadlock` is one of `\"panic\"`, `\"warn\"` and `\"off\"`, in quotes";
pub(crate) const CRATE_PATH: &str =
    "`crate` is the path under which chango is known here, in quotes: `crate = \"my::chango\"`";
pub(crate) const OPTION_TWICE: &str = "this option is given twice";

/// The error `text` at one place.
pub(crate) fn at(span: Span, text: &str) -> TokenStream {
    Error::new(span, text).to_compile_error()
}

/// The error `text` from the first to the last of some tokens.
pub(crate) fn under(tokens: &[TokenTree], text: &str) -> TokenStream {
    let tokens: TokenStream = tokens.iter().cloned().collect();
    Error::new_spanned(tokens, text).to_compile_error()
}
