//! `biased`, `default`, `clone` and `union` are words only where they stand for something.
#![deny(warnings)]

use chango::prelude::*;

async fn default() -> i32 {
    1
}

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(4);
        for i in 0..4 { tx <- i }
        let biased = &rx;
        let mut got = Vec::new();
        select! { biased; v = <-biased => got.extend(v), <-rx => unreachable!() }
        select! { biased = <-biased => got.extend(biased) }
        select! { default = <-rx => got.extend(default) }
        select! { v = default() => got.push(v) }
        let default = &tx;
        select! { default <- 5 => got.push(default.len() as i32) }
        select! { default.clone() <- 6 => {}, default => unreachable!() }
        let (union, auto, safe, raw, clone) = (&rx, &tx, &tx, &tx, &rx);
        union.len();
        for v in <-union { if v == 6 { break } }
        auto <- 7;
        safe <- 8;
        raw <- 9;
        select! { biased; raw <- 10 => {} default => {} }
        assert_eq!([<-clone, <-clone, <-union, <-union], [Some(7), Some(8), Some(9), Some(10)]);
        let biased = 11;
        select! { default => got.push(biased) }
        select! { v = async { biased + 1 } => got.push(v), else => {} }
        assert_eq!(got, [0, 1, 2, 1, 2, 11, 12]);
    }
}
