use chango::prelude::*;

async fn show(text: &str) {
    println!("{text}");
}

fn main() {
    run! {
        let text = String::from("hello");
        go!(show(&text));
    }
}
