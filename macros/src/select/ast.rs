//! A select as data. Bodies, operands and guards are lowered already; nothing is invented yet.

use proc_macro2::{Span, TokenStream, TokenTree};

use crate::arrow::emit::Operand;
use crate::arrow::lex::Arrow;
use crate::tokens::Trees;

/// One select, with what was found wrong so far.
#[derive(Default)]
pub(crate) struct Select {
    pub(crate) biased: bool,
    pub(crate) arms: Vec<Arm>,
    /// All `default` arms; a select has one at most.
    pub(crate) defaults: Vec<Last>,
    /// All `else` arms; a select has one at most.
    pub(crate) elses: Vec<Last>,
    /// `compile_error!` calls, in source order.
    pub(crate) errors: Vec<TokenStream>,
}

/// `PATTERN = OPERATION, if GUARD => BODY`.
pub(crate) struct Arm {
    /// The conditions of its `#[cfg(…)]` attributes.
    pub(crate) cfgs: Vec<TokenStream>,
    pub(crate) binding: Option<Binding>,
    pub(crate) operation: Operation,
    pub(crate) guard: Option<Trees>,
    pub(crate) body: Trees,
}

/// The pattern before `=`.
pub(crate) struct Binding {
    pub(crate) pattern: Vec<TokenTree>,
    /// Whether it is `Some(…)`; then `pattern` is what the parentheses hold.
    pub(crate) some: bool,
}

/// What an arm waits for.
pub(crate) enum Operation {
    Receive {
        from: Operand,
        place: bool,
    },
    Send {
        arrow: Arrow,
        to: Operand,
        place: bool,
        value: Value,
    },
    Future(Operand),
    /// Nothing, after an error; with what could be read, so that it is still typed.
    Mistaken(Trees),
}

impl Operation {
    /// Adds a token that is no part of any operation, behind it.
    pub(crate) fn stray(&mut self, token: TokenTree) {
        let tokens = match self {
            Self::Receive { from, .. } => &mut from.tokens,
            Self::Send { value, .. } => match value {
                Value::Given(tokens) | Value::Lent(tokens) => tokens,
            },
            Self::Future(future) => &mut future.tokens,
            Self::Mistaken(read) => read,
        };
        tokens.extend([token]);
    }
}

/// What a send arm sends.
pub(crate) enum Value {
    /// Given to the select for good.
    Given(Trees),
    /// `mut variable`, which has it back if another arm wins.
    Lent(Trees),
}

/// `default => BODY` or `else => BODY`.
pub(crate) struct Last {
    pub(crate) cfgs: Vec<TokenStream>,
    pub(crate) keyword: Span,
    pub(crate) body: Trees,
}
