//! What the environment says of a runtime.

use std::num::NonZero;
use std::sync::OnceLock;
use std::time::Duration;

use crate::sys;
use crate::trace::Debug;

use super::Deadlock;

const MAX_PROCS: &str = "CHANGO_MAXPROCS";
const DEBUG: &str = "CHANGO_DEBUG";
const DEADLOCK: &str = "CHANGO_DEADLOCK";

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
                 scheddetail, blocked and panicdump"
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
            "panicdump" => debug.panicdump = flag(key, value),
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

/// What a program does that can never go on, if the environment has a say in it: `CHANGO_DEADLOCK`.
///
/// # Panics
///
/// If the variable is set to something that it cannot mean.
pub(super) fn deadlock() -> Option<Deadlock> {
    std::env::var_os(DEADLOCK).map(|text| parse_deadlock(&text.to_string_lossy()))
}

fn parse_deadlock(text: &str) -> Deadlock {
    match text.trim() {
        "panic" => Deadlock::Panic,
        "warn" => Deadlock::Warn,
        "off" => Deadlock::Off,
        _ => panic!("{DEADLOCK} is {text:?}, but must be panic, warn or off"),
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::time::Duration;

    use super::{Deadlock, parse, parse_deadlock, parse_debug};
    use crate::trace::Debug;

    #[test]
    fn keys_are_read_in_any_order_and_those_unknown_are_named() {
        let text = " scheddetail=1, schedtrace=250,gctrace=1,,blocked=1,panicdump=1,x";
        let (debug, unknown) = parse_debug(text);
        let expected = Debug {
            schedtrace: Some(Duration::from_millis(250)),
            scheddetail: true,
            blocked: true,
            panicdump: true,
        };
        assert_eq!((debug, unknown), (expected, vec!["gctrace", "x"]));
        assert_eq!(parse_debug("").0, Debug::default());
        let none = "schedtrace=0,blocked=0,panicdump=0";
        assert_eq!(parse_debug(none).0, Debug::default());
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
    fn a_deadlock_has_three_ways() {
        let ways = ["panic", "warn ", "off"].map(parse_deadlock);
        assert_eq!(ways, [Deadlock::Panic, Deadlock::Warn, Deadlock::Off]);
    }

    #[test]
    #[should_panic(expected = "CHANGO_DEADLOCK is \"on\", but must be panic, warn or off")]
    fn another_way_is_refused() {
        parse_deadlock("on");
    }

    #[test]
    #[should_panic(expected = "must be a positive number")]
    fn words_are_refused() {
        parse("many");
    }
}
