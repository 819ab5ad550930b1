//! A nil channel of which nobody knows the type.
//!
//! Instead: `None::<Sender<i32>> <- 1`.

use chango::prelude::*;

fn main() {
    run! {
        None <- 1;
    }
}
