//! Arrows around what `macro_rules` variables stand for.
#![deny(warnings)]

use chango::prelude::*;

macro_rules! twice {
    ($channel:expr) => {
        co! { [<-$channel, <-$channel] }
    };
}

macro_rules! send_sum {
    ($tx:expr, $a:expr, $b:expr) => {
        co! { $tx <- $a * $b }
    };
}

macro_rules! statements {
    ([$($statement:stmt;)*] $last:expr) => {
        co! { $($statement;)* <-$last }
    };
}

struct Pair {
    tx: Sender<i32>,
    rx: Receiver<i32>,
}

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(4);
        let pair = Pair { tx, rx };
        send_sum!(pair.tx, 1 + 2, 3 + 4);
        send_sum!(&pair.tx, 2, 2);
        assert_eq!(twice!(pair.rx), [Some(21), Some(4)]);
        let got = statements!([let x = 5; pair.tx.try_send(x).unwrap();] pair.rx);
        assert_eq!(got, Some(5));
    }
}
