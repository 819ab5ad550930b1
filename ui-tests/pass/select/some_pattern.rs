//! `Some(p)` takes an arm out of the select where the channel is closed.
#![deny(warnings)]

use chango::prelude::*;

fn main() {
    run! {
        let (tx, closed) = bounded::<i32>(1);
        drop(tx);
        let (tx, rx) = bounded::<(i32, i32)>(1);
        tx <- (1, 2);
        let got = select! {
            biased;
            Some(v) = <-closed => v,
            Some((a, b)) = <-rx => a + b,
        };
        assert_eq!(got, 3);
        drop(tx);
        let got = select! {
            Some(v) = <-closed => v,
            Some((a, _)) = <-rx.clone() => a,
            Some(v) = async { None } => v,
            else => -1,
        };
        assert_eq!(got, -1);
    }
    let disabled = std::panic::catch_unwind(|| {
        run! {
            let (_, rx) = bounded::<i32>(1);
            select! { Some(v) = <-rx => println!("{v}") }
        }
    });
    assert!(disabled.is_err());
}
