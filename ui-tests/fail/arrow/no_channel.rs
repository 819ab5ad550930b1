//! A receive without a channel.
//!
//! Instead: the channel behind the arrow: `<-rx`.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        let v = <-;
        println!("{v:?}");
    }
}
