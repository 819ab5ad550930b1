//! Two arms without a comma between them.
//!
//! Instead: a comma behind the first one's body, unless that is a block.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(1);
        select! {
            v = <-rx => println!("{v:?}")
            tx <- 1 => println!("sent"),
        }
    }
}
