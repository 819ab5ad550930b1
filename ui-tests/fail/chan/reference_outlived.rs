//! A reference to what is gone before the channel.
//!
//! Instead: send the value itself, over a channel of `String`s; or make the channel after what
//! is lent.

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
