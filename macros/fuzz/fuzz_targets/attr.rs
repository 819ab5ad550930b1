//! `#[chango::main]` and `#[chango::test]`: nothing panics.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chango_macros_fuzz::attribute(input));
