use chango::prelude::*;

fn main() {
    run! {
        chango::go(5);
    }
}
