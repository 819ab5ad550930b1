//! A loop that receives from a number.
//!
//! Instead: `for v in 0..n`: the arrow is for channels.

use chango::prelude::*;

fn main() {
    run! {
        let n = 5;
        for v in <-n {
            println!("{v:?}");
        }
    }
}
