//! Every kind of arm.
#![deny(warnings)]

use chango::prelude::*;

async fn read(buffer: &mut [u8]) -> usize {
    buffer[0] = 7;
    buffer.len()
}

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(1);
        let got = select! {
            v = <-rx => v.unwrap(),
            tx <- 1 => -1,
        };
        assert_eq!(got, -1);
        let got = select! {
            v = <-rx => v.unwrap(),
            tx <- 1 => -1,
        };
        assert_eq!(got, 1);
        select! { sent = tx <- 2 => sent.unwrap() }
        select! { <-rx => {} }
        let mut buffer = [0; 4];
        let n = select! {
            n = read(&mut buffer) => n + usize::from(buffer[0]),
            <-rx => 0,
        };
        assert_eq!(n, 11);
        let handle = go! { "joined" };
        let joined = select! {
            result = <-handle => result.unwrap(),
            <-after(Duration::from_secs(60)) => "late",
        };
        assert_eq!(joined, "joined");
        let slow = select! {
            _ = async { select! {} } => "never",
            _ = sleep(Duration::from_millis(1)) => "slept",
        };
        assert_eq!(slow, "slept");
        let nested = select! {
            v = async { select! { tx <- 5 => <-rx } } => v,
        };
        assert_eq!(nested, Some(5));
    }
}
