//! A `go! { … }` that stands as a statement needs no semicolon.
#![deny(warnings)]

use chango::prelude::*;

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(0);
        for i in 0..2 {
            let tx = tx.clone();
            go! { tx <- i; }
        }
        if rx.len() < 10 {
            let tx = tx.clone();
            chango::go! { tx <- 10; }
        }
        let mut turns = 0;
        while turns < 1 {
            turns += 1;
            let tx = tx.clone();
            go! { tx <- 20 }
        }
        go! { drop(tx); }
        let mut sum = 0;
        for v in <-rx {
            sum += v;
        }
        assert_eq!(sum, 31);
    }
}
