//! The macros whose arguments are looked into.
//!
//! A macro call hides its meaning: only of std's expression macros is it known that their
//! arguments are expressions. Every other call is left alone, chango's own among them, which
//! lower their bodies themselves.

/// What the arguments of a macro are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// Expressions between commas or semicolons, some perhaps behind `name =`.
    Expressions,
    /// An expression, a comma, and then a pattern with perhaps a guard (`matches!`).
    Pattern,
}

/// What is known of the macro under the path with these words, the first one first.
pub(crate) fn known(path: &[&str]) -> Option<Known> {
    let (name, before) = path.split_last()?;
    if !before.is_empty() && !matches!(before[0], "std" | "core" | "alloc") {
        return None;
    }
    match *name {
        "assert" | "assert_eq" | "assert_ne" | "dbg" | "debug_assert" | "debug_assert_eq"
        | "debug_assert_ne" | "eprint" | "eprintln" | "format" | "format_args" | "panic"
        | "pin" | "print" | "println" | "todo" | "unimplemented" | "unreachable" | "vec"
        | "write" | "writeln" => Some(Known::Expressions),
        "matches" | "assert_matches" | "debug_assert_matches" => Some(Known::Pattern),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str) -> Option<Known> {
        known(&path.split("::").collect::<Vec<_>>())
    }

    #[test]
    fn std_macros_are_known_bare_and_by_their_crate() {
        assert_eq!(of("println"), Some(Known::Expressions));
        assert_eq!(of("std::println"), Some(Known::Expressions));
        assert_eq!(of("core::matches"), Some(Known::Pattern));
    }

    #[test]
    fn another_crates_macro_is_left_alone() {
        assert_eq!(of("log::debug_assert"), None);
        assert_eq!(of("chango::go"), None);
        assert_eq!(of("go"), None);
        assert_eq!(known(&[]), None);
    }
}
