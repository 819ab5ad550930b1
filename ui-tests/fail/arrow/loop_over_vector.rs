//! A loop that receives from a collection.
//!
//! Instead: `for n in numbers`: the arrow is for channels.

use chango::prelude::*;

fn main() {
    run! {
        let numbers = vec![1, 2, 3];
        for n in <-numbers {
            println!("{n}");
        }
    }
}
