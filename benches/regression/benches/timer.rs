//! `cargo bench -p chango-benches --bench timer`: the scenarios of `src/timer.rs`.

mod support;

fn main() {
    support::run(chango_benches::timer::scenarios());
}
