//! What the environment says of a runtime.

use std::num::NonZero;
use std::sync::OnceLock;
use std::time::Duration;

use crate::sys;
use crate::trace::Debug;

const MAX_PROCS: &str = "CHANGO_MAXPROCS";
const DEBUG: &str = "CHANGO_DEBUG";

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

/// What `CHANGO_DEBUG` asks for, a list of `key=value` with commas between them. It is read once in a
/// process.
///
/// # Panics
///
/// If a value is none that its key can have.
pub(super) fn debug() -> Debug {
    static READ: OnceLock<Debug> = OnceLock::new();
    *READ.get_or_init(|| {
        let text = std::env::var_os(DEBUG).unwrap_or_default();
        let text = text.to_string_lossy();
        let (debug, unknown) = parse_debug(&text);
        for key in unknown {
            // A newer runtime may know it, so it ends nothing.
            eprintln!(
                "chango: {DEBUG} has the key {key:?}, which is unknown here: there are schedtrace, \
                 scheddetail and blocked"
            );
        }
        debug
    })
}

/// What the text asks for, and the keys that are unknown.
fn parse_debug(text: &str) -> (Debug, Vec<&str>) {
    let (mut debug, mut unknown) = (Debug::default(), Vec::new());
    let pairs = text.split(',').map(str::trim);
    for pair in pairs.filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        match key.trim() {
            "schedtrace" => {
                let millis = number(key, value);
                debug.schedtrace = (millis > 0).then(|| Duration::from_millis(millis.into()));
            }
            "scheddetail" => debug.scheddetail = flag(key, value),
            "blocked" => debug.blocked = flag(key, value),
            key => unknown.push(key),
        }
    }
    (debug, unknown)
}

fn number(key: &str, value: &str) -> u32 {
    let Ok(number) = value.trim().parse() else {
        panic!("{key} in {DEBUG} is {value:?}, but must be a number of milliseconds");
    };
    number
}

fn flag(key: &str, value: &str) -> bool {
    match value.trim() {
        "0" => false,
        "1" => true,
        _ => panic!("{key} in {DEBUG} is {value:?}, but must be 0 or 1"),
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::time::Duration;

    use super::{parse, parse_debug};
    use crate::trace::Debug;

    #[test]
    fn keys_are_read_in_any_order_and_those_unknown_are_named() {
        let (debug, unknown) = parse_debug(" scheddetail=1, schedtrace=250,gctrace=1,,blocked=1,x");
        let expected = Debug {
            schedtrace: Some(Duration::from_millis(250)),
            scheddetail: true,
            blocked: true,
        };
        assert_eq!((debug, unknown), (expected, vec!["gctrace", "x"]));
        assert_eq!(parse_debug("").0, Debug::default());
        assert_eq!(parse_debug("schedtrace=0,blocked=0").0, Debug::default());
    }

    #[test]
    #[should_panic(expected = "schedtrace in CHANGO_DEBUG is \"often\", but must be a number")]
    fn a_word_is_no_number_of_milliseconds() {
        parse_debug("schedtrace=often");
    }

    #[test]
    #[should_panic(expected = "blocked in CHANGO_DEBUG is \"\", but must be 0 or 1")]
    fn a_key_without_a_value_is_refused() {
        parse_debug("blocked");
    }

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
