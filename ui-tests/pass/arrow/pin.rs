//! Arrows in an async block that `pin!` pins.
#![deny(warnings)]

use std::pin::pin;

use chango::prelude::*;

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(0);
        let mut both = pin!(async {
            let first = <-rx;
            (first, <-rx)
        });
        go! { tx <- 1; tx <- 2; };
        assert_eq!(both.as_mut().await, (Some(1), Some(2)));
    }
}
