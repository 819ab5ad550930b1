use chango::prelude::*;

fn main() {
    let text: String = run! { 1 + 1 };
    println!("{text}");
}
