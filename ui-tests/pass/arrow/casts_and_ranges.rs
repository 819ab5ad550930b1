//! Arrows beside casts and ranges.
#![deny(warnings)]

use chango::prelude::*;

type Sending<T> = Sender<T>;

fn main() {
    run! {
        let (tx, rx) = bounded::<u8>(8);
        tx <- 300_i32 as u8;
        tx <- 'a' as u32 as u8 + 1;
        &tx as &Sending<u8> <- 7;
        assert_eq!((<-rx).unwrap() as i32 + 1, 45);
        assert_eq!((<-&rx as Option<u8>).map(char::from), Some('b'));
        assert_eq!(<-rx as Option<u8>, Some(7));

        for i in 0..3 { tx <- i; }
        let sum: u8 = (<-rx..<-rx).start.into_iter().sum::<u8>() + ((<-rx).unwrap()..10).len() as u8;
        assert_eq!(sum, 8);
        for i in 0..if tx.is_empty() { 2 } else { 0 } { tx <- i }
        let range = (<-rx).unwrap()..=(<-rx).unwrap();
        assert_eq!(range, 0..=1);

        let (ranges, rx) = bounded(1);
        ranges <- 1..3;
        assert_eq!((<-rx).unwrap().sum::<i32>(), 3);
        let (ranges, rx) = bounded(1);
        ranges <- ..;
        assert_eq!(<-rx, Some(..));
        let (ranges, rx) = bounded(3);
        ranges <- ..=-1;
        ranges <- ..=2 - 1;
        assert_eq!([<-rx, <-rx], [Some(..=-1), Some(..=1)]);
        let (ranges, rx) = bounded(1);
        ranges <- -1..;
        assert_eq!(<-rx, Some(-1..));
        let (a, b) = (5_u64, 2_u64);
        assert!(a <<b == 20 && (a as i64) < -1 + 7);
    }
}
