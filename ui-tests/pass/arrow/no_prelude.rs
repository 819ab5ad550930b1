//! The macros need no prelude of std's.
#![no_implicit_prelude]
#![deny(warnings)]

use ::chango::prelude::*;

async fn one(rx: &Receiver<u8>) -> u8 {
    co! {
        for v in <-rx { return v }
        0
    }
}

fn add(a: u8, b: u8) -> u8 {
    a + b
}

#[::chango::main(workers = 1)]
async fn main() {
    let (tx, rx) = bounded::<u8>(2);
    co! {
        tx <- 1;
        let sent = tx <- 2;
        ::std::assert!(sent.is_ok());
        ::std::assert_eq!((<-rx).unwrap() + one(&rx).await, 3);
        go! { clone tx, rx; tx <- 3; <-rx }.await.unwrap();
        let called = go!(add(1, 2));
        ::std::assert_eq!((<-called).unwrap(), 3);
        let mut lent = 4;
        let got = select! {
            v = <-rx => v.unwrap(),
            tx <- mut lent => 0,
            <-after(Duration::from_secs(60)) => 1,
            _ = async {} , if lent == 0 => 2,
        };
        lent = got;
        select! { tx <- lent => {} else => {} }
        select! { v = <-rx => ::std::assert!(v.is_some()), default => {} }
    }
}
