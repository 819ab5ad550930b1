use chango::prelude::*;

fn main() {
    run! {
        let text = String::from("hello");
        let text = &text;
        go! {
            let n = text.len();
            println!("{n}");
        };
    }
}
