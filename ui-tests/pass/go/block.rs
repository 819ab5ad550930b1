//! A block becomes a goroutine that owns what it uses; its value comes back by the handle.
#![deny(warnings)]

use chango::prelude::*;

fn main() {
    let sum = run! {
        let (tx, rx) = bounded::<i32>(2);
        let sent = go! {
            for i in 0..5 {
                tx <- i;
            }
            "all sent"
        };
        let mut sum = 0;
        for v in <-rx {
            sum += v;
        }
        assert_eq!((<-sent).unwrap(), "all sent");
        assert_eq!(<-rx, None);
        sum
    };
    assert_eq!(sum, 10);
}
