//! A send in a larger expression, in an arm's body.
//!
//! Instead: `ok.is_ok() && (tx <- 2).is_ok()`.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(2);
        let ok = select! {
            v = <-rx => v.is_some(),
            ok = tx <- 1 => ok.is_ok() && tx <- 2,
        };
        println!("{ok}");
    }
}
