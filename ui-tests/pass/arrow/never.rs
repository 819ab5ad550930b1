//! What never comes to be: diverging values, operands and channels of them.
#![deny(warnings)]
#![allow(unreachable_code, reason = "as around a method call")]

use std::convert::Infallible;

use chango::prelude::*;

async fn left(tx: &Sender<i32>, by: u8) -> Result<i32, String> {
    loop {
        co! {
            match by {
                0 => tx <- return Ok(0),
                1 => tx <- break,
                2 => tx <- Err("two".to_string())?,
                3 => tx <- { return Ok(3) },
                4 => (if by == 4 { return Ok(4) } else { tx }) <- 1,
                5 => { let _ = tx <- return Ok(5); }
                _ => drop(<-(loop { break tx_of(tx)?.1 })),
            }
        }
    }
    Ok(-1)
}

fn tx_of(tx: &Sender<i32>) -> Result<(&Sender<i32>, Receiver<i32>), String> {
    Err(format!("{} senders", tx.sender_count()))
}

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(1);
        let mut got = Vec::new();
        for by in 0..7 { got.push(left(&tx, by).await.map_err(|error| error.len())); }
        assert_eq!(got, [Ok(0), Ok(-1), Err(3), Ok(3), Ok(4), Ok(5), Err(9)]);
        assert!(rx.is_empty());
        let (tx, rx) = bounded::<Infallible>(1);
        drop(tx);
        match <-rx {
            Some(never) => match never {},
            None => {}
        }
        for never in <-rx { match never {} }
        let aborted = go! { <-None::<Receiver<Infallible>> };
        aborted.abort();
        assert!((<-aborted).is_err_and(|error| error.is_aborted()));
        let panicked = go! { tx_of(&bounded(1).0).unwrap().0 <- todo!("{}", 1) };
        assert!((<-panicked).is_err_and(|error| error.is_panic()));
    }
}
