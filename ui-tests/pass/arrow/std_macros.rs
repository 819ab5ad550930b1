//! The arguments of std's expression macros are looked into.
#![deny(warnings)]

use std::fmt::Write as _;

use chango::prelude::*;

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(8);
        for i in 0..8 {
            tx <- i;
        }
        assert_eq!(<-rx, Some(0));
        assert!(matches!(<-rx, Some(v) if v == 1));
        assert_eq!(format!("{:?} {n:?}", <-rx, n = <-rx), "Some(2) Some(3)");
        assert_eq!(vec![(<-rx).unwrap(), (<-rx).unwrap()], [4, 5]);
        let mut text = String::new();
        write!(text, "{}", (<-rx).unwrap_or(0)).unwrap();
        assert_eq!(text, "6", "after {:?}", <-rx);
        assert_ne!(std::format!("{:?}", (tx <- 9)), "");
        println!("{:?}", tx <- 10);
    }
}
