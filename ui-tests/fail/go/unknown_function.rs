//! A function that is not there.
//!
//! Instead: the function's name.

use chango::prelude::*;

async fn work(n: i32) {
    println!("{n}");
}

fn main() {
    run! {
        go!(wrok(1));
    }
}
