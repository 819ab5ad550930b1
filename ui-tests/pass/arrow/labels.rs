//! Labels on loops and blocks, and values that leave them, received and sent.
#![deny(warnings)]
#![allow(clippy::never_loop)]

use chango::prelude::*;

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(16);
        for i in 0..10 { tx <- i }
        let zero = 'block: { break 'block <-rx };
        let one = loop { break <-rx };
        let sent = 'outer: loop { loop { break 'outer tx <- 10 } };
        assert_eq!((zero, one, sent.is_ok()), (Some(0), Some(1), true));
        let mut turns = Vec::new();
        'rows: for a in <-rx {
            'columns: for b in <-rx {
                turns.push((a, b));
                if b == 3 { continue 'columns }
                if b == 4 { continue 'rows }
                if b == 6 { break 'rows }
            }
        }
        assert_eq!(turns, [(2, 3), (2, 4), (5, 6)]);
        let mut left = 0;
        'all: while let Some(v) = <-rx {
            left += 1;
            match v {
                10 => break 'all,
                _ => continue 'all,
            }
        }
        assert_eq!(left, 4);
        let named = 'go: {
            if rx.is_empty() { break 'go (<-go! { 5 }).unwrap() }
            6
        };
        assert_eq!(named, 5);
        let negative = 'n: { if left < -1 { break 'n -1 } else { break 'n -(<-go! { 7 }).unwrap() } };
        assert_eq!(negative, -7);
    }
}
