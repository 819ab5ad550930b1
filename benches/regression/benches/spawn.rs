//! `cargo bench -p chango-benches --bench spawn`: the scenarios of `src/spawn.rs`.

mod support;

fn main() {
    support::run(chango_benches::spawn::scenarios());
}
