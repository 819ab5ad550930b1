//! `cargo bench -p chango-benches --bench yields`: the scenarios of `src/yields.rs`.

mod support;

fn main() {
    support::run(chango_benches::yields::scenarios());
}
