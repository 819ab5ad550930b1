use chango::prelude::*;

fn main() {
    run! {
        let (tx, rx) = bounded::<&str>(1);
        {
            let text = String::from("hello");
            tx <- &text;
        }
        println!("{:?}", <-rx);
    }
}
