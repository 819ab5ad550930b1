//! Guards switch arms off before their operands are evaluated; `else` is for when all are off.
#![deny(warnings)]

use chango::prelude::*;

fn untouched() -> Receiver<i32> {
    panic!("this operand belongs to an arm that is off")
}

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(1);
        tx <- 1;
        let (on, off) = (true, false);
        let got = select! {
            v = <-untouched(), if off => v,
            v = <-rx, if on && rx.len() == 1 => v,
        };
        assert_eq!(got, Some(1));
        let got = select! {
            v = <-untouched(), if off => v.is_some(),
            tx <- 2, if !on => true,
            else => false,
        };
        assert!(!got);
        let got = select! {
            v = <-untouched(), if off => v,
            default => Some(3),
        };
        assert_eq!(got, Some(3));
        assert_eq!(select! { else => 4 }, 4);
        assert_eq!(select! { default => 5 }, 5);
    }
}
