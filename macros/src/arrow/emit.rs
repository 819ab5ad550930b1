//! What an operator becomes.
//!
//! The names that an expansion invents are `mixed_site`, so they meet no name of the user's. They
//! stand at the macro call, so that an editor finds at an operand the operand alone. The methods
//! that do the work (`.now()`, `.start()`, `.await`) carry the arrow's own span instead: that makes
//! `Location::caller()` the arrow's position, and lets errors stand in the user's code and not "in
//! the expansion of a macro".
//!
//! An operator that has to wait must not keep in its goroutine's memory what it tried before. So
//! what was tried is a temporary of an `if let`, which is gone in the `else`, or moves as a whole
//! into the future; a `match` would keep it until its end.

use proc_macro2::{Delimiter, Group, Ident, Literal, Span, TokenStream, TokenTree};
use quote::quote_spanned;

use super::lex::Arrow;
use crate::message;
use crate::path::{Facade, hidden};
use crate::tokens::{Trees, trees};

/// The nearest thing around a place that decides whether it can wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Around {
    /// An async block, fn or closure.
    Async,
    /// A closure that is not async.
    Closure,
    /// A `fn` that is not async.
    Fn,
    /// The value of a constant. The operands of an arrow in one are not looked at: the compiler would
    /// have a second error for each variable.
    Const,
}

impl Around {
    /// Why an arrow cannot stand here, if it cannot.
    fn objection(self) -> Option<&'static str> {
        match self {
            Self::Async => None,
            Self::Closure => Some(message::ARROW_IN_CLOSURE),
            Self::Fn => Some(message::ARROW_IN_FN),
            Self::Const => Some(message::ARROW_IN_CONST),
        }
    }
}

/// An error at an arrow, from `<` to `-`.
pub(crate) fn arrow_error(arrow: Arrow, text: &str) -> TokenStream {
    let error = syn::Error::new(arrow.less, text).to_compile_error();
    let mut tokens: Vec<_> = error.into_iter().collect();
    if let Some(last) = tokens.last_mut() {
        last.set_span(arrow.dash);
    }
    tokens.into_iter().collect()
}

/// The operand of an operator: its tokens as they are now, and where it stands.
pub(crate) struct Operand {
    pub(crate) tokens: Trees,
    /// The span of the first token as the user wrote it.
    pub(crate) first: Span,
    /// The span of the last one.
    pub(crate) last: Span,
    /// The span of the last word, which says best what the operand is: of `self.queue.next()` it is
    /// `next`. Without a word it is the first token.
    pub(crate) word: Span,
}

impl Operand {
    /// The operand whose tokens were `source`, and are `tokens` now. `otherwise` is where it
    /// stands if there are none.
    pub(crate) fn new(tokens: Trees, source: &[TokenTree], otherwise: Span) -> Self {
        let first = source.first().map_or(otherwise, TokenTree::span);
        let word = source
            .iter()
            .rfind(|token| matches!(token, TokenTree::Ident(_)));
        Self {
            tokens,
            first,
            last: source.last().map_or(otherwise, TokenTree::span),
            word: word.map_or(first, TokenTree::span),
        }
    }

