//! A send to something that is no channel.
//!
//! Instead: a `Sender` before the arrow; a comparison with a negative number needs a space: `n <
//! -1`.

use chango::prelude::*;

fn main() {
    run! {
        let n = 5;
        n <- 1;
    }
}
