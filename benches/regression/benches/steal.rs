//! `cargo bench -p chango-benches --bench steal`: the scenarios of `src/steal.rs`.

mod support;

fn main() {
    support::run(chango_benches::steal::scenarios());
}
