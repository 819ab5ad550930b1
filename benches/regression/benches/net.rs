//! `cargo bench -p chango-benches --bench net`: the scenarios of `src/net.rs`.

mod support;

fn main() {
    support::run(chango_benches::net::scenarios());
}
