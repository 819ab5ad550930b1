use chango::prelude::*;

fn main() {
    run! {
        None <- 1;
    }
}
