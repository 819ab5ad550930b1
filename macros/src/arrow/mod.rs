//! The channel operators inside a body of Rust.
//!
//! A body is rewritten on token trees and never parsed as a whole, so code that is half typed
//! still expands, and what is no channel operator comes out as it went in. That needs just
//! enough of Rust's grammar to know, at each token, whether an operand or an operator is due.
//! What must always hold:
//!
//! - each token of the user's comes out once, in order, with its span, the arrows excepted;
//! - a group without an operator in it comes out as the very group that went in;
//! - no input makes the rewriting panic, and each step of a loop takes at least one token;
//! - a lowered operator is one operand of whatever stands around it, with a single `.await`.
//!
//! Reading order: [`lex`] finds the tokens, [`skip`] passes over patterns and types, [`lower`]
//! walks through expressions and [`statement`] through what is made of them, [`emit`] says what
//! an operator becomes, [`known`] which macros are looked into, and [`taken`] notices what a
//! goroutine has taken and somebody else uses.

pub(crate) mod emit;
mod known;
pub(crate) mod lex;
pub(crate) mod lower;
pub(crate) mod skip;
pub(crate) mod statement;
mod taken;

#[cfg(test)]
mod tests;
