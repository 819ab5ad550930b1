//! Comparisons with negative numbers, shifts and generic arguments stay what they are.
#![deny(warnings)]

use chango::prelude::*;

struct At<const N: i32>;

impl<const N: i32> At<N> {
    const VALUE: i32 = N;

    fn get<const M: i32>(&self) -> i32 {
        N + M
    }
}

fn of<const N: i32>() -> i32 {
    N
}

fn main() {
    run! {
        let (a, n) = (1_i32, -2_i32);
        assert!(!(a < -1));
        assert!(!(a < - 1));
        assert_eq!(1 <<-n, 4);
        assert_eq!(of::<-1>(), -1);
        let at: At<-3> = At;
        assert_eq!(at.get::<-1>(), -4);
        assert_eq!(At::<-5>::VALUE, -5);
        assert_eq!(<At<-6>>::VALUE, -6);
        let (tx, rx) = bounded::<i32>(1);
        tx <-1;
        assert_eq!(<-rx, Some(1));
        tx<- -1;
        assert_eq!((<-rx).unwrap() as u8, 255);
        tx <- a as i32 - 3;
        assert!((<-rx).unwrap() < -1);
        tx <- if a < 2 { (0..3).sum() } else { 0 };
        assert_eq!(<-rx, Some(3));
    }
}