    /// `<_ as TRAIT<_>>::METHOD(ARGUMENT)`: what the facade's trait makes of the operand. Whether it
    /// can is the compiler's to say, at the operand.
    pub(crate) fn call(
        &self,
        facade: &Facade,
        [name, method]: [&str; 2],
        argument: Trees,
    ) -> Trees {
        let site = hidden(Span::call_site());
        let private = facade.private(site);
        let this = trees!(self.word=> _);
        let (name, method) = (Ident::new(name, site), Ident::new(method, site));
        trees!(site=> <#this as #private::#name<_>>::#method(#argument))
    }

    /// `&OPERAND`, all of it in the user's code, so that errors about it stand there.
    pub(crate) fn reference(&self) -> Trees {
        let tokens = &self.tokens;
        trees!(self.first=> & #tokens)
    }
}

/// `<-operand`, as one operand; `alone` if it is a whole statement.
pub(crate) fn receive(
    facade: &Facade,
    arrow: Arrow,
    operand: &Operand,
    around: Around,
    alone: bool,
) -> Trees {
    let site = hidden(Span::call_site());
    let private = &facade.private(site);
    let reference = operand.reference();
    if let Some(text) = around.objection() {
        let error = arrow_error(arrow, text);
        if around == Around::Const {
            return in_const(facade, error, reference);
        }
        return trees!(site=> ({ #error #private::mistaken_receive(#reference) }));
    }
    let operation = operand.call(facade, ["ReceiveOperand", "operation"], reference);
    let now = trees!(arrow.less=> .now());
    let wait = trees!(arrow.less=> .wait().await);
    let wait = waiting("__chango_operation", arrow, wait);
    let value = trees!(site=> __chango_value);
    // A tuple only if its field is asked for, which alone would be an operation without effect.
    let (value, wait) = match alone {
        true => (value, wait),
        false => (trees!(site=> (#value,)), trees!(site=> (#wait,))),
    };
    let ready = trees!(site=> #private::Poll::Ready(__chango_value));
    let received = trees! {site=>
        match #operation {
            __chango_operation => if let #ready = __chango_operation #now { #value } else { #wait }
        }
    };
    match alone {
        true => received,
        false => only_field(received, arrow.less, operand.last),
    }
}

/// What stands for an operator in a constant: its parts are there, and taken away again before the
/// compiler looks for the variables that they name.
fn in_const(facade: &Facade, error: TokenStream, parts: Trees) -> Trees {
    let site = hidden(Span::call_site());
    let private = facade.private(site);
    trees!(site=> ({ #error #[cfg(any())] { #parts } #private::mistaken() }))
}

/// `NAME.wait().await`, all of it at the arrow: this is where a goroutine waits, and what it holds
/// meanwhile may be an error that stands there.
fn waiting(name: &str, arrow: Arrow, wait: Trees) -> Trees {
    let name = Ident::new(name, hidden(arrow.less));
    trees!(arrow.less=> #name #wait)
}

/// The field of the tuple that an expression makes, from `first` to `last` in the user's code.
///
/// A value of the wrong type is then reported there. Otherwise it would be where the user has
/// written nothing: at an arm of a `match` of ours, or in the facade's macro.
pub(crate) fn only_field(tuple: Trees, first: Span, last: Span) -> Trees {
    let mut zero = Literal::usize_unsuffixed(0);
    zero.set_span(last);
    let zero = TokenTree::from(zero);
    trees!(first=> (#tuple).#zero)
}

/// `LABEL for PATTERN in <-operand BODY`, with the type `()`.
pub(crate) fn receive_each(
    facade: &Facade,
    arrow: Arrow,
    operand: &Operand,
    around: Around,
    each: &Each,
) -> Trees {
    let site = hidden(Span::call_site());
    let private = &facade.private(site);
    let reference = operand.reference();
    let Each {
        label,
        keywords: [keyword_for, keyword_in],
        pattern,
        body,
    } = each;
    if let Some(text) = around.objection() {
        let error = arrow_error(arrow, text);
        if around == Around::Const {
            let parts = quote_spanned! {site=>
                #label #keyword_for #pattern #keyword_in #reference #body
            };
            return in_const(facade, error, parts.into());
        }
        return quote_spanned! {site=>
            #label #keyword_for #pattern #keyword_in
                ({ #error #private::mistaken_receive_each(#reference) }) #body
        }
        .into();
    }
    let now = trees!(arrow.less=> .now());
    let wait = waiting("__chango_each", arrow, trees!(arrow.less=> .wait().await));
    let each = operand.call(facade, ["ReceiveOperand", "each"], reference);
    let turn = behind(bound(pattern, "__chango_item"), body, site);
    let some = trees!(site=> #private::Option::Some(__chango_item));
    let ready = trees!(site=> #private::Poll::Ready(__chango_item));
    trees! {site=>
        match #each {
            __chango_each => #label while let #some = (
                if let #ready = __chango_each #now { __chango_item } else { #wait }
            ) #turn
        }
    }
}

/// `let PATTERN = NAME;`, for a name that an expansion has invented.
///
/// To a pattern that can be refuted the compiler would like to append `else { todo!() }`, and show
/// where. There is no such place in the user's code, so the statement begins there and ends in the
/// facade's: of a text in two files the compiler shows nothing.
pub(crate) fn bound(pattern: &[TokenTree], name: &str) -> Trees {
    let begin = pattern
        .first()
        .map_or_else(Span::call_site, TokenTree::span);
    let end = hidden(Span::call_site());
    let name = Ident::new(name, end);
    let rest = trees!(end=> = #name;);
    trees!(hidden(begin)=> let #pattern #rest)
}

/// The parts of a `for` loop over a channel.
pub(crate) struct Each {
    /// `'a:`, or nothing.
    pub(crate) label: Trees,
    /// `for` and `in`, which are needed only where the loop stays a `for` loop.
    pub(crate) keywords: [TokenTree; 2],
    pub(crate) pattern: Trees,
    pub(crate) body: Trees,
}

/// Which of its three meanings a send has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Send {
    /// Of type `()`: Go's send.
    Statement,
    /// Of type `Result<(), SendError<T>>`.
    Value,
    /// A part of a larger expression: a value, and an error that asks for parentheses.
    Part,
}

/// `channel <- value`, as one operand; the value is nothing if none is there.
pub(crate) fn send(
    facade: &Facade,
    arrow: Arrow,
    channel: &Operand,
    value: Option<&Operand>,
    around: Around,
    send: Send,
) -> Trees {
    let site = hidden(Span::call_site());
    let private = &facade.private(site);
    let reference = channel.reference();
    let misplaced = (send == Send::Part).then_some(message::SEND_IN_EXPRESSION);
    let missing = value.is_none().then_some(message::NO_VALUE);
    // One mistake, one message: the first of these is the one to mend first.
    let error = around
        .objection()
        .or(misplaced)
        .or(missing)
        .map(|text| arrow_error(arrow, text));
    if around == Around::Const {
        let value = value.map(|value| &value.tokens);
        let parts = trees!(site=> (#reference, #value));
        let error = error.unwrap_or_default();
        return in_const(facade, error, parts);
    }
    let operation = channel.call(facade, ["SendOperand", "operation"], reference.clone());
    let Some(value) = value else {
        return trees! {site=>
            ({ #error match #operation { _ => #private::mistaken() } })
        };
    };
    let last = value.last;
    let value = &value.tokens;
    if around != Around::Async {
        let sent = trees!(site=> #private::mistaken_send(#reference, #value));
        return match send {
            Send::Statement => trees!(site=> match ({ #error #sent }) { _ => () }),
            Send::Value | Send::Part => trees!(site=> ({ #error #sent })),
        };
    }
    let begin = trees!(arrow.less=> .begin());
    let (sent, wait) = match send {
        Send::Statement => (trees!(arrow.less=> ()), {
            let wait = trees!(arrow.less=> .statement().await);
            waiting("__chango_send", arrow, wait)
        }),
        Send::Value | Send::Part => {
            let wait = trees!(arrow.less=> .value().await);
            let wait = waiting("__chango_send", arrow, wait);
            let ok = trees!(site=> (#private::Result::Ok(()),));
            (ok, trees!(site=> (#wait,)))
        }
    };
    // A field and not an argument: a value of the wrong type is then reported under the value
    // alone, without a note about a function that the user has never called.
    let started = trees! {site=>
        match #operation {
            __chango_operation => match (#private::Sending { operation: __chango_operation, value: #value })
                #begin
            {
                __chango_send => if __chango_send.sent { #sent } else { #wait }
            }
        }
    };
    match send {
        Send::Statement => started,
        Send::Value => only_field(started, channel.first, last),
        // Whatever was meant around it, the type fits.
        Send::Part => {
            trees!(site=> ({ #error match #started { _ => #private::mistaken() } }))
        }
    }
}

/// What stands for an operator without an operand.
pub(crate) fn nothing_received(facade: &Facade, arrow: Arrow) -> Trees {
    let private = facade.private(arrow.less);
    let error = arrow_error(arrow, message::NO_OPERAND);
    trees!(hidden(arrow.less)=> ({ #error #private::mistaken() }))
}

/// A group whose delimiters stand at `span`, and which has the user's hygiene if `span` has.
pub(crate) fn grouped(delimiter: Delimiter, span: Span, stream: TokenStream) -> TokenTree {
    let mut group = Group::new(delimiter, stream);
    group.set_span(span);
    TokenTree::Group(group)
}

/// A body behind some statements. A block stays the block that the user wrote: around it a second
/// one would make its braces superfluous, and the compiler would say so.
pub(crate) fn behind(mut before: Trees, body: &Trees, site: Span) -> Trees {
    if let [TokenTree::Group(group)] = &body[..]
        && group.delimiter() == Delimiter::Brace
    {
        let inner: Trees = group.stream().into();
        if !begins_with_inner_attribute(&inner) {
            before.extend(inner);
            return trees!(group.span()=> { #before });
        }
    }
    trees!(site=> { #before #body })
}

fn begins_with_inner_attribute(block: &[TokenTree]) -> bool {
    matches!(block, [TokenTree::Punct(hash), TokenTree::Punct(bang), ..]
        if hash.as_char() == '#' && bang.as_char() == '!')
}
