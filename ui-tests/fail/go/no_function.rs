use chango::prelude::*;

fn main() {
    run! {
        let n = 5;
        go!(n(1));
    }
}
