//! `cargo bench -p chango-benches --bench hop`: the scenarios of `src/hop.rs`.

mod support;

fn main() {
    support::run(chango_benches::hop::scenarios());
}
