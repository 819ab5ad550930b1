//! A receive from a future.
//!
//! Instead: `sleep(…).await`; in a `select!` the arm `_ = sleep(…) => …`, or `<-after(…) => …`.

use chango::prelude::*;

fn main() {
    run! {
        <-sleep(Duration::from_millis(1));
    }
}
