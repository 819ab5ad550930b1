//! `cargo bench -p chango-benches --bench chan`: the scenarios of `src/chan.rs`.

mod support;

fn main() {
    support::run(chango_benches::chan::scenarios());
}
