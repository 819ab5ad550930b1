//! A receive from the sending end.
//!
//! Instead: the other end that `bounded` has returned: `let (tx, rx) = bounded(1);` and `<-rx`.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>(1);
        let v = <-tx;
        println!("{v:?}");
    }
}
