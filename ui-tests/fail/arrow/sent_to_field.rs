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
