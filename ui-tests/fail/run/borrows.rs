use chango::prelude::*;

fn main() {
    let text = String::from("hello");
    let text = &text;
    run! {
        let n = text.len();
        println!("{n}");
    }
}
