//! The result of a send taken for a `bool`.
//!
//! Instead: `let sent = (tx <- 1).is_ok();`.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>(1);
        let sent: bool = tx <- 1;
        println!("{sent}");
    }
}
