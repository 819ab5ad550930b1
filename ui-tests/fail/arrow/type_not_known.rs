//! A channel of which nobody knows what it carries.
//!
//! Instead: `bounded::<i32>(1)`, where nothing that is sent says so.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded(1);
        let v = <-rx;
        println!("{}", v.is_some());
    }
}
