//! What the environment says of a runtime.

use std::num::NonZero;

use crate::sys;

const MAX_PROCS: &str = "CHANGO_MAXPROCS";

/// The number of workers: `CHANGO_MAXPROCS`, else the processors that the process may use, and then
/// whom to ask how many they are by now.
///
/// # Panics
///
/// If the variable is set to something else than a positive number: silently running on another
/// number of workers than asked for would be worse.
pub(super) fn max_procs() -> (usize, Option<fn() -> usize>) {
    match std::env::var_os(MAX_PROCS) {
        Some(text) => (parse(&text.to_string_lossy()), None),
        None => (sys::processors(), Some(sys::processors)),
    }
}

fn parse(text: &str) -> usize {
    match text.trim().parse::<NonZero<usize>>() {
        Ok(count) => count.get(),
        Err(_) => panic!("{MAX_PROCS} is {text:?}, but must be a positive number"),
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::parse;

    #[test]
    fn a_number_of_workers_is_positive() {
        assert_eq!(parse("3"), 3);
        assert_eq!(parse(" 16 "), 16);
    }

    #[test]
    #[should_panic(expected = "CHANGO_MAXPROCS is \"0\", but must be a positive number")]
    fn zero_is_refused() {
        parse("0");
    }

    #[test]
    #[should_panic(expected = "must be a positive number")]
    fn words_are_refused() {
        parse("many");
    }
}
