//! `co!`, `go!` and `run!`: nothing panics, and every token is kept.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chango_macros_fuzz::lowering(input));
