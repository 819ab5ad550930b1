use chango::prelude::*;

async fn work() {}

fn main() {
    run! {
        if true {
            go!(work())
        }
    }
}
