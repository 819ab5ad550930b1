//! Where tokens come from. Only the compiler knows: in a unit test, and where a language server
//! expands, nobody does, and nothing may depend on the answer but a message.

use proc_macro2::Span;

/// The line in which a token begins, counted from 1.
pub(crate) fn line(at: Span) -> Option<usize> {
    proc_macro::is_available().then(|| at.unwrap().start().line())
}

/// Whether one token ends where the other begins.
pub(crate) fn touch(first: Span, second: Span) -> bool {
    proc_macro::is_available() && {
        let (end, start) = (first.unwrap().end(), second.unwrap().start());
        (end.line(), end.column()) == (start.line(), start.column())
    }
}

/// Whether two equal names may name the same variable: one from a `macro_rules` macro and one from
/// outside of it do not. There is nothing to compare spans by but their texts, which begin with the
/// number of the expansion, as in `#3 bytes(7..9)`.
pub(crate) fn same_hygiene(a: Span, b: Span) -> bool {
    let expansion = |span: Span| {
        let text = format!("{:?}", span.unwrap());
        text.split(' ').next().map(str::to_owned)
    };
    !proc_macro::is_available() || expansion(a) == expansion(b)
}
