use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<String>(1);
        let text = String::from("hello");
        tx <- &text;
        println!("{text}");
    }
}
