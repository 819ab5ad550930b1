#![deny(unused_must_use)]

use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>(1);
        tx.send(1);
    }
}
