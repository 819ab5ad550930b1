//! `cargo bench -p chango-benches --bench select`: the scenarios of `src/select.rs`.

mod support;

fn main() {
    support::run(chango_benches::select::scenarios());
}
