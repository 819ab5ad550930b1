use chango::prelude::*;

fn main() {
    run! {
        let text = String::from("hello");
        go!(text.shout());
    }
}
