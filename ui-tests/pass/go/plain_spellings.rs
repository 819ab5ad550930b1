//! The spellings that rustfmt formats: an async block, and no macro at all.
#![deny(warnings)]

use chango::prelude::*;

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(1);
        let first = go!(async move { tx <- 1; 1 });
        let second = chango::go(async { 2 });
        assert_eq!(<-rx, Some(1));
        assert_eq!(first.await.unwrap() + second.await.unwrap(), 3);
        let nested = go!(async move { go!(async { 3 }).await.unwrap() });
        assert_eq!(nested.await.unwrap(), 3);
    }
}
