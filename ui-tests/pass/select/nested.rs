//! Selects inside selects: in operands, guards, values, futures and bodies, and around loops.
#![deny(warnings)]

use chango::prelude::*;

async fn inner(rx: &Receiver<i32>) -> Option<i32> {
    select! { v = <-rx => v, default => select! { else => Some(-1) } }
}

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(2);
        let got = select! {
            v = inner(&rx), if select! { default => true } => select! {
                tx <- v.unwrap() => select! { v = <-rx => v, }
            },
        };
        assert_eq!(got, Some(-1));
        select! { tx <- select! { default => 1, } => select! { tx <- 2 => {} } }
        select! { v = <-select! { default => &rx } => assert_eq!(v, Some(1)) }
        let v = select! {
            v = async { select! { v = async { select! { v = <-rx => v } } => v } } => v,
        };
        assert_eq!(v, Some(2));
        let (mut sent, mut received) = (0, Vec::new());
        'outer: loop {
            select! {
                tx <- sent, if sent < 3 => sent += 1,
                Some(v) = <-rx => {
                    loop {
                        select! {
                            default => {
                                received.push(v);
                                if v == 2 { break 'outer }
                                continue 'outer;
                            }
                        }
                    }
                }
            }
        }
        assert_eq!(received, [0, 1, 2]);
        let mut spawned = Vec::new();
        for n in 0..3 {
            spawned.push(go! { clone tx, rx; select! { tx <- n => select! { v = <-rx => v } } });
        }
        let mut sum = 0;
        for handle in spawned { sum += (<-handle).unwrap().unwrap() }
        assert_eq!(sum, 3);
    }
}
