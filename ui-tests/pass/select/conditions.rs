//! Guards: any condition, with patterns and arrows, evaluated once.
#![deny(warnings)]

use chango::prelude::*;

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(4);
        for i in 0..4 { tx <- i }
        let (mut asked, some, less) = (0, Some(1), -2);
        let mut ask = |on: bool| { asked += 1; on };
        let got = select! {
            biased;
            _ = async { 0 }, if ask(false) => None,
            v = <-rx, if let Some(n) = some && n == 1 && less < -1 && ask(true) => v,
            _ = async { 1 }, if ask(true) => None,
        };
        assert_eq!((got, asked), (Some(0), 3));
        let got = select! {
            _ = async {}, if (<-rx).is_none() => unreachable!(),
            v = <-rx, if let Some(2) = <-rx => v,
        };
        assert_eq!(got, Some(3));
        let got = select! {
            tx <- 4, if (tx <- 5).is_err() => 1,
            tx <- 6, if { tx <- 7; false } => 2,
            tx <- 8, if tx.len() > 2 || !rx.is_full() && matches!(some, Some(2)) => 3,
            _ = async {}, if { let n = 5; n } == 6 => 4,
            else => rx.len(),
        };
        assert_eq!((got, <-rx, <-rx), (2, Some(5), Some(7)));
        struct Limits { n: i32 }
        let limits = Limits { n: 3 };
        let got = select! {
            v = async { 1 }, if (Limits { n: 4 }).n < limits.n => v,
            v = async { 2 }, if match limits { Limits { n: 3 } => true, _ => false } => v,
        };
        assert_eq!(got, 2);
    }
}
