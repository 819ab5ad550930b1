//! The bodies of arms: blocks and expressions, with and without commas, with arrows in them.
#![deny(warnings)]

use chango::prelude::*;

#[derive(Debug, PartialEq)]
struct Got {
    v: Option<i32>,
}

async fn turn(n: i32, tx: &Sender<i32>, rx: &Receiver<i32>) -> Result<Got, String> {
    let mut turns = 0;
    let got = 'all: loop {
        turns += 1;
        select! {
            _ = async {}, if n == 0 => break 'all <-rx,
            _ = async {}, if n == 1 => {
                tx <- 1;
                continue 'all;
            }
            _ = async {}, if n == 2 => return Err((<-rx).ok_or("closed")?.to_string()),
            _ = async {}, if n == 3 => tx <- 3,
            _ = async {}, if n == 4 => if turns == 1 { tx <- 4 } else { break None }
            _ = async {}, if n == 5 => match <-rx { None => {} v => break v }
            _ = async {}, if n == 6 => for _ in 0..2 { tx <- 6 }
            _ = async {}, if n == 7 => { tx <- 7 }.clone_from(&()),
            _ = async {}, if n == 8 => const { assert!(1 > -1) }
            _ = async {}, if n == 9 => assert_eq!((tx <- 9).map_err(|error| error.to_string())?, ()),
            _ = async {}, if n == 10 => assert!(async { tx <- 10; <-rx }.await.is_some()),
            _ = async {}, if n == 11 => (|| ())(),
            _ = async {}, if n == 12 => turns = -(<-rx).unwrap_or(1),
            _ = async {}, if n == 13 => { go! { clone tx; tx <- 13 } <-rx; }
            _ = async {}, if n == 14 => return Ok(Got { v: <-rx }),
            else => break Some(99)
        }
        if tx.is_full() || turns > 2 || turns < -1 {
            break Some(turns);
        }
    };
    Ok(Got { v: got })
}

fn main() {
    run! {
        let mut all = Vec::new();
        for n in 0..16 {
            let (tx, rx) = bounded(3);
            if n % 2 == 0 || n == 5 { tx <- -n } else if n == 1 { continue }
            all.push(turn(n, &tx, &rx).await.map(|got| got.v.unwrap_or(-99)).unwrap_or_else(|text| text.parse().unwrap()));
        }
        assert_eq!(all, [0, -2, 3, -99, -5, 1, 3, 3, 3, 3, 3, 12, 3, -14, 99]);
    }
}
