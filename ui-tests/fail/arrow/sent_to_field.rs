//! A send to a field that is no channel.
//!
//! Instead: a field of the type `Sender<T>`.

use chango::prelude::*;

struct User {
    name: String,
}

fn main() {
    run! {
        let user = User { name: String::new() };
        user.name <- 1;
    }
}
