//! `for v in <-rx`: labels, patterns, `break` and `continue`, and an operand evaluated once.
#![deny(warnings)]

use chango::prelude::*;

fn main() {
    run! {
        let mut made = 0;
        let mut make = || {
            made += 1;
            let (tx, rx) = bounded::<(u32, char)>(3);
            for pair in [(1, 'a'), (2, 'b'), (3, 'c')] {
                tx.try_send(pair).unwrap();
            }
            rx
        };
        let mut seen = String::new();
        for (n, letter) in <-make() {
            if n == 2 {
                continue;
            }
            seen.push(letter);
        }
        assert_eq!((seen.as_str(), made), ("ac", 1));

        let (tx, rx) = bounded::<u32>(4);
        for i in 0..4 {
            tx <- i;
        }
        let mut count = 0;
        'outer: for v in <-rx {
            loop {
                count += 1;
                if v < 2 {
                    continue 'outer;
                }
                break 'outer;
            }
        }
        assert_eq!((count, <-rx), (3, Some(3)));

        let (tx, rx) = bounded::<u32>(4);
        let (evens, even) = bounded::<u32>(4);
        for i in 0..4 { tx <- i; }
        drop(tx);
        for v in <-rx { if v % 2 == 0 { evens <- v; } }
        assert_eq!(even.len(), 2);

        let ticker = tick(Duration::from_millis(1));
        let mut ticks = Vec::new();
        for at in <-ticker {
            ticks.push(at);
            if ticks.len() == 3 {
                break;
            }
        }
        assert!(ticks.is_sorted());
    }
}
