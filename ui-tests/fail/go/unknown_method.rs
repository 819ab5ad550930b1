//! A method that is not there.
//!
//! Instead: the method's name.

use chango::prelude::*;

fn main() {
    run! {
        let text = String::from("hello");
        go!(text.shout());
    }
}
