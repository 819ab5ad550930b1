//! `Some(…)` before a timer.
//!
//! Instead: `t = <-after(…) => …`: a timer gives an `Instant`.

use chango::prelude::*;

fn main() {
    run! {
        select! {
            Some(t) = <-after(Duration::from_millis(1)) => println!("{t:?}"),
        }
    }
}
