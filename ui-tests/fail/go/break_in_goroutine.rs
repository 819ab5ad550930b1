use chango::prelude::*;

fn main() {
    run! {
        loop {
            go! { break; };
        }
    }
}
