//! An argument of another type.
//!
//! Instead: an argument of the type that the function takes.

use chango::prelude::*;

async fn twice(n: i32) -> i32 {
    2 * n
}

fn main() {
    run! {
        go!(twice("1"));
    }
}
