//! Receive binds as Rust's unary operators do, send binds weakest of all.
#![deny(warnings)]
#![allow(clippy::precedence, clippy::identity_op, clippy::int_plus_one)]

use std::ops::{Add, Neg, Not};

use chango::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq)]
struct N(i32);

impl Add for N {
    type Output = N;
    fn add(self, other: N) -> N { N(self.0 + other.0) }
}
impl Neg for N {
    type Output = N;
    fn neg(self) -> N { N(-self.0) }
}
impl Not for N {
    type Output = Receiver<i32>;
    fn not(self) -> Receiver<i32> {
        let (tx, rx) = bounded(1);
        tx.try_send(self.0).unwrap();
        rx
    }
}

fn main() {
    run! {
        let ticks = [tick(Duration::from_millis(1)), tick(Duration::from_millis(1))];
        let (first, second) = (<-ticks[0], <-ticks[0]);
        assert!(<-ticks[1] - first < Duration::from_secs(60) && first < second || <-ticks[0] > first);
        assert_eq!(<-!N(5), Some(5));
        assert_eq!(<-!-N(5), Some(-5));
        assert_eq!(<-!(N(5) + -N(3)), Some(2));
        assert_eq!(-(<-!N(1)).unwrap() - -(<-!N(3)).unwrap(), 2);
        let (tx, rx) = bounded::<i32>(8);
        let (mut a, b) = (3, 4);
        tx <- a + b * 2;
        tx <- a << 1 | b;
        tx <- -a;
        tx <- if a < b && !(a > b) || a == b { a } else { b };
        assert_eq!([<-rx, <-rx, <-rx, <-rx], [Some(11), Some(6), Some(-3), Some(3)]);
        a = { tx <- a; (<-rx).unwrap() + 1 };
        a += (<-!N(a)).unwrap();
        a = -a;
        assert_eq!(a, -8);
        let (bools, rx) = bounded::<bool>(4);
        bools <- a == -8 && b > a || b <= -1;
        bools <- !(a < -9);
        assert!((<-rx == Some(true)) & (<-rx != Some(false)) ^ false);
        let (units, rx) = bounded(1);
        units <- a = 5;
        assert_eq!((<-rx, a), (Some(()), 5));
        let (closures, rx) = bounded(1);
        closures <- move |n| n + a;
        assert_eq!((<-rx).unwrap()(1), 6);
    }
}
