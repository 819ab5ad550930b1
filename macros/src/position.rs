//! Where tokens stand in the file. Only the compiler knows: in a unit test, and where a language
//! server expands, nobody does, and nothing may depend on the answer but a message.

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
