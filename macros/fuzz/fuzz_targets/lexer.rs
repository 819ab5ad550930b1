//! The finding of arrows, and what passes over patterns and types.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chango_macros_fuzz::lexer(input));
