//! A guard on `default`.
//!
//! Instead: the condition in its body.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        select! {
            v = <-rx => println!("{v:?}"),
            default, if true => println!("none"),
        }
    }
}
